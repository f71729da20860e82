// SPDX-License-Identifier: Apache-2.0
#include "sim/receiver_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/ascii.h"

namespace penstock::sim {
namespace {

// The reverse- or forward-path of "MAIL FROM:<a@b> X=1"; false if it is not well formed.
bool parse_path(std::string_view line, std::string_view verb, std::string_view& path, std::string_view& parameters) {
  if (!ascii::starts_with_ignoring_case(line, verb)) return false;
  std::string_view rest = line.substr(verb.size());
  if (rest.empty() || rest.front() != '<') return false;
  const std::size_t close = rest.find('>');
  if (close == std::string_view::npos) return false;
  path = rest.substr(1, close - 1);
  parameters = rest.substr(close + 1);
  return parameters.empty() || parameters.front() == ' ';
}

std::string_view take_word(std::string_view& text) {
  text = ascii::trim(text);
  const std::size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(space == std::string_view::npos ? text.size() : space);
  return word;
}

bool parse_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

std::uint64_t declared_size(std::string_view parameters) {
  for (std::string_view word = take_word(parameters); !word.empty(); word = take_word(parameters)) {
    std::uint64_t size = 0;
    if (ascii::starts_with_ignoring_case(word, "SIZE=") && parse_number(word.substr(5), size)) return size;
  }
  return 0;
}

constexpr std::string_view kTooLarge = "552 5.3.4 message is larger than this host takes";

}  // namespace

ReceiverSession::ReceiverSession(Facts facts, std::shared_ptr<const Behaviour> behaviour, std::uint64_t seed,
                                 SessionSink& sink, AttemptMemory& memory)
    : facts_(facts), behaviour_(std::move(behaviour)), rng_(seed), sink_(sink), memory_(memory) {}

std::string_view ReceiverSession::plain(std::string_view reply) const {
  if (behaviour_->offers(Extension::EnhancedStatusCodes)) return reply;
  // Only our own replies come here; they all read "250 2.1.0 text".
  static thread_local std::string without;
  without.assign(reply.substr(0, 4)).append(reply.substr(10));
  return without;
}

// Every line of a reply carries its code (parse_reply sees to it); all but the last get a hyphen behind it.
void ReceiverSession::append_reply(std::string& out, std::string_view reply) const {
  for (std::size_t end = reply.find('\n'); end != std::string_view::npos; end = reply.find('\n')) {
    out.append(reply.substr(0, 3)).append("-").append(reply.substr(4, end - 4)).append("\r\n");
    reply.remove_prefix(end + 1);
  }
  out.append(reply).append("\r\n");
}

// Of what would be said, line ends and hyphens of all lines but the last included.
void ReceiverSession::append_half(std::string& out, std::string_view reply) const {
  std::string whole;
  append_reply(whole, reply);
  out.append(whole, 0, (whole.size() - 2) / 2);
}

Next ReceiverSession::say(std::string_view reply) {
  append_reply(output_, reply);
  return {reply.starts_with("421") ? Next::Kind::Close : Next::Kind::Read, {}};
}

Next ReceiverSession::refuse(Step step, std::string_view reply) {
  sink_.refused(step, reply);
  return say(reply);
}

Next ReceiverSession::give(const Decision& decision, Step step, std::string_view reply) {
  Next next;
  std::string* out = decision.delay > Duration::zero() ? &held_ : &output_;
  switch (decision.action) {
    case Action::Accept:
    case Action::Delay: append_reply(*out, reply); break;
    case Action::Reply:
      append_reply(*out, decision.reply);
      if (decision.reply.starts_with("421")) next.kind = Next::Kind::Close;
      if (decision.reply.starts_with('4') || decision.reply.starts_with('5')) sink_.refused(step, decision.reply);
      break;
    case Action::AcceptDrop:
    case Action::Drop: next.kind = Next::Kind::Close; break;
    case Action::Reset: next.kind = Next::Kind::Reset; break;
    case Action::Hang: next.kind = Next::Kind::Hang; break;
    case Action::HalfReply:
      append_half(*out, reply);
      next.kind = Next::Kind::Hang;
      break;
    case Action::Drip:
      next.kind = Next::Kind::Drip;
      std::copy_n(reply.begin(), next.code.size(), next.code.begin());
      break;
  }
  if (decision.action != Action::Reply && next.kind != Next::Kind::Read) sink_.cut(step);
  if (decision.delay <= Duration::zero()) return next;
  holding_ = true;
  after_hold_ = next;
  return {Next::Kind::Wait, decision.delay};
}

Decision ReceiverSession::consider(const Occasion& occasion) {
  if (occasion.step == Step::Connect || occasion.step == Step::Mail || occasion.step == Step::EndOfData) {
    verdict_ = sink_.judge(occasion, messages_);
    if (verdict_.action != Action::Accept) return {verdict_.action, verdict_.reply, verdict_.delay};
  }
  Occasion known = occasion;
  if (known.step == Step::Mail) known.recipients = {};  // a client that does not pipeline must meet the same
  return decide(*behaviour_, known, rng_, memory_);
}

std::vector<std::string> ReceiverSession::pipelined_recipients() const {
  std::vector<std::string> recipients;
  std::string_view rest = following_;
  for (std::size_t end = rest.find("\r\n"); end != std::string_view::npos; end = rest.find("\r\n")) {
    std::string_view path;
    std::string_view parameters;
    if (!parse_path(rest.substr(0, end), "RCPT TO:", path, parameters)) break;
    recipients.emplace_back(path);
    rest.remove_prefix(end + 2);
  }
  return recipients;
}

Next ReceiverSession::answer(Step step, std::span<const std::string> recipients, std::string_view usual,
                             bool& accepted) {
  const Decision decision = consider({step, facts_.source, sender_, recipients});
  accepted = decision.action == Action::Accept || decision.action == Action::AcceptDrop ||
             (decision.action == Action::Reply && decision.reply.starts_with('2'));
  return give(decision, step, usual);
}

Next ReceiverSession::start(bool admitted) {
  if (!admitted) {
    sink_.violated(Violation::Connections);
    Next next = refuse(Step::Connect, behaviour_->connections_reply);
    next.kind = Next::Kind::Close;
    return next;
  }
  const std::string usual =
      behaviour_->banner.empty() ? fmt::format("220 {} ESMTP penstock-sim", facts_.host) : "220 " + behaviour_->banner;
  const Decision connect = consider({Step::Connect, facts_.source, {}, {}});
  const bool at_connect = connect.action != Action::Accept;
  Decision decision = at_connect ? connect : decide(*behaviour_, {Step::Banner, facts_.source, {}, {}}, rng_, memory_);
  if (!at_connect) decision.delay += connect.delay + behaviour_->banner_delay;
  Next next = give(decision, at_connect ? Step::Connect : Step::Banner, usual);
  if (decision.action == Action::Reply && !decision.reply.starts_with('2')) {
    (holding_ ? after_hold_ : next).kind = Next::Kind::Close;
  }
  return next;
}

Next ReceiverSession::on_bytes(std::string_view& unread) {
  if (holding_) {
    holding_ = false;
    output_ += held_;
    held_.clear();
    if (after_hold_.kind != Next::Kind::Read) return after_hold_;
  }
  for (;;) {
    Next next;
    if (state_ == State::Text) {
      if (!take_text(unread)) return {};
      next = on_end_of_data();
    } else if (state_ == State::Chunk) {
      if (!take_chunk(unread)) return {};
      next = last_chunk_ ? on_end_of_data()
                         : say(plain(recipients_.empty() ? "503 5.5.1 no recipients yet" : "250 2.0.0 chunk taken"));
    } else {
      const std::size_t end = unread.find('\n');
      if (end == std::string_view::npos) {
        if (unread.size() <= kCommandMax) return {};
        count_protocol_violation();
        append_reply(output_, plain("500 5.5.2 line too long"));
        return {Next::Kind::Close, {}};
      }
      std::string_view line = unread.substr(0, end);
      unread.remove_prefix(end + 1);
      if (line.empty() || line.back() != '\r') {
        count_protocol_violation();
        next = say(plain("500 5.5.2 lines end with CRLF"));
      } else {
        line.remove_suffix(1);
        following_ = unread;
        next = on_command(line, !unread.empty());
      }
    }
    if (next.kind != Next::Kind::Read) return next;
  }
}

Next ReceiverSession::on_command(std::string_view line, bool more_follows) {
  std::array<char, 4> verb{};
  for (std::size_t i = 0; i < std::min<std::size_t>(4, line.size()); ++i) verb[i] = ascii::to_upper(line[i]);
  const std::string_view name(verb.data(), verb.size());
  if (more_follows && !behaviour_->offers(Extension::Pipelining) && name != "BDAT") count_protocol_violation();
  if (name == "MAIL") return on_mail(line);
  if (name == "RCPT") return on_rcpt(line);
  if (name == "DATA") return on_data();
  if (name == "BDAT") return on_bdat(line);
  if (name == "EHLO" || name == "HELO" || name == "LHLO") return on_hello(line);
  if (name == "RSET") {
    reset_transaction();
    return say(plain("250 2.0.0 forgotten"));
  }
  if (name == "NOOP") return say(plain("250 2.0.0 still here"));
  if (name == "VRFY") return say(plain("252 2.1.5 try it and see"));
  if (name == "HELP") return say(plain("214 2.0.0 see docs/simulator.md"));
  if (name == "QUIT") {
    append_reply(output_, plain("221 2.0.0 bye"));
    return {Next::Kind::Close, {}};
  }
  count_protocol_violation();
  return say(plain("500 5.5.1 unknown command"));
}

Next ReceiverSession::on_hello(std::string_view line) {
  const bool lhlo = ascii::to_upper(line[0]) == 'L';
  if (lhlo != behaviour_->lmtp) {
    count_protocol_violation();
    return say(plain("500 5.5.1 wrong protocol"));
  }
  reset_transaction();
  ehlo_ = line.size() > 5 ? std::string(ascii::trim(line.substr(5))) : std::string();
  std::string usual = fmt::format("250 {}", facts_.host);
  if (ascii::to_upper(line[0]) != 'H') {
    for (std::size_t i = 0; i < kExtensionNames.size(); ++i) {
      if (!behaviour_->offers(static_cast<Extension>(i))) continue;
      usual.append("\n250 ").append(kExtensionNames[i]);
      if (static_cast<Extension>(i) == Extension::Size) usual += fmt::format(" {}", behaviour_->size_limit);
    }
  }
  return answer(Step::Ehlo, {}, usual, greeted_);
}

bool ReceiverSession::parameters_offered(std::string_view parameters, bool of_mail) const {
  struct Known {
    std::string_view name;
    Extension extension;
    bool of_mail;
  };
  static constexpr std::array<Known, 7> kKnown{{{"SIZE=", Extension::Size, true},
                                                {"BODY=", Extension::EightBitMime, true},
                                                {"SMTPUTF8", Extension::SmtpUtf8, true},
                                                {"RET=", Extension::Dsn, true},
                                                {"ENVID=", Extension::Dsn, true},
                                                {"NOTIFY=", Extension::Dsn, false},
                                                {"ORCPT=", Extension::Dsn, false}}};
  for (std::string_view word = take_word(parameters); !word.empty(); word = take_word(parameters)) {
    bool good = false;
    for (const auto& known : kKnown) {
      good = good || (known.of_mail == of_mail && behaviour_->offers(known.extension) &&
                      ascii::starts_with_ignoring_case(word, known.name));
    }
    if (!good) return false;
  }
  return true;
}

Next ReceiverSession::on_mail(std::string_view line) {
  std::string_view path;
  std::string_view parameters;
  if (!greeted_ || in_transaction_) {
    count_protocol_violation();
    return refuse(Step::Mail, plain("503 5.5.1 not now"));
  }
  if (!parse_path(line, "MAIL FROM:", path, parameters) || !parameters_offered(parameters, true)) {
    count_protocol_violation();
    return refuse(Step::Mail, plain("555 5.5.4 what is that"));
  }
  if (declared_size(parameters) > behaviour_->size_limit) return refuse(Step::Mail, plain(kTooLarge));
  if (behaviour_->max_messages_per_connection != 0 && messages_ >= behaviour_->max_messages_per_connection) {
    sink_.violated(Violation::Messages);
    Next next = refuse(Step::Mail, behaviour_->messages_reply);
    next.kind = Next::Kind::Close;
    return next;
  }
  if (!sink_.take_message_permit()) {
    sink_.violated(Violation::Rate);
    return refuse(Step::Mail, behaviour_->rate_reply);
  }
  sender_.assign(path);
  // A provider that refuses here wants to know whom it refuses.
  std::vector<std::string> recipients;
  if (facts_.has_provider) recipients = pipelined_recipients();
  return answer(Step::Mail, recipients, plain("250 2.1.0 sender ok"), in_transaction_);
}

Next ReceiverSession::on_rcpt(std::string_view line) {
  std::string_view path;
  std::string_view parameters;
  // A client that pipelines sends RCPT after a refused MAIL in good faith: no violation.
  if (!in_transaction_) return say(plain("503 5.5.1 no sender yet"));
  if (!parse_path(line, "RCPT TO:", path, parameters) || !parameters_offered(parameters, false)) {
    count_protocol_violation();
    return refuse(Step::Rcpt, plain("555 5.5.4 what is that"));
  }
  if (recipients_.size() >= kRecipientsMax) return refuse(Step::Rcpt, plain("452 4.5.3 too many recipients"));
  recipients_.emplace_back(path);
  sink_.named(sender_, path);
  bool accepted = false;
  const Next next = answer(Step::Rcpt, std::span(recipients_).last(1), plain("250 2.1.5 recipient ok"), accepted);
  if (!accepted) recipients_.pop_back();
  return next;
}

Next ReceiverSession::on_data() {
  if (!in_transaction_ || recipients_.empty()) return say(plain("503 5.5.1 no recipients yet"));
  bool accepted = false;
  const Decision decision = decide(*behaviour_, {Step::Data, facts_.source, sender_, recipients_}, rng_, memory_);
  accepted = decision.action == Action::Accept;
  const Next next = give(decision, Step::Data, "354 go ahead");
  if (accepted) {
    state_ = State::Text;
  } else {
    reset_transaction();
  }
  return next;
}

Next ReceiverSession::on_bdat(std::string_view line) {
  std::string_view rest = line.substr(4);
  const std::string_view size = take_word(rest);
  const std::string_view last = take_word(rest);
  if (!behaviour_->offers(Extension::Chunking) || !parse_number(size, chunk_left_) ||
      (!last.empty() && !ascii::equal_ignoring_case(last, "LAST"))) {
    count_protocol_violation();
    return {Next::Kind::Close, {}};  // how many bytes follow is unknown
  }
  last_chunk_ = !last.empty();
  state_ = State::Chunk;
  return {};
}

Next ReceiverSession::on_end_of_data() {
  state_ = State::Command;
  if (bare_lf_) count_protocol_violation();
  ++messages_;
  Next next;
  if (recipients_.empty()) {  // BDAT without a transaction
    next = say(plain("503 5.5.1 no recipients yet"));
  } else if (bytes_ > behaviour_->size_limit) {
    next = refuse(Step::EndOfData, plain(kTooLarge));
  } else if (behaviour_->lmtp) {
    next = on_lmtp_end_of_data();
  } else {
    bool accepted = false;
    const std::string_view usual =
        behaviour_->accept_reply.empty() ? plain("250 2.0.0 accepted") : std::string_view(behaviour_->accept_reply);
    next = answer(Step::EndOfData, recipients_, usual, accepted);
    if (accepted) {
      sink_.arrived({facts_.source, ehlo_, sender_, sim_id_, recipients_, bytes_, content_});
    }
  }
  reset_transaction();
  return next;
}

void ReceiverSession::reset_transaction() {
  in_transaction_ = false;
  sender_.clear();
  recipients_.clear();
  header_ = HeaderState::Inside;
  mid_line_ = bare_lf_ = last_chunk_ = false;
  sim_id_.clear();
  content_.clear();
  chunk_line_.clear();
  bytes_ = 0;
}

}  // namespace penstock::sim
