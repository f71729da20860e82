// SPDX-License-Identifier: Apache-2.0
// Checks of streams, and which of them can never be chosen.
#include <algorithm>

#include "base/ascii.h"
#include "config/check.h"
#include "config/checker.h"

namespace penstock::config {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Texts = std::vector<std::string>;

// Whatever fits the second list of alternatives fits the first. No alternatives: anything fits.
bool covers(const Texts& first, const Texts& second) {
  if (first.empty() || std::find(first.begin(), first.end(), "*") != first.end()) return true;
  return !second.empty() && std::all_of(second.begin(), second.end(), [&](const std::string& one) {
    return std::any_of(first.begin(), first.end(),
                       [&](const auto& other) { return ascii::equal_ignoring_case(one, other); });
  });
}

// Whatever fits all of the second fits all of the first.
bool covers(const Pairs& first, const Pairs& second) {
  return std::all_of(first.begin(), first.end(), [&](const auto& wanted) {
    return std::any_of(second.begin(), second.end(), [&](const auto& given) {
      return ascii::equal_ignoring_case(wanted.first, given.first) &&
             (wanted.second == "*" || ascii::equal_ignoring_case(wanted.second, given.second));
    });
  });
}

void check_dead(const Config& config, std::size_t i, const Entity& entity, Checker& checker) {
  const Stream& stream = config.streams[i];
  if (stream.match.empty()) return;
  for (std::size_t earlier = 0; earlier < i; ++earlier) {
    const Stream& other = config.streams[earlier];
    if (other.match.empty() || !shadows(other.match, stream.match)) continue;
    checker.warn(entity, "match",
                 fmt::format("match of stream \"{}\" is a dead rule: stream \"{}\" at {} takes all of it", stream.name,
                             other.name, checker.where(Checker::entity("stream", earlier, ""), "match")),
                 fmt::format("put stream \"{}\" first, or narrow the other", stream.name));
    return;
  }
}

void check_retry(const Stream& stream, const Entity& entity, Checker& checker) {
  const Retry& retry = stream.retry;
  const bool growth = checker.given(entity, "retry.first") || checker.given(entity, "retry.factor") ||
                      checker.given(entity, "retry.cap");
  if (!retry.schedule.empty() && growth) {
    checker.error(entity, "retry", fmt::format("retry of stream \"{}\" has a schedule and growth", stream.name),
                  "give either schedule, or first, factor and cap");
  }
  if (retry.schedule.empty() && retry.cap < retry.first) {
    checker.error(entity, checker.given(entity, "retry.cap") ? "retry.cap" : "retry.first",
                  "cap must not be shorter than first");
  }
  const Duration first = retry.schedule.empty() ? retry.first : retry.schedule.front();
  if (first >= retry.expire) {
    checker.error(entity, "retry.expire",
                  fmt::format("stream \"{}\" never tries twice: the first wait, {}, is not shorter than expire, {}",
                              stream.name, format_duration(first), format_duration(retry.expire)));
  }
  // The usual delay is nobody's mistake: mail that expires sooner has no such notice.
  if (stream.dsn_delay_after != Stream{}.dsn_delay_after && stream.dsn_delay_after >= retry.expire) {
    checker.error(
        entity, "dsn_delay_after",
        fmt::format("dsn_delay_after must be shorter than retry.expire, which is {}", format_duration(retry.expire)));
  }
}

void check_unsubscribe(const Config& config, const Stream& stream, const Entity& entity, Checker& checker) {
  if (stream.unsubscribe.add == UnsubscribeAdd::Off) return;
  if (stream.unsubscribe.url.empty()) {
    checker.error(entity, "unsubscribe.add", fmt::format("stream \"{}\" adds links without a url", stream.name),
                  "add unsubscribe.url = \"https://unsubscribe.example.com/\"");
  }
  if (!config.unsubscribe.enabled()) {
    checker.warn(entity, "unsubscribe.add",
                 fmt::format("stream \"{}\" adds links that this node does not answer: [unsubscribe] has no address",
                             stream.name),
                 "add [unsubscribe] with address = \"127.0.0.1:8025\", where a reverse proxy finds it");
  }
}

void check_stream(const Config& config, std::size_t i, Checker& checker) {
  const Stream& stream = config.streams[i];
  const Entity entity = Checker::entity("stream", i, stream.name);
  const std::string of = fmt::format("stream \"{}\"", stream.name);
  checker.expect_known(entity, "pool", stream.pool, "pool", Checker::names_of(config.pools), of);
  checker.expect_known(entity, "dsn_stream", stream.dsn_stream, "stream", Checker::names_of(config.streams), of);
  for (const std::string& listener : stream.match.listener) {
    checker.expect_known(entity, "match.listener", listener, "listener", Checker::names_of(config.listeners), of);
  }
  // Who writes out the usual delay or "off" expects no notice either.
  const Duration delay = stream.dsn_delay_after;
  const bool expects_notices = delay != Duration::zero() && delay != Stream{}.dsn_delay_after;
  if (stream.dsn == DsnPolicy::Off && expects_notices) {
    checker.warn(entity, "dsn_delay_after", "dsn_delay_after has no effect when dsn is \"off\"");
  }
  if (stream.bulk_rules == BulkRules::Refuse && stream.dkim.empty()) {
    checker.warn(entity, "bulk_rules",
                 fmt::format("{} does not sign, so it refuses every message that was not signed before", of),
                 "give it dkim = \"from\" and a [[dkim]] key");
  }
  if (stream.bulk_rules == BulkRules::Off && !stream.feedback_id.empty()) {
    checker.warn(entity, "feedback_id", "feedback_id has no effect while bulk_rules is \"off\"");
  }
  check_unsubscribe(config, stream, entity, checker);
  check_retry(stream, entity, checker);
  check_dead(config, i, entity, checker);
}

}  // namespace

bool shadows(const Match& first, const Match& second) {
  return covers(first.header, second.header) && covers(first.field, second.field) &&
         covers(first.sender, second.sender) && covers(first.listener, second.listener) &&
         covers(first.auth_user, second.auth_user);
}

void check_streams(const Config& config, Checker& checker) {
  checker.expect_unique("stream", config.streams);
  if (config.streams.empty()) {
    checker.error({"", "stream"}, "", "no mail can go out: there is no [[stream]]",
                  "add [[stream]] with name = \"default\" and a pool");
  }
  for (std::size_t i = 0; i < config.streams.size(); ++i) check_stream(config, i, checker);
}

}  // namespace penstock::config
