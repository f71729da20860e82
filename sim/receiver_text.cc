// SPDX-License-Identifier: Apache-2.0
// The part of ReceiverSession that reads message text, in lines (DATA) or chunks (BDAT), and answers it in LMTP.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/ascii.h"
#include "sim/receiver_session.h"

namespace penstock::sim {

// Takes whole lines. Returns true when the closing dot has been taken.
bool ReceiverSession::take_text(std::string_view& unread) {
  constexpr std::size_t kLineMax = 16'384;  // more without an end is taken in pieces
  while (!unread.empty()) {
    const auto* end = static_cast<const char*>(std::memchr(unread.data(), '\n', unread.size()));
    if (!end) {
      if (unread.size() < kLineMax) return false;
      // A CR at the end may belong to the CRLF that is still to come.
      const std::string_view piece = unread.substr(0, unread.size() - (unread.back() == '\r' ? 1 : 0));
      take_text_line(piece, false);
      unread.remove_prefix(piece.size());
      return false;
    }
    const std::string_view line = unread.substr(0, static_cast<std::size_t>(end - unread.data()) + 1);
    unread.remove_prefix(line.size());
    if (!mid_line_ && line == ".\r\n") return true;
    take_text_line(line, true);
  }
  return false;
}

void ReceiverSession::take_text_line(std::string_view line, bool ended) {
  const bool starts_line = !mid_line_;
  mid_line_ = !line.ends_with("\r\n");
  if (ended && mid_line_) bare_lf_ = true;  // and what follows begins no line
  if (starts_line && line.front() == '.') line.remove_prefix(1);
  bytes_ += line.size();
  if (facts_.keep_content) content_.append(line);
  if (header_ == HeaderState::Done || !starts_line) return;
  constexpr std::string_view kName = "X-Sim-Id:";
  if (line == "\r\n") {
    header_ = HeaderState::Done;
  } else if ((line[0] == 'X' || line[0] == 'x') && ascii::starts_with_ignoring_case(line, kName)) {
    sim_id_.assign(ascii::trim(line.substr(kName.size())));
  }
}

// Text in chunks is not dot-stuffed; its lines are looked at until the header ends.
bool ReceiverSession::take_chunk(std::string_view& unread) {
  std::string_view part =
      unread.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, unread.size())));
  unread.remove_prefix(part.size());
  chunk_left_ -= part.size();
  bytes_ += part.size();
  if (facts_.keep_content) content_.append(part);
  while (header_ == HeaderState::Inside && !part.empty()) {
    const std::size_t end = part.find('\n');
    chunk_line_.append(part.substr(0, end));
    if (end == std::string_view::npos) break;
    part.remove_prefix(end + 1);
    constexpr std::string_view kName = "X-Sim-Id:";
    if (chunk_line_ == "\r" || chunk_line_.empty()) header_ = HeaderState::Done;
    if (ascii::starts_with_ignoring_case(chunk_line_, kName)) {
      sim_id_.assign(ascii::trim(std::string_view(chunk_line_).substr(kName.size())));
    }
    chunk_line_.clear();
  }
  if (chunk_left_ > 0) return false;
  state_ = State::Command;
  return true;
}

// One reply per recipient; the first cut ends it. Delays of the recipients add up and come before all replies.
Next ReceiverSession::on_lmtp_end_of_data() {
  std::vector<std::string> taken;
  const std::string before = std::exchange(output_, {});
  std::string replies;
  Duration wait{0};
  Next last;
  for (std::size_t i = 0; i < recipients_.size() && last.kind == Next::Kind::Read; ++i) {
    bool accepted = false;
    const auto one = std::span<const std::string>(recipients_).subspan(i, 1);
    const std::string usual = std::string(plain("250 2.0.0 accepted")) + " for " + one.front();
    last = answer(Step::EndOfData, one, usual, accepted);
    if (last.kind == Next::Kind::Wait) {
      wait += last.wait;
      last = after_hold_;
    }
    replies += output_ + held_;
    output_.clear();
    held_.clear();
    if (accepted) taken.push_back(one.front());
  }
  if (!taken.empty()) sink_.arrived({facts_.source, ehlo_, sender_, sim_id_, taken, bytes_, content_});
  output_ = before;
  holding_ = wait > Duration::zero();
  (holding_ ? held_ : output_) += replies;
  after_hold_ = last;
  return holding_ ? Next{Next::Kind::Wait, wait} : last;
}

}  // namespace penstock::sim
