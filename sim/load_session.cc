// SPDX-License-Identifier: Apache-2.0
#include "sim/load_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/ascii.h"

namespace penstock::sim {
namespace {

using Instant = std::chrono::steady_clock::time_point;
using namespace std::chrono_literals;

constexpr std::size_t kInput = 16 * 1024;  // more than any reply that makes sense
constexpr std::size_t kReasonsMax = 200;   // different texts; what comes above counts under "other"

Duration since(Instant begun) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun);
}

void count(std::map<std::string, std::uint64_t>& reasons, std::string text, std::uint64_t by) {
  if (reasons.size() >= kReasonsMax && !reasons.contains(text)) text = "other";
  reasons[std::move(text)] += by;
}

}  // namespace

LoadSession::LoadSession(Load& load, std::size_t number)
    : load_(load), number_(number), part_(*load.parts_[number % load.parts_.size()]), input_(kInput, '\0') {}

net::Task<> LoadSession::run() {
  Instant due;
  while (load_.claim(due)) {
    if (const auto wait = due - std::chrono::steady_clock::now(); wait > Duration::zero()) {
      co_await net::sleep_for(std::chrono::duration_cast<Duration>(wait));
    }
    if (!stream_ && !co_await open_patiently()) {
      load_.give_back();
      co_return;
    }
    load_.plan_.fill(load_.next_number(), draft_);
    const Fate fate = co_await transact();
    if (fate == Fate::Lost) {
      load_.give_back();
    } else {
      part_.settled.fetch_add(1, std::memory_order_relaxed);
    }
    ++sent_here_;
    if (fate != Fate::Settled) {
      stream_.reset();
    } else if (sent_here_ == load_.options_.messages_per_session) {
      co_await close();
    }
  }
  co_await close();
}

net::Task<bool> LoadSession::open_patiently() {
  const Instant begun = std::chrono::steady_clock::now();
  Duration pause = 20ms;
  while (!co_await open()) {
    stream_.reset();
    if (since(begun) + pause > load_.options_.retry_for || load_.stopping_.load()) co_return false;
    co_await net::sleep_for(pause);
    pause = std::min<Duration>(pause * 2, 500ms);
  }
  co_return true;
}

net::Task<bool> LoadSession::open() {
  const LoadOptions& options = load_.options_;
  net::Shard& shard = (*load_.shards_)[number_ % load_.shards_->size()];
  const std::string source =
      options.sources.empty() ? std::string() : options.sources[number_ % options.sources.size()];
  auto connected = co_await net::connect(shard, options.to[number_ % options.to.size()], source, options.timeout);
  if (!connected) {
    fail_because("connect", connected.error().code.message());
    co_return false;
  }
  stream_ = std::move(*connected);
  read_ = filled_ = 0;
  sent_here_ = 0;
  ++part_.counts.connections;
  Reply reply = co_await next_reply();
  if (reply.code / 100 != 2) {
    fail_because("banner", reply.code == 0 ? why_lost_ : reply.text);
    co_return false;
  }
  const std::string hello = "EHLO " + options.ehlo + "\r\n";
  reply = {};
  if (co_await say(hello)) reply = co_await next_reply();
  if (reply.code / 100 != 2) {
    fail_because("ehlo", reply.code == 0 ? why_lost_ : reply.text);
    co_return false;
  }
  pipelining_ = options.pipelining && reply.text.find("PIPELINING") != std::string_view::npos;
  co_return true;
}

net::Task<> LoadSession::close() {
  if (!stream_) co_return;
  const bool said = co_await say("QUIT\r\n");
  if (said) co_await next_reply();
  stream_.reset();
}

net::Task<bool> LoadSession::say(std::string_view bytes) {
  const net::Io written = co_await stream_->write(bytes, load_.options_.timeout);
  if (written.error) why_lost_ = written.to_string();
  co_return !written.error;
}

// A reply ends with the first line that has no hyphen behind its code.
bool LoadSession::take_reply(Reply& reply) {
  const std::string_view unread(input_.data() + read_, filled_ - read_);
  std::size_t line = 0;
  for (std::size_t end = unread.find('\n'); end != std::string_view::npos; end = unread.find('\n', line)) {
    const bool last = end - line < 4 || unread[line + 3] != '-';
    if (last) {
      reply.code = 0;
      for (std::size_t i = line; i < line + 3 && i < end; ++i) {
        reply.code = ascii::is_digit(unread[i]) ? reply.code * 10 + (unread[i] - '0') : 999;
      }
      reply.text = ascii::trim(unread.substr(0, end));
      read_ += end + 1;
      return true;
    }
    line = end + 1;
  }
  return false;
}

net::Task<LoadSession::Reply> LoadSession::next_reply() {
  Reply reply;
  while (!take_reply(reply)) {
    if (read_ > 0) {
      std::memmove(input_.data(), input_.data() + read_, filled_ - read_);
      filled_ -= read_;
      read_ = 0;
    }
    if (filled_ == input_.size()) {
      why_lost_ = "endless reply";
      co_return Reply{};
    }
    const net::Io got =
        co_await stream_->read_some({input_.data() + filled_, input_.size() - filled_}, load_.options_.timeout);
    if (got.bytes == 0) {
      why_lost_ = got.to_string();
      co_return Reply{};
    }
    filled_ += got.bytes;
  }
  co_return reply;
}

// Position 0 is MAIL, then one per recipient, the last is DATA.
void LoadSession::append_command(std::size_t position) {
  if (position == 0) {
    commands_.append("MAIL FROM:<").append(draft_.sender).append(">\r\n");
  } else if (position <= draft_.recipients.size()) {
    commands_.append("RCPT TO:<").append(draft_.recipients[position - 1]).append(">\r\n");
  } else {
    commands_.append("DATA\r\n");
  }
}

void LoadSession::note_answer(std::size_t position, const Reply& reply) {
  const bool positive = reply.code / 100 == 2;
  const std::size_t recipients = draft_.recipients.size();
  if (reply.code == 421) closing_ = true;
  if (position == 0) {
    mail_taken_ = positive;
    if (!positive) refuse("mail", reply.text, recipients);
  } else if (position <= recipients) {
    if (!mail_taken_) return;  // told already
    taken_[position - 1] = positive;
    if (positive) {
      ++taken_count_;
    } else {
      refuse("rcpt", reply.text, 1);
    }
    // The server leaves: neither those that it took nor those it has not answered get any further.
    if (closing_) refuse("rcpt", reply.text, taken_count_ + recipients - position);
  } else {
    data_code_ = reply.code;
    if (data_code_ != 354 && taken_count_ > 0) refuse("data", reply.text, taken_count_);
  }
}

net::Task<bool> LoadSession::exchange_envelope() {
  const std::size_t commands = draft_.recipients.size() + 2;
  commands_.clear();
  if (pipelining_) {
    for (std::size_t i = 0; i < commands; ++i) append_command(i);
    if (!co_await say(commands_)) co_return false;
  }
  for (std::size_t i = 0; i < commands && !closing_; ++i) {
    if (!pipelining_) {
      if (i > 0 && (!mail_taken_ || (i + 1 == commands && taken_count_ == 0))) break;
      commands_.clear();
      append_command(i);
      if (!co_await say(commands_)) co_return false;
    }
    const Reply reply = co_await next_reply();
    if (reply.code == 0) co_return false;
    note_answer(i, reply);
  }
  co_return true;
}

net::Task<LoadSession::Fate> LoadSession::exchange_text() {
  constexpr std::string_view kEnd = ".\r\n";
  // A server may take DATA though it took no recipient (RFC 2920 §3.1): it gets an empty message then.
  const bool empty = taken_count_ == 0;
  const std::array<std::string_view, 3> chunks{empty ? std::string_view() : draft_.head,
                                               empty ? std::string_view() : draft_.body, kEnd};
  const net::Io written = co_await stream_->write(chunks, load_.options_.timeout);
  if (written.error) why_lost_ = written.to_string();
  Reply reply;
  if (!written.error) reply = co_await next_reply();
  if (reply.code == 0) co_return lose();
  if (empty) {
    ++part_.counts.refused;
    co_return reply.code == 421 ? Fate::SettledAndClosed : Fate::Settled;
  }
  co_return settle(reply);
}

net::Task<LoadSession::Fate> LoadSession::transact() {
  begun_ = std::chrono::steady_clock::now();
  mail_taken_ = closing_ = false;
  data_code_ = 0;
  taken_.assign(draft_.recipients.size(), false);
  taken_count_ = refused_count_ = 0;
  if (!co_await exchange_envelope()) co_return lose();
  if (data_code_ == 354 && !closing_) co_return co_await exchange_text();
  ++part_.counts.refused;
  if (closing_) co_return Fate::SettledAndClosed;
  if (!mail_taken_) co_return Fate::Settled;
  if (!co_await say("RSET\r\n")) co_return Fate::SettledAndClosed;
  const Reply reply = co_await next_reply();
  co_return reply.code / 100 == 2 ? Fate::Settled : Fate::SettledAndClosed;
}

LoadSession::Fate LoadSession::settle(const Reply& final) {
  LoadCounts& counts = part_.counts;
  if (final.code / 100 == 2) {
    counts.latencies.add(since(begun_));
    ++counts.acknowledged;
    counts.recipients_acknowledged += taken_count_;
    for (std::size_t i = 0; i < taken_.size() && load_.ledger_.is_open(); ++i) {
      if (taken_[i]) load_.ledger_.add(draft_.sim_id, draft_.recipients[i]);
    }
  } else {
    ++counts.refused;
    refuse("end-of-data", final.text, taken_count_);
  }
  return final.code == 421 ? Fate::SettledAndClosed : Fate::Settled;
}

LoadSession::Fate LoadSession::lose() {
  ++part_.counts.unknown;
  part_.counts.recipients_unknown += draft_.recipients.size() - refused_count_;
  fail_because("link lost", why_lost_);
  return Fate::Lost;
}

void LoadSession::refuse(std::string_view step, std::string_view text, std::size_t recipients) {
  if (recipients == 0) return;
  refused_count_ += recipients;
  part_.counts.recipients_refused += recipients;
  count(part_.counts.refusals, fmt::format("{}: {}", step, text), recipients);
}

void LoadSession::fail_because(std::string_view step, std::string_view why) {
  count(part_.counts.failures, fmt::format("{}: {}", step, why), 1);
}

}  // namespace penstock::sim
