// SPDX-License-Identifier: Apache-2.0
#include "net/tls_channel.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstring>

#include "base/check.h"

namespace penstock::net {
namespace {

// A socket BIO of our own: OpenSSL's writes with write(), which raises SIGPIPE.
int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const auto got = ::recv(socket_of(bio), into, static_cast<std::size_t>(size), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
  BIO_meth_set_write(method, bio_write);
  BIO_meth_set_read(method, bio_read);
  BIO_meth_set_ctrl(method, bio_control);
  BIO_meth_set_create(method, bio_create);
  return method;
}

void attach(SSL* ssl, int socket) {
  static BIO_METHOD* const kMethod = make_method();
  BIO* bio = BIO_new(kMethod);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  SSL_set_bio(ssl, bio, bio);
}

int channel_index() {
  static const int kIndex = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

bool is_address(const std::string& name) {
  boost::system::error_code error;
  boost::asio::ip::make_address(name, error);
  return !error;
}

bool set_names(SSL* ssl, const TlsAsk& ask) {
  if (ask.name.empty()) return true;
  if (is_address(ask.name)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), ask.name.c_str()) == 1;
  // No common name without a subjectAltName (RFC 6125 §6.4.4, RFC 8461 §4.1).
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  bool good = SSL_set_tlsext_host_name(ssl, ask.name.c_str()) == 1 && SSL_set1_host(ssl, ask.name.c_str()) == 1;
  for (const std::string& more : ask.more_names) good = good && SSL_add1_host(ssl, more.c_str()) == 1;
  return good;
}

bool set_tlsa(SSL* ssl, const TlsAsk& ask) {
  if (ask.tlsa.empty()) return true;
  if (SSL_dane_enable(ssl, ask.name.c_str()) != 1) return false;
  int usable = 0;
  for (const TlsaData& record : ask.tlsa) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(record.bytes.data());
    usable += SSL_dane_tlsa_add(ssl, record.usage, record.selector, record.matching, bytes, record.bytes.size()) == 1;
  }
  ERR_clear_error();
  return usable > 0;
}

}  // namespace

void FreeTlsSession::operator()(ssl_session_st* session) const {
  SSL_SESSION_free(session);
}

TlsChannel::TlsChannel(TlsContextPtr context, ssl_st* ssl, TlsAsk ask)
    : context_(std::move(context)), ssl_(ssl), ask_(std::move(ask)) {
  SSL_set_ex_data(ssl_, channel_index(), this);
}

TlsChannel::~TlsChannel() {
  // Without this a link that ended without a goodbye would take its session with it.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

std::unique_ptr<TlsChannel> TlsChannel::for_client(TlsContextPtr context, int socket, TlsAsk ask) {
  SSL* ssl = SSL_new(context->native());
  PENSTOCK_CHECK(ssl != nullptr);
  std::unique_ptr<TlsChannel> made(new TlsChannel(std::move(context), ssl, std::move(ask)));
  const TlsAsk& wanted = made->ask_;
  attach(ssl, socket);
  SSL_set_connect_state(ssl);
  if (!set_tlsa(ssl, wanted) || !set_names(ssl, wanted)) return nullptr;
  SSL_set_verify(ssl, wanted.must_verify || !wanted.tlsa.empty() ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (wanted.sessions != nullptr) {
    if (ssl_session_st* known = wanted.sessions->find(wanted.session_key)) SSL_set_session(ssl, known);
  }
  return made;
}

std::unique_ptr<TlsChannel> TlsChannel::for_server(TlsContextPtr context, int socket) {
  SSL* ssl = SSL_new(context->native());
  PENSTOCK_CHECK(ssl != nullptr);
  std::unique_ptr<TlsChannel> made(new TlsChannel(std::move(context), ssl, {}));
  attach(ssl, socket);
  SSL_set_accept_state(ssl);
  return made;
}

int TlsChannel::keep_session(ssl_st* ssl, ssl_session_st* session) {
  auto* channel = static_cast<TlsChannel*>(SSL_get_ex_data(ssl, channel_index()));
  if (channel == nullptr || channel->ask_.sessions == nullptr) return 0;
  channel->ask_.sessions->put(channel->ask_.session_key, TlsSession(session));
  return 1;  // the reference is ours
}

TlsChannel::Moved TlsChannel::explain(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ: return {0, Wait::Read, false, {}};
    case SSL_ERROR_WANT_WRITE: return {0, Wait::Write, false, {}};
    case SSL_ERROR_ZERO_RETURN: return {0, Wait::Nothing, true, {}};
    case SSL_ERROR_SYSCALL:
      if (errno == 0 || ERR_peek_error() != 0) break;
      return {0, Wait::Nothing, false, std::strerror(errno)};
    default: break;
  }
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return {0, Wait::Nothing, true, {}};
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return {0, Wait::Nothing, false,
            std::string("certificate refused: ") + X509_verify_cert_error_string(SSL_get_verify_result(ssl_))};
  }
  const char* reason = ERR_reason_error_string(code);
  return {0, Wait::Nothing, false, reason != nullptr ? reason : "TLS trouble"};
}

TlsChannel::Moved TlsChannel::shake_hands() {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_);
  return result == 1 ? Moved{} : explain(result);
}

TlsChannel::Moved TlsChannel::read(std::span<char> into) {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_read(ssl_, into.data(), static_cast<int>(std::min<std::size_t>(into.size(), 1U << 30U)));
  return result > 0 ? Moved{static_cast<std::size_t>(result), Wait::Nothing, false, {}} : explain(result);
}

TlsChannel::Moved TlsChannel::write(std::string_view bytes) {
  ERR_clear_error();
  errno = 0;
  const int result = SSL_write(ssl_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 30U)));
  return result > 0 ? Moved{static_cast<std::size_t>(result), Wait::Nothing, false, {}} : explain(result);
}

void TlsChannel::say_goodbye() {
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_) != 0) SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::size_t TlsChannel::pending() const {
  return static_cast<std::size_t>(SSL_pending(ssl_));
}

bool TlsChannel::quiet() {
  char byte = 0;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_peek(ssl_, &byte, 1);
  return result <= 0 && explain(result).wait == Wait::Read;
}

TlsFacts TlsChannel::facts() const {
  TlsFacts facts;
  facts.protocol = SSL_get_version(ssl_);
  facts.cipher = SSL_get_cipher_name(ssl_);
  facts.resumed = SSL_session_reused(ssl_) == 1;
  if (SSL_get0_peer_certificate(ssl_) == nullptr) return facts;
  const long verdict = SSL_get_verify_result(ssl_);
  facts.verified = verdict == X509_V_OK ? "yes" : X509_verify_cert_error_string(verdict);
  return facts;
}

}  // namespace penstock::net
