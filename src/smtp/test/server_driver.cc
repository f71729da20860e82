// SPDX-License-Identifier: Apache-2.0
#include "smtp/test/server_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/check.h"

namespace penstock::smtp {
namespace {

std::optional<model::Reply> refusal_of(std::string_view address) {
  if (address.starts_with("refused")) return model::Reply{550, {5, 1, 1}, "no such user"};
  if (address.starts_with("later")) return model::Reply{451, {4, 7, 1}, "try again"};
  if (address.starts_with("down")) return model::Reply{421, {4, 3, 2}, "going down"};
  return std::nullopt;
}

std::string text_of(const DrivenMessage& message) {
  const model::Envelope& envelope = message.received.envelope;
  std::string text = fmt::format("{} {} {} from=<{}> utf8={} ret={} envid={} kind={} bytes={} peer={}",
                                 message.client_name, message.received.protocol, message.received.body, envelope.sender,
                                 envelope.smtputf8, static_cast<int>(envelope.dsn_return), envelope.envelope_id,
                                 static_cast<int>(envelope.body_kind), envelope.body_bytes, envelope.peer);
  for (const model::Recipient& recipient : envelope.recipients) {
    text += fmt::format(" to=<{}> notify={} orcpt={}", recipient.address, recipient.notify, recipient.original);
  }
  return text;
}

}  // namespace

ServerOptions test_options() {
  ServerOptions options;
  options.hostname = "mta.test";
  options.message_bytes_max = 100'000;
  options.recipients_max = 5;
  options.errors_max = 10;
  options.commands_max = 50;
  options.discarded_bytes_max = 50'000;
  return options;
}

ServerDriver::ServerDriver(const ServerOptions& options)
    : options_(options),
      session_(std::make_unique<ServerSession>(options_, Peer{IpAddress::parse("192.0.2.7").value(), 4711})) {}

void ServerDriver::feed(std::string_view bytes, std::size_t piece_bytes) {
  run();
  while (!bytes.empty() && !closed) {
    // A copy of exact size, gone right after: a view kept too long or read too far shows under the sanitizer.
    const std::size_t count = std::min(piece_bytes, bytes.size());
    const std::vector<char> piece(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes.remove_prefix(count);
    session_->on_bytes(std::string_view(piece.data(), piece.size()));
    run();
  }
}

void ServerDriver::run() {
  while (!closed) {
    switch (session_->next()) {
      case ServerStep::Write:
        output_ += session_->output();
        ++writes;
        session_->on_written();
        break;
      case ServerStep::Read: return;
      case ServerStep::CheckSender: decide(session_->envelope().sender); break;
      case ServerStep::CheckRecipient: decide(session_->recipient().address); break;
      case ServerStep::CheckClient: decide(session_->xclient().login.value_or("")); break;
      case ServerStep::Authenticate: authenticate(); break;
      case ServerStep::Handshake: session_->on_tls(); break;
      case ServerStep::Message: take_message(); break;
      case ServerStep::Refused: refusals.push_back(session_->refusal()); break;
      case ServerStep::Close: closed = true; break;
    }
  }
}

void ServerDriver::decide(std::string_view address) {
  if (const auto refusal = refusal_of(address)) return session_->refuse(*refusal);
  session_->accept();
}

void ServerDriver::authenticate() {
  const std::string response = session_->auth_response().value_or("more");
  if (response == "more") return session_->challenge("more?");
  if (response.starts_with("user ")) return session_->authenticated(response.substr(5));
  session_->refuse(refusal_of(response).value_or(model::Reply{535, {5, 7, 8}, "wrong"}));
}

void ServerDriver::take_message() {
  messages.push_back({session_->take_message(), std::string(session_->client_name())});
  PENSTOCK_CHECK(session_->next() == ServerStep::Message);
  const std::string& body = messages.back().received.body;
  if (body.find("answer-452") != std::string::npos) return session_->answer({452, {4, 3, 1}, "no space"});
  if (body.find("answer-421") != std::string::npos) return session_->answer({421, {4, 3, 2}, "going down"});
  session_->answer({250, {2, 0, 0}, "Ok: queued"});
}

std::string ServerDriver::take_output() {
  std::string out = output_.substr(output_taken_);
  output_taken_ = output_.size();
  return out;
}

Transcript ServerDriver::transcript() const {
  Transcript transcript;
  transcript.output = output_;
  transcript.closed = closed;
  for (const DrivenMessage& message : messages) transcript.messages.push_back(text_of(message));
  for (const Refusal& refusal : refusals) {
    transcript.refusals.push_back(fmt::format("{}: {} <{}> from=<{}> bytes={}", model::to_string(refusal.step),
                                              refusal.reply.to_string(), refusal.about, refusal.envelope.sender,
                                              refusal.envelope.body_bytes));
  }
  return transcript;
}

}  // namespace penstock::smtp
