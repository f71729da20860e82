// SPDX-License-Identifier: Apache-2.0
// AUTH of the client session (RFC 4954).
#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "smtp/client_session.h"

namespace penstock::smtp {

using model::OutcomeClass;
using model::Step;

void ClientSession::start_auth(std::string_view mechanism, const std::optional<std::string>& initial_response) {
  PENSTOCK_CHECK(phase_ == Phase::SignIn && !auth_challenge_);
  std::string argument(mechanism);
  // An empty one is written "=" (§4); a line without any means that the server speaks first.
  if (initial_response) argument += " " + (initial_response->empty() ? "=" : encode_base64(*initial_response));
  start_command("AUTH ", argument, Phase::Auth, Step::Auth);
}

void ClientSession::respond_auth(std::string_view response) {
  PENSTOCK_CHECK(phase_ == Phase::SignIn && auth_challenge_);
  auth_challenge_.reset();
  start_command(encode_base64(response), {}, Phase::Auth, Step::Auth);
}

void ClientSession::give_up_auth(std::string_view words) {
  PENSTOCK_CHECK(phase_ == Phase::SignIn || (phase_ == Phase::Idle && signed_in_ && transactions_ == 0));
  model::Reply reply;
  reply.enhanced = {4, 7, 0};
  append_clean_text(reply.text, words);
  // In the middle of an exchange a server would take QUIT for a response.
  if (std::exchange(auth_challenge_, std::nullopt)) return fail(OutcomeClass::Authentication, std::move(reply));
  fail_auth(std::move(reply));
}

void ClientSession::on_auth_reply() {
  if (reply_.code == 334) {
    auto challenge = decode_base64(reply_.text);
    if (!challenge) return fail_protocol("a challenge of AUTH that is no base64");
    auth_challenge_ = std::move(*challenge);
    phase_ = Phase::SignIn;
    return;
  }
  if (reply_.positive()) {
    signed_in_ = true;
    phase_ = Phase::Idle;
    return;
  }
  if (reply_.intermediate()) return fail_misfit();
  fail_auth(reply_);
}

void ClientSession::fail_auth(model::Reply reply) {
  failure_ = model::Outcome{model::OutcomeKind::Deferred, Step::Auth, OutcomeClass::Authentication, std::move(reply)};
  start_command("QUIT", {}, Phase::Quit, Step::Quit);
}

}  // namespace penstock::smtp
