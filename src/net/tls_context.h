// SPDX-License-Identifier: Apache-2.0
// TlsContext: what all TLS connections of one kind share: trust anchors and versions, or certificate and key.
//
// TLS 1.2 and later, no renegotiation, no compression. Making one for a client reads the machine's certificate bundle
// (about 70 ms): make one and share it. A server's reads its key once; a renewed certificate needs another context.
// Ownership: std::shared_ptr<const TlsContext>; every stream that uses it holds a share.   Threads: const, any.
// Errors: what file it was and what OpenSSL says of it, never what is in it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;

namespace penstock::net {

struct TlsServerFiles {
  std::string certificate;  // PEM: the certificate, then those between it and a root
  std::string key;          // PEM, not encrypted; read as base/secret_file.h says
  std::string client_ca;    // PEM; not empty: clients are asked for a certificate, which is verified if given
};

class TlsContext {
 public:
  // `ca_file` (PEM) instead of the system's trust anchors; "": the system's.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> client(const std::string& ca_file);
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> server(const TlsServerFiles& files);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] ssl_ctx_st* native() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

using TlsContextPtr = std::shared_ptr<const TlsContext>;

}  // namespace penstock::net
