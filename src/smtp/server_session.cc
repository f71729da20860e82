// SPDX-License-Identifier: Apache-2.0
// The flow: what comes in is worked off until only the caller can go on. Commands are in server_commands.cc, the
// transaction in server_mail.cc.
#include "smtp/server_session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "smtp/utf8.h"

namespace penstock::smtp {
namespace {

using model::Step;

constexpr std::size_t kOutputBytesMax = 16 * 1024;  // above, replies are written before more is read
constexpr std::size_t kAboutBytesMax = 320;

bool is_refusal(const model::Reply& reply) {
  return reply.transient() || reply.permanent();
}

}  // namespace

ServerSession::ServerSession(const ServerOptions& options, const Peer& peer)
    : options_(options),
      peer_(peer),
      peer_text_(peer.address.to_string()),
      commands_(options.command_bytes_max),
      body_(options) {
  append_banner(output_, options_);
}

ServerStep ServerSession::next() {
  for (;;) {
    if (std::exchange(refusal_untold_, false)) return ServerStep::Refused;
    switch (awaited_) {
      case Awaited::Nothing: break;
      case Awaited::Sender: return ServerStep::CheckSender;
      case Awaited::Recipient: return ServerStep::CheckRecipient;
      case Awaited::Client: return ServerStep::CheckClient;
      case Awaited::Auth: return ServerStep::Authenticate;
      case Awaited::Tls: return output_.empty() ? ServerStep::Handshake : ServerStep::Write;
      case Awaited::Message:
      case Awaited::Answer: return ServerStep::Message;
    }
    if (phase_ == Phase::Ended) return output_.empty() ? ServerStep::Close : ServerStep::Write;
    if (!banner_written_ || output_.size() >= kOutputBytesMax) return ServerStep::Write;
    if (!take_input()) return output_.empty() ? ServerStep::Read : ServerStep::Write;
  }
}

void ServerSession::on_written() {
  PENSTOCK_CHECK(!output_.empty());
  output_.clear();
  banner_written_ = true;
}

void ServerSession::on_bytes(std::string_view bytes) {
  PENSTOCK_CHECK(input_.empty() && awaited_ == Awaited::Nothing);
  if (phase_ != Phase::Ended) input_ = bytes;
}

void ServerSession::on_early_bytes() {
  PENSTOCK_CHECK(!banner_written_);
  output_.clear();
  refuse_and_finish(Step::Banner, {554, {5, 5, 0}, "you spoke before the greeting"});
}

void ServerSession::end(const model::Reply& reply) {
  if (phase_ == Phase::Ended || ending_) return;
  if (awaited_ == Awaited::Message || awaited_ == Awaited::Answer) {
    ending_ = reply;
    return;
  }
  if (!banner_written_) output_.clear();
  finish(reply);
}

void ServerSession::accept() {
  switch (std::exchange(awaited_, Awaited::Nothing)) {
    case Awaited::Sender:
      has_sender_ = true;
      say("250 2.1.0 Ok\r\n");
      return;
    case Awaited::Recipient:
      envelope_.recipients.push_back(std::move(recipient_));
      --commands_since_message_;
      say("250 2.1.5 Ok\r\n");
      return;
    case Awaited::Client:
      if (xclient_.address) peer_.address = *xclient_.address;
      if (xclient_.port) peer_.port = *xclient_.port;
      peer_text_ = peer_.address.to_string();
      user_.clear();  // that was somebody else
      restart("", false);
      append_banner(output_, options_);
      return;
    case Awaited::Nothing:
    case Awaited::Auth:
    case Awaited::Tls:
    case Awaited::Message:
    case Awaited::Answer: PENSTOCK_UNREACHABLE();
  }
}

void ServerSession::on_tls() {
  PENSTOCK_CHECK(awaited_ == Awaited::Tls || !banner_written_);
  awaited_ = Awaited::Nothing;
  tls_ = true;
  user_.clear();  // RFC 3207 §4.2: what came before is not known any more
  input_ = {};
  restart("", false);
}

void ServerSession::refuse(const model::Reply& reply) {
  PENSTOCK_CHECK(is_refusal(reply));
  const Awaited refused = std::exchange(awaited_, Awaited::Nothing);
  PENSTOCK_CHECK(refused == Awaited::Sender || refused == Awaited::Recipient || refused == Awaited::Client ||
                 refused == Awaited::Auth);
  if (refused == Awaited::Sender) reset_transaction();
  if (refused == Awaited::Auth) end_auth();
  if (reply.code == 421) return finish(reply);
  say(reply);
}

ReceivedMessage ServerSession::take_message() {
  PENSTOCK_CHECK(awaited_ == Awaited::Message);
  awaited_ = Awaited::Answer;
  ReceivedMessage message{std::move(envelope_), body_.release(), {}};
  if (message.envelope.smtputf8) {
    message.protocol = user_.empty() ? (tls_ ? "UTF8SMTPS" : "UTF8SMTP") : (tls_ ? "UTF8SMTPSA" : "UTF8SMTPA");
  } else if (!extended_) {
    message.protocol = "SMTP";
  } else {
    message.protocol = user_.empty() ? (tls_ ? "ESMTPS" : "ESMTP") : (tls_ ? "ESMTPSA" : "ESMTPA");
  }
  return message;
}

void ServerSession::answer(const model::Reply& reply) {
  PENSTOCK_CHECK(awaited_ == Awaited::Answer && (reply.positive() || is_refusal(reply)));
  awaited_ = Awaited::Nothing;
  reset_transaction();
  if (reply.positive()) {
    ++messages_;
    errors_since_message_ = 0;
    commands_since_message_ = 0;
    discarded_bytes_ = 0;
  }
  if (reply.code == 421) return finish(reply);
  say(reply);
  if (ending_) finish(*ending_);
}

bool ServerSession::take_input() {
  switch (phase_) {
    case Phase::Commands:
    case Phase::Auth: return take_command();
    case Phase::Data: return take_data();
    case Phase::Chunk: return take_chunk();
    case Phase::Ended: return false;
  }
  PENSTOCK_UNREACHABLE();
}

bool ServerSession::take_command() {
  switch (commands_.take(input_)) {
    case CommandReader::Got::More: return false;
    case CommandReader::Got::Line:
      if (phase_ == Phase::Auth) {
        on_auth_response(commands_.line());
      } else {
        obey(commands_.line());
      }
      return true;
    case CommandReader::Got::TooLong:
      if (phase_ == Phase::Auth) end_auth();
      refuse_it(step(), {500, {5, 5, 6}, "line too long"});
      return true;
    case CommandReader::Got::BareLineEnd:
      refuse_and_finish(step(), {500, {5, 5, 2}, "a line must end in CRLF and hold no other CR or LF"});
      return true;
    case CommandReader::Got::Endless: refuse_and_finish(step(), {500, {5, 5, 6}, "line without an end"}); return true;
  }
  PENSTOCK_UNREACHABLE();
}

bool ServerSession::take_data() {
  switch (body_.take_data(input_)) {
    case BodyReader::Got::More: return false;
    case BodyReader::Got::End: finish_message(); return true;
    case BodyReader::Got::Endless:
      refuse_and_finish(Step::EndOfData, {552, {5, 3, 4}, "message far too large"});
      return true;
  }
  PENSTOCK_UNREACHABLE();
}

bool ServerSession::take_chunk() {
  if (chunk_left_ > 0 && input_.empty()) return false;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input_.size()));
  if (!chunk_is_stray_) body_.take_chunk(input_.substr(0, count));
  input_.remove_prefix(count);
  chunk_left_ -= count;
  if (chunk_left_ == 0) finish_chunk();
  return true;
}

void ServerSession::finish(const model::Reply& reply) {
  say(reply);
  awaited_ = Awaited::Nothing;
  phase_ = Phase::Ended;
  end_auth();
  input_ = {};
  reset_transaction();
}

void ServerSession::refuse_it(Step step, const model::Reply& reply, std::string_view about, Blame blame) {
  refusal_ = {step, reply, harmless(about, kAboutBytesMax), {}};
  refusal_untold_ = true;
  say(reply);
  if (blame == Blame::Client && ++errors_since_message_ > options_.errors_max) {
    finish({421, {4, 7, 0}, "too many errors"});
  }
}

void ServerSession::refuse_and_finish(Step step, const model::Reply& reply) {
  refusal_ = {step, reply, {}, {}};
  if (step == Step::EndOfData) refusal_.envelope = std::move(envelope_);
  refusal_untold_ = true;
  finish(reply);
}

void ServerSession::restart(std::string_view client_name, bool extended) {
  reset_transaction();
  client_name_ = client_name;
  extended_ = extended;
}

void ServerSession::reset_transaction() {
  envelope_ = model::Envelope();
  body_.drop();
  declared_bytes_ = 0;
  has_sender_ = false;
  tried_recipient_ = false;
  chunks_begun_ = false;
  chunks_failed_ = false;
}

}  // namespace penstock::smtp
