// SPDX-License-Identifier: Apache-2.0
// The part of ClientSession that carries one message.
//
// Commands are written in groups: all that fit options_.pipeline_bytes_max with PIPELINING, one at a time without. A
// group is written once all answers to the one before are in, so no more answers are on their way than the peer can
// buffer (RFC 2920 §3.1). What the answers mean is decided command by command and is the same either way.
#include <fmt/format.h>

#include <iterator>

#include "base/check.h"
#include "smtp/client_session.h"

namespace penstock::smtp {

using model::OutcomeKind;
using model::Step;

namespace {

OutcomeKind kind_of(const model::Reply& reply) {
  if (reply.positive()) return OutcomeKind::Delivered;
  return reply.permanent() ? OutcomeKind::Bounced : OutcomeKind::Deferred;
}
model::Outcome outcome_of(const model::Reply& reply, Step step) {
  return {kind_of(reply), step, model::class_by_code(reply, step), reply};
}

}  // namespace

void ClientSession::begin(const Transaction& transaction) {
  PENSTOCK_CHECK(phase_ == Phase::Idle && transaction.envelope != nullptr && !transaction.recipients.empty());
  transaction_ = transaction;
  facts_ = find_facts(transaction_, extensions_);
  facts_.size_bytes += transaction_.late_header_bytes;
  const std::size_t count = transaction_.recipients.size();
  outcomes_.resize(count);
  for (model::Outcome& outcome : outcomes_) outcome.kind = OutcomeKind::Deferred;  // until something else is known
  fates_.assign(count, Fate::Open);
  asked_.clear();
  undecided_ = count;
  accepted_ = sent_ = answered_ = 0;
  header_wanted_ = mail_accepted_ = body_complete_ = delivered_ = heard_ = stale_ = false;

  const auto refused = check_message(transaction_, facts_, extensions_, options_);
  for (std::uint32_t slot = 0; slot < count; ++slot) {
    const std::uint32_t index = transaction_.recipients[slot];
    PENSTOCK_CHECK(index < transaction_.envelope->recipients.size());
    const auto& own = refused ? refused : check_recipient(transaction_.envelope->recipients[index], extensions_);
    if (own) {
      decide(slot, *own);
    } else {
      asked_.push_back(slot);
    }
  }
  if (asked_.empty()) return;  // nothing said; Idle still
  ++transactions_;
  rset_first_ = needs_rset_;
  choose_data_way();
  phase_ = Phase::Commands;
  compose_commands();
}

void ClientSession::choose_data_way() {
  // With BDAT an answer to a body nobody takes is one refusal in SMTP, and not defined in LMTP.
  const bool together = options_.chunking && extensions_.chunking && pipelined() && !options_.lmtp &&
                        facts_.size_bytes <= options_.chunk_bytes_max && transaction_.late_header_bytes == 0;
  data_way_ = together ? DataWay::BdatTogether : facts_.binary ? DataWay::BdatAfter : DataWay::Data;
}

std::size_t ClientSession::command_count() const {
  return mail_position() + 1 + asked_.size() + (data_way_ == DataWay::BdatAfter ? 0 : 1);
}

Step ClientSession::step_of(std::size_t position) const {
  const std::size_t mail = mail_position();
  if (position <= mail) return position < mail ? Step::Rset : Step::Mail;
  if (position <= mail + asked_.size()) return Step::Rcpt;
  return data_way_ == DataWay::Data ? Step::Data : Step::EndOfData;
}

// All commands sent so far have their answers.
void ClientSession::continue_transaction() {
  const std::size_t mail = mail_position();
  const bool mail_refused = answered_ > mail && !mail_accepted_;
  const bool all_refused = answered_ > mail + asked_.size() && accepted_ == 0;
  if (mail_refused || all_refused || answered_ > mail + asked_.size() + 1) return finish_transaction();
  if (sent_ < command_count()) return compose_commands();
  start_body();
}

void ClientSession::compose_commands() {
  commands_.clear();
  chunks_.clear();
  start_write(step_of(sent_));
  do {
    append_command(sent_++);
  } while (pipelined() && sent_ < command_count() && commands_.size() < options_.pipeline_bytes_max);
  chunks_.emplace_back(commands_);
  if (sent_ == command_count() && data_way_ == DataWay::BdatTogether) append_plain_body();
}

void ClientSession::append_command(std::size_t position) {
  switch (step_of(position)) {
    case Step::Rset: commands_ += "RSET\r\n"; return;
    case Step::Mail: append_mail_command(commands_, transaction_, facts_, extensions_); return;
    case Step::Rcpt: {
      const std::uint32_t slot = asked_[position - mail_position() - 1];
      const std::uint32_t index = transaction_.recipients[slot];
      append_rcpt_command(commands_, transaction_.envelope->recipients[index], extensions_);
      return;
    }
    case Step::Data: commands_ += "DATA\r\n"; return;
    default: fmt::format_to(std::back_inserter(commands_), "BDAT {} LAST\r\n", facts_.size_bytes); return;
  }
}

void ClientSession::append_plain_body() {
  std::uint64_t size = 0;
  for (const std::string_view part : transaction_.body) {
    if (part.empty()) continue;
    chunks_.push_back(part);
    size += part.size();
  }
  // The size counts the end of a last line that lacks it.
  const std::string_view line_end = "\r\n";
  const std::size_t missing = facts_.size_bytes - size;
  if (missing > 0) chunks_.push_back(line_end.substr(line_end.size() - missing));
}

void ClientSession::start_late_chunk() {
  commands_ = fmt::format("BDAT {} LAST\r\n", facts_.size_bytes);
  chunks_.assign(1, commands_);
  append_plain_body();
  body_complete_ = true;
  start_write(Step::EndOfData);
}

void ClientSession::on_command_reply() {
  const std::size_t position = answered_++;
  switch (step_of(position)) {
    case Step::Rset:
      if (!reply_.positive()) {
        --answered_;
        return fail_misfit();
      }
      needs_rset_ = false;
      return;
    case Step::Mail:
      mail_accepted_ = reply_.positive();
      needs_rset_ = mail_accepted_;
      break;
    case Step::Rcpt:
      if (mail_accepted_ && reply_.positive()) {
        fates_[asked_[position - mail_position() - 1]] = Fate::Accepted;
        ++accepted_;
      }
      break;
    default: return on_data_reply();
  }
  if (reply_.intermediate()) {
    --answered_;
    return fail_misfit();
  }
  if (reply_.positive()) return;
  if (step_of(position) == Step::Mail) return decide_by_reply(Fate::Open, Step::Mail);
  const std::uint32_t slot = asked_[position - mail_position() - 1];
  if (fates_[slot] == Fate::Decided) return;  // MAIL was refused
  decide(slot, outcome_of(reply_, Step::Rcpt));
}

// The answer to DATA, or to BDAT sent together with the other commands.
void ClientSession::on_data_reply() {
  const bool fits = data_way_ == DataWay::Data ? !reply_.positive() : !reply_.intermediate();
  if (!fits && accepted_ > 0) {
    --answered_;
    return fail_misfit();
  }
  if (data_way_ == DataWay::Data && reply_.intermediate()) return start_body();
  // A refused chunk leaves the receiver in a state that only RSET ends for certain.
  if (data_way_ == DataWay::BdatTogether) needs_rset_ = !reply_.positive();
  decide_by_reply(Fate::Accepted, data_way_ == DataWay::Data ? Step::Data : Step::EndOfData);
}

void ClientSession::start_body() {
  if (accepted_ == 0 && options_.lmtp) {
    return fail_protocol("the receiver asks for a message although it took no recipient");
  }
  phase_ = Phase::Body;
  header_wanted_ = accepted_ > 0 && transaction_.late_header_bytes > 0;
  if (!header_wanted_) write_body();
}

void ClientSession::on_header(std::string_view fields) {
  PENSTOCK_CHECK(header_wanted_);
  header_wanted_ = false;
  if (phase_ == Phase::Closed) return;
  facts_.size_bytes += fields.size();
  facts_.size_bytes -= transaction_.late_header_bytes;
  parts_.assign(1, fields);
  parts_.insert(parts_.end(), transaction_.body.begin(), transaction_.body.end());
  transaction_.body = parts_;
  write_body();
}

void ClientSession::write_body() {
  if (data_way_ == DataWay::BdatAfter) return start_late_chunk();
  // Nobody takes the message, and yet it is asked for (RFC 2920 §3.1): an empty one ends this.
  stuffer_ = accepted_ > 0 ? DotStuffer(transaction_.body) : DotStuffer();
  chunks_.clear();
  body_complete_ = stuffer_.fill(chunks_);
  start_write(Step::EndOfData);
}

void ClientSession::on_body_reply() {
  if (accepted_ > 0) {
    if (reply_.intermediate()) return fail_misfit();
    if (options_.lmtp) {
      // RFC 2033 §4.2: one answer for each accepted recipient, in the order of the RCPTs.
      for (const std::uint32_t slot : asked_) {
        if (fates_[slot] != Fate::Accepted) continue;
        decide(slot, outcome_of(reply_, Step::EndOfData));
        break;
      }
      if (undecided_ > 0) return;
    } else {
      decide_by_reply(Fate::Accepted, Step::EndOfData);
    }
  }
  // RFC 5321 §4.1.1.4: the end of data clears all buffers, whatever the answer. BDAT promises that for 2xx only.
  needs_rset_ = data_way_ == DataWay::BdatAfter && !reply_.positive();
  finish_transaction();
}

void ClientSession::decide_by_reply(Fate fate, Step step) {
  const model::Outcome outcome = outcome_of(reply_, step);
  for (const std::uint32_t slot : asked_) {
    if (fates_[slot] == fate) decide(slot, outcome);
  }
}

void ClientSession::decide(std::size_t slot, const model::Outcome& outcome) {
  outcomes_[slot] = outcome;
  fates_[slot] = Fate::Decided;
  --undecided_;
  if (outcome.kind == OutcomeKind::Delivered && !delivered_) {
    delivered_ = true;
    ++messages_;
  }
}

void ClientSession::finish_transaction() {
  PENSTOCK_CHECK(undecided_ == 0);
  phase_ = Phase::Idle;
}

}  // namespace penstock::smtp
