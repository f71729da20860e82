// SPDX-License-Identifier: Apache-2.0
// TlsChannel: the TLS of one stream, on its socket. Private to Stream, which waits where this says so.
//
// Reads and writes the socket itself, without blocking; nothing is buffered in between. What Stream's caller sees is in
// TlsFacts.   Threads: the stream's shard.   Errors: Moved::error with OpenSSL's words; no secrets are in them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/tls_context.h"
#include "net/tls_sessions.h"

struct ssl_st;

namespace penstock::net {

// A TLSA record (RFC 6698): usage 2 (DANE-TA) or 3 (DANE-EE); others are of no use for SMTP (RFC 7672 §3.1.3).
struct TlsaData {
  std::uint8_t usage = 3, selector = 1, matching = 1;
  std::string bytes;
};

// What our side of a client's handshake wants.
struct TlsAsk {
  std::string name;  // of the server: sent as SNI (unless it is an address) and looked for in its certificate
  std::vector<std::string> more_names;  // that are as good
  bool must_verify = false;             // else the verification is done and told, and nothing follows from it
  // Not empty: the certificate must match one of these, and trust anchors play no part. Deliveries give none yet.
  std::vector<TlsaData> tlsa;
  TlsSessions* sessions = nullptr;  // nullptr: always a full handshake; must outlive the stream
  std::string session_key;
};

struct TlsFacts {
  std::string protocol;  // "TLSv1.3"
  std::string cipher;    // "TLS_AES_256_GCM_SHA384"
  std::string verified;  // "yes", or why not: "certificate has expired"; "" when the peer showed none
  bool resumed = false;
};

class TlsChannel {
 public:
  enum class Wait : std::uint8_t { Nothing, Read, Write };
  struct Moved {
    std::size_t bytes = 0;
    Wait wait = Wait::Nothing;  // try again when the socket can be read or written
    bool closed = false;
    std::string error;
  };

  // nullptr when `ask` cannot be used, for instance no TLSA record can.
  static std::unique_ptr<TlsChannel> for_client(TlsContextPtr context, int socket, TlsAsk ask);
  static std::unique_ptr<TlsChannel> for_server(TlsContextPtr context, int socket);
  ~TlsChannel();
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  [[nodiscard]] Moved shake_hands();
  [[nodiscard]] Moved read(std::span<char> into);
  // Some of the bytes; after a Wait the same bytes again.
  [[nodiscard]] Moved write(std::string_view bytes);
  // Says that we write no more; best effort.
  void say_goodbye();
  // Bytes decrypted and not yet read.
  [[nodiscard]] std::size_t pending() const;
  // Nothing to read and not closed. Handles what is no data (tickets).
  [[nodiscard]] bool quiet();
  [[nodiscard]] TlsFacts facts() const;

 private:
  TlsChannel(TlsContextPtr context, ssl_st* ssl, TlsAsk ask);
  [[nodiscard]] Moved explain(int result);
  static int keep_session(ssl_st* ssl, ssl_session_st* session);
  friend class TlsContext;

  const TlsContextPtr context_;
  ssl_st* const ssl_;
  const TlsAsk ask_;
};

}  // namespace penstock::net
