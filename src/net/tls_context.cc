// SPDX-License-Identifier: Apache-2.0
#include "net/tls_context.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>

#include "base/secret_file.h"
#include "net/tls_channel.h"

namespace penstock::net {
namespace {

std::string openssl_words() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_get_error();
  if (code == 0) return "unknown trouble";
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : text.data();
}

tl::unexpected<Error> file_trouble(const std::string& what, const std::string& file) {
  return fail(std::make_error_code(std::errc::invalid_argument), what + ' ' + file + ": " + openssl_words());
}

void set_common(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // A peer that closes without saying so loses nothing in SMTP, whose messages have an end of their own.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

// Never asks anybody for a passphrase.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

struct FreeText {
  void operator()(BIO* text) const { BIO_free(text); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

// The first private key of the file, which nobody else may be able to use.
Result<> use_key(SSL_CTX* context, const std::string& file) {
  auto pem = read_secret_file(file);
  if (!pem) return fail(std::make_error_code(std::errc::permission_denied), "TLS key " + pem.error());
  const std::unique_ptr<BIO, FreeText> text(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  const std::unique_ptr<EVP_PKEY, FreeKey> key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  OPENSSL_cleanse(pem->data(), pem->size());
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return file_trouble("TLS key", file);
  if (SSL_CTX_check_private_key(context) != 1) return file_trouble("TLS key", file);
  return {};
}

}  // namespace

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

Result<TlsContextPtr> TlsContext::client(const std::string& ca_file) {
  std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_client_method())));
  SSL_CTX* context = made->context_;
  set_common(context);
  SSL_CTX_dane_enable(context);
  SSL_CTX_dane_set_flags(context, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &TlsChannel::keep_session);
  ERR_clear_error();
  const int loaded =
      ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) : SSL_CTX_load_verify_file(context, ca_file.c_str());
  if (loaded != 1) return file_trouble("trust anchors", ca_file.empty() ? "of the system" : ca_file);
  return TlsContextPtr(made);
}

Result<TlsContextPtr> TlsContext::server(const TlsServerFiles& files) {
  std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* context = made->context_;
  set_common(context);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return file_trouble("TLS certificate", files.certificate);
  }
  if (auto used = use_key(context, files.key); !used) return fail(used.error());
  constexpr std::string_view kName = "penstock";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kName.data()), kName.size());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets carry what is needed
  if (files.client_ca.empty()) return TlsContextPtr(made);
  if (SSL_CTX_load_verify_file(context, files.client_ca.c_str()) != 1) {
    return file_trouble("authorities of clients", files.client_ca);
  }
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.client_ca.c_str()));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return TlsContextPtr(made);
}

}  // namespace penstock::net
