// SPDX-License-Identifier: Apache-2.0
// AUTH and what follows it (RFC 4954 §4): lines of base64 either way, until somebody has signed in or one side gives
// up.
#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/check.h"
#include "smtp/server_session.h"

namespace penstock::smtp {
namespace {

using model::Step;

// Overwrites: it may be a password.
void forget(std::optional<std::string>& response) {
  if (response) response->assign(response->size(), '\0');
  response.reset();
}

}  // namespace

bool ServerSession::offers_mechanism(std::string_view name) const {
  std::string_view offered = options_.offers.auth;
  while (!offered.empty()) {
    const std::string_view word = offered.substr(0, offered.find(' '));
    if (ascii::equal_ignoring_case(word, name)) return true;
    offered.remove_prefix(std::min(word.size() + 1, offered.size()));
  }
  return false;
}

void ServerSession::on_auth(std::string_view argument) {
  if (options_.offers.auth.empty()) return refuse_it(Step::Auth, {502, {5, 5, 1}, "not offered"});
  if (!tls_ && !options_.offers.auth_in_clear) {
    return refuse_it(Step::Auth, {538, {5, 7, 11}, "only on an encrypted connection: STARTTLS first"});
  }
  if (!extended_) return refuse_it(Step::Auth, {503, {5, 5, 1}, "say EHLO first"});
  if (!user_.empty()) return refuse_it(Step::Auth, {503, {5, 5, 1}, "you have signed in"});
  if (has_sender_) return refuse_it(Step::Auth, {503, {5, 5, 1}, "not within a transaction"});
  const std::string_view name = argument.substr(0, argument.find(' '));
  const std::string_view response = ascii::trim(argument.substr(name.size()));
  if (name.empty()) return refuse_it(Step::Auth, {501, {5, 5, 4}, "say AUTH and a mechanism"});
  if (!offers_mechanism(name)) return refuse_it(Step::Auth, {504, {5, 5, 4}, "mechanism not offered"});
  if (!check_synchronised()) return;
  forget(auth_response_);
  if (response == "=") {
    auth_response_.emplace();
  } else if (!response.empty()) {
    auth_response_ = decode_base64(response);
    if (!auth_response_) return refuse_it(Step::Auth, {501, {5, 5, 2}, "that is no base64"});
  }
  auth_mechanism_.clear();
  for (const char c : name) auth_mechanism_ += ascii::to_upper(c);
  awaited_ = Awaited::Auth;
}

void ServerSession::on_auth_response(std::string_view line) {
  if (line == "*") {
    end_auth();
    return refuse_it(Step::Auth, {501, {5, 7, 0}, "given up as you wish"});
  }
  auto decoded = decode_base64(line);
  if (!decoded) {
    end_auth();
    return refuse_it(Step::Auth, {501, {5, 5, 2}, "that is no base64"});
  }
  if (!check_synchronised()) return;
  auth_response_ = std::move(*decoded);
  awaited_ = Awaited::Auth;
}

void ServerSession::challenge(std::string_view text) {
  PENSTOCK_CHECK(std::exchange(awaited_, Awaited::Nothing) == Awaited::Auth);
  forget(auth_response_);
  phase_ = Phase::Auth;
  output_.append("334 ").append(encode_base64(text)).append("\r\n");
}

void ServerSession::authenticated(std::string user) {
  PENSTOCK_CHECK(std::exchange(awaited_, Awaited::Nothing) == Awaited::Auth && !user.empty());
  end_auth();
  user_ = std::move(user);
  say("235 2.7.0 Welcome\r\n");
}

void ServerSession::end_auth() {
  forget(auth_response_);
  auth_mechanism_.clear();
  if (phase_ == Phase::Auth) phase_ = Phase::Commands;
}

}  // namespace penstock::smtp
