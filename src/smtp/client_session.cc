// SPDX-License-Identifier: Apache-2.0
#include "smtp/client_session.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace penstock::smtp {
namespace {

using model::OutcomeClass;
using model::OutcomeKind;
using model::Step;

constexpr std::size_t kHeldBytesMax = 256 * 1024;  // more than all answers to a group of commands

std::string_view what_happened(OutcomeClass why) {
  switch (why) {
    case OutcomeClass::Timeout: return "timed out";
    case OutcomeClass::Admin: return "stopped";
    case OutcomeClass::Tls: return "no TLS";
    default: return "connection lost";
  }
}

}  // namespace

ClientSession::ClientSession(ClientOptions options) : options_(std::move(options)), tls_(options_.implicit_tls) {}

Action ClientSession::next() const {
  if (writing_) return Write{chunks_, write_step_};
  if (header_wanted_ && phase_ == Phase::Body) return NeedHeader{};
  if (phase_ == Phase::Handshake) return Handshake{};
  if (phase_ == Phase::SignIn) return SignIn{};
  if (phase_ == Phase::Idle) return Idle{};
  if (phase_ == Phase::Closed) return Closed{};
  return Read{step_waited_for()};
}

Step ClientSession::step_waited_for() const {
  switch (phase_) {
    case Phase::Banner: return Step::Banner;
    case Phase::Ehlo:
    case Phase::Helo: return Step::Ehlo;
    case Phase::StartTls:
    case Phase::Handshake: return Step::StartTls;
    case Phase::SignIn:
    case Phase::Auth: return Step::Auth;
    case Phase::Commands: return step_of(answered_);
    case Phase::Body:
    case Phase::Answer: return Step::EndOfData;
    case Phase::Idle: return Step::Rset;  // between transactions
    case Phase::Quit:
    case Phase::Closed: return Step::Quit;
  }
  PENSTOCK_UNREACHABLE();
}

void ClientSession::on_written() {
  PENSTOCK_CHECK(writing_);
  writing_ = false;
  if (phase_ == Phase::Body) {
    if (!body_complete_) {
      chunks_.clear();
      body_complete_ = stuffer_.fill(chunks_);
      writing_ = true;
      return;
    }
    phase_ = Phase::Answer;
  }
  if (held_.empty()) return;
  const std::string bytes = std::exchange(held_, {});
  process(bytes);
}

void ClientSession::on_bytes(std::string_view bytes) {
  if (!writing_) {
    process(bytes);
  } else if (held_.size() + bytes.size() > kHeldBytesMax) {
    fail_protocol("the receiver says too much while it is being written to");
  } else {
    held_ += bytes;
  }
}

void ClientSession::process(std::string_view bytes) {
  while (!bytes.empty() && phase_ != Phase::Closed) {
    // Nothing is awaited: it cannot be an answer to what has not been sent yet, and taking it for one could lose mail.
    if (writing_ || header_wanted_ || phase_ == Phase::Idle || phase_ == Phase::SignIn) return on_out_of_turn(bytes);
    if (phase_ == Phase::Handshake) {
      return fail(OutcomeClass::Tls,
                  {.code = 0, .enhanced = {}, .text = "the receiver spoke in clear after its answer to STARTTLS"});
    }
    switch (parser_.take(bytes)) {
      case ReplyParser::Got::More: break;
      case ReplyParser::Got::Unreadable: return fail_protocol(parser_.problem());
      case ReplyParser::Got::Reply: take_reply(); break;
    }
  }
}

void ClientSession::take_reply() {
  std::swap(reply_, parser_.reply());
  ++replies_;
  heard_ = true;
  if (reply_.code == 421 && phase_ != Phase::Quit) {
    return fail(model::class_by_code(reply_, step_waited_for()), reply_);
  }
  switch (phase_) {
    case Phase::Banner:
    case Phase::Ehlo:
    case Phase::Helo: return on_greeting_reply();
    case Phase::StartTls: return on_start_tls_reply();
    case Phase::Auth: return on_auth_reply();
    case Phase::Commands:
      on_command_reply();
      if (phase_ == Phase::Commands && answered_ == sent_) continue_transaction();
      return;
    case Phase::Answer: return on_body_reply();
    case Phase::Quit: phase_ = Phase::Closed; return;
    case Phase::Handshake:
    case Phase::SignIn:
    case Phase::Idle:
    case Phase::Body:
    case Phase::Closed: break;
  }
  PENSTOCK_UNREACHABLE();
}

void ClientSession::on_greeting_reply() {
  if (reply_.intermediate()) return fail_misfit();
  if (phase_ == Phase::Banner) {
    banner_ = reply_;
    if (!reply_.positive()) return refuse_connection(Step::Banner);
    return start_command(options_.lmtp ? "LHLO " : "EHLO ", options_.ehlo_name, Phase::Ehlo, Step::Ehlo);
  }
  if (reply_.positive()) {
    if (phase_ == Phase::Ehlo) extensions_ = parse_extensions(reply_);
    greeted_ = true;
    return go_idle();
  }
  // RFC 5321 §3.2: a receiver that does not know EHLO may know HELO.
  if (phase_ == Phase::Ehlo && reply_.permanent() && !options_.lmtp) {
    return start_command("HELO ", options_.ehlo_name, Phase::Helo, Step::Ehlo);
  }
  refuse_connection(Step::Ehlo);
}

// To Idle, by way of TLS where that is wanted.
void ClientSession::go_idle() {
  if (tls_ || options_.start_tls == StartTls::Never ||
      (!extensions_.starttls && options_.start_tls == StartTls::Offered)) {
    if (options_.auth && !signed_in_ && !tls_) {
      return fail_auth({.code = 0, .enhanced = {4, 7, 11}, .text = "a password is never sent in clear"});
    }
    phase_ = options_.auth && !signed_in_ ? Phase::SignIn : Phase::Idle;
    return;
  }
  if (extensions_.starttls) return start_command("STARTTLS", {}, Phase::StartTls, Step::StartTls);
  failure_ = model::Outcome{
      OutcomeKind::Deferred,
      Step::StartTls,
      OutcomeClass::Tls,
      {.code = 0, .enhanced = {4, 7, 4}, .text = "TLS is required, and the receiver does not offer STARTTLS"}};
  start_command("QUIT", {}, Phase::Quit, Step::Quit);
}

void ClientSession::on_start_tls_reply() {
  if (reply_.code == 220) {
    phase_ = Phase::Handshake;
    return;
  }
  if (reply_.positive() || reply_.intermediate()) return fail_misfit();
  if (options_.start_tls == StartTls::Offered && !options_.auth) {
    phase_ = Phase::Idle;
    return;
  }
  failure_ = model::Outcome{OutcomeKind::Deferred, Step::StartTls, OutcomeClass::Tls, reply_};
  start_command("QUIT", {}, Phase::Quit, Step::Quit);
}

void ClientSession::on_tls() {
  PENSTOCK_CHECK(phase_ == Phase::Handshake);
  tls_ = true;
  greeted_ = false;
  extensions_ = {};
  start_command(options_.lmtp ? "LHLO " : "EHLO ", options_.ehlo_name, Phase::Ehlo, Step::Ehlo);
}

void ClientSession::start_command(std::string_view verb, std::string_view argument, Phase phase, Step step) {
  phase_ = phase;
  commands_.assign(verb).append(argument).append("\r\n");
  chunks_.assign(1, commands_);
  start_write(step);
}

void ClientSession::start_write(Step step) {
  write_step_ = step;
  writing_ = true;
}

// RFC 5321 §3.1 wants QUIT said even to a receiver that does not want us.
void ClientSession::refuse_connection(Step step) {
  failure_ = model::Outcome{OutcomeKind::Deferred, step, model::class_by_code(reply_, step), reply_};
  start_command("QUIT", {}, Phase::Quit, Step::Quit);
}

void ClientSession::quit() {
  PENSTOCK_CHECK(phase_ == Phase::Idle);
  start_command("QUIT", {}, Phase::Quit, Step::Quit);
}

void ClientSession::on_out_of_turn(std::string_view bytes) {
  const std::string_view said = bytes;
  if (parser_.take(bytes) == ReplyParser::Got::Reply && parser_.reply().code == 421) {
    std::swap(reply_, parser_.reply());
    return fail(model::class_by_code(reply_, step_waited_for()), reply_);
  }
  std::string words = "the receiver spoke out of turn: ";
  append_clean_text(words, said.substr(0, std::min<std::size_t>(said.find_first_of("\r\n"), 80)));
  fail_protocol(std::move(words));
}

void ClientSession::on_lost(OutcomeClass why, std::string_view words) {
  if (phase_ == Phase::Closed) return;
  if (phase_ == Phase::Quit) {
    writing_ = false;
    phase_ = Phase::Closed;
    return;
  }
  const bool body_written =
      (phase_ == Phase::Answer && accepted_ > 0) ||
      (phase_ == Phase::Commands && !writing_ && data_way_ == DataWay::BdatTogether && sent_ == command_count());
  if (writing_) process_refusals(std::exchange(held_, {}));
  if (phase_ == Phase::Closed) return;
  stale_ = phase_ == Phase::Commands && transactions_ > 1 && !heard_ &&
           (why == OutcomeClass::Network || why == OutcomeClass::Tls);
  std::string text = fmt::format("{} at {}: ", what_happened(why), model::to_string(step_waited_for()));
  append_clean_text(text, words);
  if (body_written) text += "; the receiver may have the message";
  fail(why, {.code = 0, .enhanced = {}, .text = std::move(text)});
}

// The link broke while we wrote, after the peer had said this. Refusals count; an acceptance of what was not written
// whole does not.
void ClientSession::process_refusals(std::string_view bytes) {
  while (!bytes.empty() && phase_ != Phase::Closed && parser_.take(bytes) == ReplyParser::Got::Reply) {
    std::swap(reply_, parser_.reply());
    heard_ = true;
    const Step step = step_waited_for();
    if (reply_.code == 421) return fail(model::class_by_code(reply_, step), reply_);
    const bool refusal = reply_.transient() || reply_.permanent();
    if (phase_ == Phase::Body) {
      if (refusal) decide_by_reply(Fate::Accepted, Step::EndOfData);
      return;
    }
    if (phase_ != Phase::Commands) {
      if (refusal) fail(model::class_by_code(reply_, step), reply_);
      return;
    }
    if (answered_ == sent_ || ((step == Step::Data || step == Step::EndOfData) && !refusal)) return;
    on_command_reply();
  }
}

void ClientSession::fail_protocol(std::string words) {
  fail(OutcomeClass::Protocol, {.code = 0, .enhanced = {}, .text = std::move(words)});
}

void ClientSession::fail_misfit() {
  fail_protocol(fmt::format("the answer does not fit the command at {}: {}", model::to_string(step_waited_for()),
                            reply_.to_string()));
}

void ClientSession::fail(OutcomeClass outcome_class, model::Reply reply) {
  const model::Outcome outcome{OutcomeKind::Deferred, step_waited_for(), outcome_class, std::move(reply)};
  for (std::size_t slot = 0; slot < outcomes_.size() && undecided_ > 0; ++slot) {
    if (fates_[slot] != Fate::Decided) decide(slot, outcome);
  }
  failure_ = outcome;
  writing_ = false;
  phase_ = Phase::Closed;
}

}  // namespace penstock::smtp
