// SPDX-License-Identifier: Apache-2.0
// Signing in on an SMTP connection, and what the one who did may do.
#include <fmt/format.h>

#include "base/check.h"
#include "base/log.h"
#include "ingest/smtp_connection.h"
#include "net/deadline.h"

namespace penstock::ingest {
namespace {

// Failures on one connection; then it is closed.
constexpr std::uint32_t kFailuresMax = 3;
// How long one waits while others of its address are tried.
constexpr Duration kTurnMax{std::chrono::seconds{10}};
constexpr Duration kTurnPause{std::chrono::milliseconds{50}};

const model::Reply kBanned{421, {4, 7, 0}, "too many failed sign-ins from your address, try again later"};

model::Reply reply_to(AuthFailure failure) {
  switch (failure) {
    case AuthFailure::Wrong: return {535, {5, 7, 8}, "wrong user or password"};
    case AuthFailure::Malformed: return {501, {5, 5, 2}, "that is not how this mechanism goes"};
    case AuthFailure::Busy: return {454, {4, 7, 0}, "too many are signing in, try again later"};
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace

net::Task<> SmtpConnection::sign_in() {
  SignInDesk& desk = *service_.services_.sign_in;
  auto attempt = co_await wait_for_attempt();
  if (is_banned()) co_return refuse_banned();
  if (!attempt) {
    sign_in_.reset();
    co_return session_->refuse(reply_to(AuthFailure::Busy));
  }
  if (!session_->auth_continues()) {
    const auto mechanism = sasl::parse_mechanism(session_->auth_mechanism());
    PENSTOCK_CHECK(mechanism.has_value());
    sign_in_ = std::make_unique<SignIn>(desk, *mechanism);
  }
  std::optional<std::string> response = session_->auth_response();
  SignIn::Said said = co_await sign_in_->proceed(std::move(response));
  if (auto* challenge = std::get_if<AuthChallenge>(&said)) co_return session_->challenge(challenge->text);
  if (auto* account = std::get_if<users::AccountPtr>(&said)) {
    // Others of the address may have failed while the password was hashed.
    if (is_banned()) co_return refuse_banned();
    co_return welcome(std::move(*account));
  }
  co_await refuse_sign_in(std::get<AuthFailure>(said), std::move(attempt));
}

// Who signs in many times at once with the right password finds it remembered when the first is done.
net::Task<std::optional<users::FailureBook::Attempt>> SmtpConnection::wait_for_attempt() {
  const Services& services = service_.services_;
  users::FailureBook& failures = services.sign_in->users.failures();
  const IpAddress peer = session_->peer().address;
  const net::Deadline deadline(kTurnMax);
  while (true) {
    auto attempt = failures.begin(peer, services.clock.now(), failure_policy(plan_->config->auth));
    if (attempt || is_banned() || deadline.left() <= Duration::zero()) co_return attempt;
    co_await net::sleep_for(kTurnPause);
  }
}

bool SmtpConnection::is_banned() const {
  const Services& services = service_.services_;
  return services.sign_in->users.failures().banned_until(session_->peer().address, services.clock.now()).has_value();
}

void SmtpConnection::refuse_banned() {
  service_.services_.probe.sign_ins_refused.add();
  sign_in_.reset();
  session_->refuse(kBanned);
}

void SmtpConnection::welcome(users::AccountPtr account) {
  SignInDesk& desk = *service_.services_.sign_in;
  sign_in_.reset();
  user_place_ = desk.users.usage().connect(account->user);
  if (!user_place_) {
    service_.services_.probe.sign_ins_refused.add();
    const model::Reply too_many{
        421,
        {4, 7, 0},
        fmt::format("user {} has {} connections already", account->user.name, account->user.connections)};
    return session_->refuse(too_many);
  }
  desk.users.failures().succeeded(session_->peer().address);
  service_.services_.probe.sign_ins.add();
  account_ = std::move(account);
  session_->authenticated(account_->user.name);
}

net::Task<> SmtpConnection::refuse_sign_in(AuthFailure failure, std::optional<users::FailureBook::Attempt> attempt) {
  const Services& services = service_.services_;
  model::Reply reply = reply_to(failure);
  if (failure != AuthFailure::Wrong) {
    sign_in_.reset();
    co_return session_->refuse(reply);
  }
  services.probe.sign_in_failures.add();
  const IpAddress peer = session_->peer().address;
  const Duration wait =
      services.sign_in->users.failures().failed(peer, services.clock.now(), failure_policy(plan_->config->auth));
  attempt.reset();
  if (++sign_in_failures_ >= kFailuresMax) reply = {421, {4, 7, 0}, "too many failed sign-ins"};
  model::Event event = event_of(model::EventType::Rejected);
  // A name that is nobody's may be a password that went into the wrong box: it is written nowhere.
  const users::AccountPtr meant = sign_in_->meant();
  if (meant) event.user = meant->user.name;
  event.step = model::Step::Auth;
  event.has_step = true;
  event.reply = reply;
  event.outcome_class = model::OutcomeClass::Authentication;
  event.detail = meant ? "wrong password" : "unknown user";
  services.events.record(event);
  log::info("smtp", "{}: sign-in failed: {}", peer_text_,
            meant ? "wrong password of " + meant->user.name : "unknown user");
  sign_in_.reset();
  co_await net::sleep_for(wait);
  session_->refuse(reply);
}

void SmtpConnection::forget_user() {
  account_.reset();
  user_place_.reset();
  sign_in_.reset();
}

std::optional<model::Reply> SmtpConnection::find_user_refusal() {
  if (!account_) return std::nullopt;
  const Services& services = service_.services_;
  users::Users& users = services.sign_in->users;
  // Asked anew: what an operator changes counts from the next message on.
  const users::AccountPtr now = users.find_account(account_->user.name);
  if (!now) return model::Reply{421, {4, 7, 0}, fmt::format("user {} may not send any more", account_->user.name)};
  account_ = now;
  const std::string& sender = session_->envelope().sender;
  if (!users::may_send_from(now->user, sender)) {
    return model::Reply{553,
                        {5, 7, 1},
                        fmt::format("user {} may not send from this address; his domains are {}", now->user.name,
                                    fmt::join(now->user.sender_domains, ", "))};
  }
  const Duration wait = users.usage().begin_message(now->user, services.clock.now());
  if (wait == Duration::zero()) return std::nullopt;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  return model::Reply{450,
                      {4, 7, 1},
                      fmt::format("user {} has sent his {} messages, try again in {} s", now->user.name,
                                  format_rate(now->user.message_rate), seconds.count())};
}

}  // namespace penstock::ingest
