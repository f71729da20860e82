// SPDX-License-Identifier: Apache-2.0
#include "preflight/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "dns/name.h"
#include "net/deadline.h"
#include "smtp/reply_parser.h"

namespace penstock::preflight {
namespace {

// One reply, or why there is none.
net::Task<tl::expected<model::Reply, std::string>> read_reply(net::Stream& stream, smtp::ReplyParser& parser,
                                                              std::string& rest, Duration timeout) {
  std::array<char, 2048> buffer{};
  const net::Deadline deadline(timeout);
  while (true) {
    std::string_view bytes = rest;
    const auto got = parser.take(bytes);
    rest.erase(0, rest.size() - bytes.size());
    if (got == smtp::ReplyParser::Got::Reply) co_return std::move(parser.reply());
    if (got == smtp::ReplyParser::Got::Unreadable) co_return tl::unexpected(parser.problem());
    const net::Io io = co_await stream.read_some(buffer, deadline.left());
    if (io.bytes == 0) co_return tl::unexpected(io.to_string());
    rest.append(buffer.data(), io.bytes);
  }
}

}  // namespace

net::Task<dns::Answer> ask(const World& world, dns::RecordType type, std::string name) {
  dns::Answer answer;
  auto normal = dns::normalize_name(name);
  if (!normal) {
    answer.status = dns::Status::NxDomain;
    co_return answer;
  }
  dns::Question question{std::move(*normal), type};
  const auto got = co_await world.resolver.lookup(world.shard, std::move(question));
  if (got) co_return **got;
  answer.why = got.error().to_string();
  co_return answer;
}

net::Task<dns::Answer> ask_addresses(const World& world, std::string name) {
  dns::Answer v4 = co_await ask(world, dns::RecordType::A, name);
  dns::Answer v6 = co_await ask(world, dns::RecordType::Aaaa, name);
  if (v4.status != dns::Status::Found && (v6.status == dns::Status::Found || dns::is_temporary(v6.status))) {
    co_return v6;
  }
  if (v6.status == dns::Status::Found) v4.records.insert(v4.records.end(), v6.records.begin(), v6.records.end());
  co_return v4;
}

std::vector<std::string> values(const dns::Answer& answer) {
  std::vector<std::string> all;
  for (const dns::Record& record : answer.records) all.push_back(record.value);
  return all;
}

std::string trouble_of(const dns::Answer& answer) {
  return fmt::format("DNS could not tell: {}{}{}", dns::to_string(answer.status), answer.why.empty() ? "" : ": ",
                     answer.why);
}

std::string list_words(const std::vector<std::string>& words, std::size_t most) {
  const std::size_t shown = words.size() > most + 1 ? most : words.size();
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == words.size();
    text += fmt::format("{}{}", i == 0 ? "" : last ? " and " : ", ", words[i]);
  }
  if (shown < words.size()) text += fmt::format(" and {} more", words.size() - shown);
  return text;
}

net::Task<Talk> talk(const World& world, net::Endpoint remote, std::string source, std::vector<std::string> commands) {
  const Duration timeout = world.config.preflight.timeout;
  Talk out;
  auto stream = co_await net::connect(world.shard, std::move(remote), std::move(source), timeout);
  if (!stream) {
    out.trouble = "no connection: " + stream.error().code.message();
    co_return out;
  }
  smtp::ReplyParser parser;
  std::string rest;
  for (std::size_t next = 0;; ++next) {
    auto reply = co_await read_reply(**stream, parser, rest, timeout);
    if (!reply) {
      out.trouble = (next == 0 ? "no banner: " : "no answer: ") + reply.error();
      co_return out;
    }
    out.replies.push_back(std::move(*reply));
    const bool greeting = next <= 1;
    if (next == commands.size() || (greeting && !out.replies.back().positive())) break;
    const std::string line = commands[next] + "\r\n";
    const net::Io sent = co_await (*stream)->write(line, timeout);
    if (sent.error || sent.closed) {
      out.trouble = "the connection broke: " + sent.to_string();
      co_return out;
    }
  }
  // Good manners; what is answered does not matter.
  const std::string_view quit = "QUIT\r\n";
  (void)co_await (*stream)->write(quit, timeout);
  co_return out;
}

}  // namespace penstock::preflight
