// SPDX-License-Identifier: Apache-2.0
#include "sasl/server_exchange.h"

#include <utility>

#include "base/base64.h"
#include "base/check.h"

namespace penstock::sasl {

ServerExchange::ServerExchange(Mechanism mechanism, std::string nonce)
    : mechanism_(mechanism), nonce_(std::move(nonce)) {}

ServerExchange::~ServerExchange() {
  wipe(password_);
}

Next ServerExchange::ask(std::string challenge, Awaits awaits) {
  challenge_ = std::move(challenge);
  awaits_ = awaits;
  return Next::Challenge;
}

Next ServerExchange::start(std::optional<std::string_view> initial_response) {
  PENSTOCK_CHECK(awaits_ == Awaits::Start);
  awaits_ = Awaits::First;
  if (initial_response) return on_response(*initial_response);
  return ask(mechanism_ == Mechanism::Login ? "Username:" : "", Awaits::First);
}

Next ServerExchange::on_response(std::string_view response) {
  const Awaits awaited = std::exchange(awaits_, Awaits::Nothing);
  if (response.size() > kMessageBytesMax) return Next::Malformed;
  switch (awaited) {
    case Awaits::First:
      if (mechanism_ == Mechanism::ScramSha256) return on_client_first(response);
      if (mechanism_ == Mechanism::Plain) return on_plain(response);
      if (response.empty() || response.find('\0') != std::string_view::npos) return Next::Malformed;
      user_ = response;
      return ask("Password:", Awaits::Password);
    case Awaits::Password:
      if (response.find('\0') != std::string_view::npos) return Next::Malformed;
      password_ = response;
      return Next::CheckPassword;
    case Awaits::Proof: return on_client_final(response);
    case Awaits::Acknowledgement: return response.empty() ? Next::Proved : Next::Malformed;
    case Awaits::Start:
    case Awaits::Nothing: break;
  }
  PENSTOCK_UNREACHABLE();
}

// [authzid] NUL authcid NUL passwd (RFC 4616 §2)
Next ServerExchange::on_plain(std::string_view response) {
  const std::size_t first = response.find('\0');
  const std::size_t second = first == std::string_view::npos ? first : response.find('\0', first + 1);
  if (second == std::string_view::npos || response.find('\0', second + 1) != std::string_view::npos) {
    return Next::Malformed;
  }
  const std::string_view authzid = response.substr(0, first);
  const std::string_view user = response.substr(first + 1, second - first - 1);
  const std::string_view password = response.substr(second + 1);
  if (user.empty()) return Next::Malformed;
  user_ = user;
  if (!authzid.empty() && authzid != user) return Next::Failed;
  password_ = password;
  return Next::CheckPassword;
}

Next ServerExchange::on_client_first(std::string_view response) {
  auto first = parse_client_first(response);
  if (!first) return Next::Malformed;
  first_ = std::move(*first);
  user_ = first_.user;
  if (!first_.authzid.empty() && first_.authzid != user_) return Next::Failed;
  return Next::FindUser;
}

Next ServerExchange::on_user(const Credentials& credentials) {
  PENSTOCK_CHECK(mechanism_ == Mechanism::ScramSha256 && !first_.nonce.empty() && server_first_.empty());
  stored_key_ = credentials.stored_key;
  server_key_ = credentials.server_key;
  server_first_ = format_server_first({first_.nonce + nonce_, credentials.scram_salt, credentials.iterations});
  return ask(server_first_, Awaits::Proof);
}

Next ServerExchange::on_client_final(std::string_view response) {
  const auto final = parse_client_final(response);
  if (!final) return Next::Malformed;
  if (final->channel_binding != first_.gs2_header || final->nonce != first_.nonce + nonce_) return Next::Failed;
  if (final->proof.size() != kDigestBytes || stored_key_.size() != kDigestBytes) return Next::Failed;
  const std::string message = first_.bare + "," + server_first_ + "," + final->without_proof;
  // RFC 5802 §3: whoever has the ClientKey whose hash we keep can make this proof.
  std::string client_key = exclusive_or(final->proof, hmac_sha256(stored_key_, message));
  const bool proved = equal_in_constant_time(sha256(client_key), stored_key_);
  wipe(client_key);
  if (!proved) return Next::Failed;
  return ask("v=" + encode_base64(hmac_sha256(server_key_, message)), Awaits::Acknowledgement);
}

}  // namespace penstock::sasl
