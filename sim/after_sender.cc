// SPDX-License-Identifier: Apache-2.0
#include "sim/after_sender.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "base/log.h"
#include "net/stream.h"
#include "sim/pattern.h"

namespace penstock::sim {
namespace {

constexpr Duration kStepTimeout{std::chrono::seconds{30}};

std::string date_now() {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(std::time(nullptr)));
}

std::string dot_stuffed(std::string_view text) {
  std::string wire;
  wire.reserve(text.size() + 64);
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && c == '.') wire += '.';
    wire += c;
    line_begins = c == '\n';
  }
  wire += line_begins ? ".\r\n" : "\r\n.\r\n";
  return wire;
}

// Reads one reply; 0 when the link ends first. Nothing is pipelined, so nothing follows it.
net::Task<int> read_code(net::Stream& stream) {
  std::string said;
  std::array<char, 1024> buffer{};
  for (;;) {
    const std::size_t last = said.size() < 2 ? std::string::npos : said.rfind('\n', said.size() - 2);
    const std::size_t begin = last == std::string::npos ? 0 : last + 1;
    if (said.ends_with("\n") && said.size() >= begin + 4 && said[begin + 3] != '-') {
      co_return (said[begin] - '0') * 100 + (said[begin + 1] - '0') * 10 + (said[begin + 2] - '0');
    }
    const net::Io got = co_await stream.read_some(buffer, kStepTimeout);
    if (got.bytes == 0 || said.size() > 64 * 1024) co_return 0;
    said.append(buffer.data(), got.bytes);
  }
}

}  // namespace

void AfterSender::arrived(std::size_t shard, const ReceiverSpec& receiver, const Arrival& arrival) {
  for (const AfterSpec& spec : receiver.after) {
    for (const std::string& recipient : arrival.recipients) {
      if (!matches(spec.recipient, recipient)) continue;
      const std::uint64_t number = number_.fetch_add(1) + 1;
      // Each its own numbers: which shard comes first must not change who complains.
      Rng rng(seed_ ^ std::hash<std::string>{}(recipient) ^ std::hash<std::string_view>{}(arrival.sim_id));
      if (rng.unit() >= spec.share) continue;
      if (spec.kind == AfterKind::Bounce && arrival.sender.empty()) continue;  // nobody to tell
      if (pending_.fetch_add(1) >= kPendingMax) {
        --pending_;
        ++dropped_;
        continue;
      }
      const Original original{std::string(arrival.sender), recipient, std::string(arrival.source), receiver.host,
                              std::string(arrival.content)};
      const bool is_bounce = spec.kind == AfterKind::Bounce;
      AfterMail mail = is_bounce
                           ? make_bounce(spec, spec.formats[number % spec.formats.size()], original, number, date_now())
                           : make_complaint(spec, original, number, date_now());
      shards_[shard].spawn("aftermath", send_later(shard, spec.delay, spec.to, std::move(mail), is_bounce));
    }
  }
}

net::Task<> AfterSender::send_later(std::size_t shard, Duration delay, std::string to, AfterMail mail, bool is_bounce) {
  if (delay > Duration::zero()) co_await net::sleep_for(delay);
  const bool sent = co_await send(shards_[shard], to, mail);
  ++(!sent ? failed_ : is_bounce ? bounces_ : complaints_);
  --pending_;
}

net::Task<bool> AfterSender::send(net::Shard& shard, const std::string& to, const AfterMail& mail) {
  const auto endpoint = net::parse_endpoint(to);
  if (!endpoint) co_return false;  // the scenario was checked; a family of addresses it is not
  auto connected = co_await net::connect(shard, *endpoint, std::string(), kStepTimeout);
  if (!connected) co_return false;
  net::Stream& stream = **connected;
  if (co_await read_code(stream) / 100 != 2) co_return false;
  const std::array<std::string, 5> lines{"EHLO after.sim.test\r\n", fmt::format("MAIL FROM:<{}>\r\n", mail.sender),
                                         fmt::format("RCPT TO:<{}>\r\n", mail.recipient), "DATA\r\n",
                                         dot_stuffed(mail.text)};
  for (const std::string& line : lines) {
    const net::Io written = co_await stream.write(line, kStepTimeout);
    if (written.error) co_return false;
    const int code = co_await read_code(stream);
    if (code / 100 == 2 || code == 354) continue;
    log::warn("sim", "{} answered {} to a report for {}", to, code, mail.recipient);
    co_return false;
  }
  co_await stream.write(std::string_view("QUIT\r\n"), kStepTimeout);
  co_return true;
}

boost::json::object AfterSender::report() const {
  return {{"bounces", bounces_.load()},
          {"complaints", complaints_.load()},
          {"pending", pending_.load()},
          {"failed", failed_.load()},
          {"dropped", dropped_.load()}};
}

void AfterSender::reset() {
  for (auto* count : {&bounces_, &complaints_, &failed_, &dropped_}) count->store(0);
}

}  // namespace penstock::sim
