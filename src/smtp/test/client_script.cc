// SPDX-License-Identifier: Apache-2.0
#include "smtp/test/client_script.h"

#include <fmt/format.h>

namespace penstock::smtp {
namespace {

constexpr std::size_t kWhole = std::string_view::npos;

std::string to_wire(std::string_view lines) {
  std::string out;
  for (const char c : lines) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out + "\r\n";
}

std::string_view name_of(model::OutcomeKind kind) {
  switch (kind) {
    case model::OutcomeKind::Delivered: return "delivered";
    case model::OutcomeKind::Deferred: return "deferred";
    case model::OutcomeKind::Bounced: return "bounced";
  }
  return "?";
}

void give(ClientSession& session, std::string_view bytes, std::size_t piece_bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    session.on_bytes(std::string(piece));  // a buffer of its own: nothing may keep a view of it
    bytes.remove_prefix(piece.size());
  }
}

}  // namespace

Mail::Mail(std::vector<std::string> addresses, std::string text) : body(std::move(text)), parts{body} {
  envelope.sender = "s@ours.test";
  if (addresses.empty()) addresses = {"a@x.test"};
  for (std::string& address : addresses) {
    indexes.push_back(static_cast<std::uint32_t>(indexes.size()));
    envelope.recipients.push_back({.address = std::move(address), .original = {}, .notify = model::kNotifyUnset});
  }
}

Script::Script(ClientOptions options) : options_(std::move(options)) {
  options_.ehlo_name = "me";
}
Script& Script::peer(std::string_view lines) {
  acts_.push_back({Kind::Peer, to_wire(lines)});
  return *this;
}
Script& Script::we(std::string_view lines) {
  acts_.push_back({Kind::We, to_wire(lines)});
  return *this;
}
Script& Script::begin(const Mail& mail) {
  acts_.push_back({Kind::Begin, {}, &mail});
  return *this;
}
Script& Script::header(std::string_view lines) {
  acts_.push_back({Kind::Header, lines.empty() ? std::string() : to_wire(lines)});
  return *this;
}
Script& Script::quit() {
  acts_.push_back({Kind::Quit, {}});
  return *this;
}
Script& Script::greet(std::string_view keywords) {
  std::string answer = "250";
  for (std::string_view rest = keywords; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    answer += fmt::format("{}\n250", answer == "250" ? "-mx" : "") + (end == rest.size() ? " " : "-");
    answer += rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return peer("220 mx ready").we(options_.lmtp ? "LHLO me" : "EHLO me").peer(keywords.empty() ? "250 mx" : answer);
}

void Script::perform(ClientSession& session, const Act& act, std::size_t piece_bytes) const {
  switch (act.kind) {
    case Kind::Begin: session.begin(act.mail->transaction()); return;
    case Kind::Quit: session.quit(); return;
    case Kind::Header:
      EXPECT_TRUE(std::holds_alternative<NeedHeader>(session.next()));
      session.on_header(act.text);
      return;
    case Kind::Peer: give(session, act.text, piece_bytes); return;
    case Kind::We: break;
  }
  std::string written;
  while (true) {
    const Action action = session.next();
    const auto* write = std::get_if<Write>(&action);
    if (write == nullptr) break;
    for (const std::string_view chunk : write->chunks) written += chunk;
    session.on_written();
  }
  EXPECT_EQ(written, act.text);
}

std::unique_ptr<ClientSession> Script::play_until(std::size_t end, std::size_t piece_bytes) const {
  auto session = std::make_unique<ClientSession>(options_);
  for (std::size_t n = 0; n < end; ++n) perform(*session, acts_[n], piece_bytes);
  return session;
}

std::unique_ptr<ClientSession> Script::play() const {
  auto session = play_until(acts_.size(), kWhole);
  const auto again = play_until(acts_.size(), 1);
  EXPECT_EQ(session->next().index(), again->next().index());
  EXPECT_EQ(session->outcomes().size(), again->outcomes().size());
  for (std::size_t n = 0; n < std::min(session->outcomes().size(), again->outcomes().size()); ++n) {
    EXPECT_EQ(describe(session->outcomes()[n]), describe(again->outcomes()[n]));
  }
  expect_safe(*session);
  return session;
}

std::size_t Script::after_begin() const {
  std::size_t n = acts_.size();
  while (n > 0 && acts_[n - 1].kind != Kind::Begin) --n;
  return n;
}

void Script::cut_at_each_step(const Check& check) const {
  const auto cut = [&](ClientSession& session) {
    const model::Step at = step_of(session.next());
    session.on_lost(model::OutcomeClass::Network, "cut");
    EXPECT_TRUE(std::holds_alternative<Closed>(session.next()));
    expect_safe(session);
    check(session, at);
  };
  for (std::size_t n = after_begin(); n < acts_.size(); ++n) {
    cut(*play_until(n, kWhole));
    if (acts_[n].kind != Kind::Peer) continue;
    const auto session = play_until(n, kWhole);
    session->on_bytes(std::string_view(acts_[n].text).substr(0, 5));
    cut(*session);
  }
}

void Script::give_up_at_each_line(const Check& check) const {
  for (std::size_t n = after_begin(); n < acts_.size(); ++n) {
    if (acts_[n].kind != Kind::Peer) continue;
    const std::string_view text = acts_[n].text;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      const auto session = play_until(n, kWhole);
      session->on_bytes(text.substr(0, at));
      const model::Step step = step_of(session->next());
      session->on_bytes("421 4.3.2 going down\r\n");
      EXPECT_TRUE(std::holds_alternative<Closed>(session->next()));
      expect_safe(*session);
      check(*session, step);
    }
  }
}

std::string describe(const model::Outcome& outcome) {
  return fmt::format("{} {} {}: {}", name_of(outcome.kind), model::to_string(outcome.step),
                     model::to_string(outcome.outcome_class), outcome.reply.to_string());
}

model::Step step_of(const Action& action) {
  if (const auto* write = std::get_if<Write>(&action)) return write->step;
  if (const auto* read = std::get_if<Read>(&action)) return read->step;
  return model::Step::Quit;
}

void expect_safe(const ClientSession& session) {
  const bool over = std::holds_alternative<Idle>(session.next()) || std::holds_alternative<Closed>(session.next());
  EXPECT_TRUE(session.finished() || !over);
  if (!session.finished()) return;
  for (const model::Outcome& outcome : session.outcomes()) {
    const bool positive = outcome.reply.positive() && outcome.step == model::Step::EndOfData;
    EXPECT_TRUE(outcome.kind != model::OutcomeKind::Delivered || positive) << describe(outcome);
    EXPECT_TRUE(outcome.kind != model::OutcomeKind::Bounced || outcome.reply.permanent()) << describe(outcome);
    EXPECT_EQ(outcome.kind == model::OutcomeKind::Delivered, outcome.outcome_class == model::OutcomeClass::None);
  }
}

}  // namespace penstock::smtp
