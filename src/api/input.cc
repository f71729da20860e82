// SPDX-License-Identifier: Apache-2.0
#include "api/input.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "api/time_text.h"
#include "base/ascii.h"
#include "base/units.h"

namespace penstock::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kShownMax = 60;  // of a wrong value, in a message

std::string shown(std::string_view given) {
  if (given.size() <= kShownMax) return std::string(given);
  return std::string(given.substr(0, kShownMax)) + "…";
}

bool has_control(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  }
  return false;
}

std::optional<std::uint64_t> to_number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
  return value;
}

}  // namespace

Asked<Input> Input::from_body(std::string_view text) {
  if (ascii::trim(text).empty()) return Input(From::Body, {});
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 8;
  json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return refuse(Errc::BadRequest, "the body is not JSON: " + error.message());
  if (!value.is_object()) return refuse(Errc::BadRequest, "the body is not a JSON object");
  return Input(From::Body, std::move(value.as_object()));
}

Input Input::from_query(const std::vector<std::pair<std::string, std::string>>& query) {
  Input input(From::Query, {});
  for (const auto& [name, value] : query) {
    if (input.values_.contains(name)) {
      input.refuse_with({Errc::BadRequest, fmt::format("\"{}\" is given twice", shown(name)), ""});
    }
    input.values_[name] = value;
  }
  return input;
}

const json::value* Input::take(std::string_view name) {
  known_.push_back(name);
  const json::value* found = values_.if_contains({name.data(), name.size()});
  return found != nullptr && found->is_null() ? nullptr : found;
}

void Input::refuse_with(Problem problem) {
  if (!problem_) problem_ = std::move(problem);
}

void Input::complain(std::string_view name, std::string_view expected, std::string_view given) {
  refuse_with(
      {Errc::BadRequest, fmt::format("\"{}{}\" is {}; expected {}", within_, name, shown(given), expected), ""});
}

std::string Input::text(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return {};
  if (!value->is_string()) {
    complain(name, "a string", json::serialize(*value));
    return {};
  }
  std::string text(value->as_string());
  if (text.size() > kTextMax) {
    complain(name, fmt::format("at most {} bytes", kTextMax), fmt::format("{} bytes long", text.size()));
    return {};
  }
  if (has_control(text)) {
    complain(name, "text without control characters", json::serialize(*value));
    return {};
  }
  return text;
}

std::optional<std::string> Input::raw_text(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->as_string());
  complain(name, "a string", json::serialize(*value));
  return std::nullopt;
}

std::vector<std::string> Input::list(std::string_view name) {
  std::vector<std::string> items;
  const json::value* value = take(name);
  if (value == nullptr) return items;
  if (from_ == From::Query) {
    std::string_view rest = value->as_string();
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      if (comma != 0) items.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return items;
  }
  if (!value->is_array()) complain(name, "an array of strings", json::serialize(*value));
  if (!value->is_array()) return items;
  for (const json::value& item : value->as_array()) {
    if (item.is_string()) items.emplace_back(item.as_string());
    if (!item.is_string()) complain(name, "an array of strings", json::serialize(*value));
  }
  return items;
}

bool Input::flag(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->as_bool();
  if (from_ == From::Query) {
    const std::string_view text = value->as_string();
    if (text == "true" || text.empty()) return true;
    if (text == "false") return false;
  }
  complain(name, "true or false", json::serialize(*value));
  return false;
}

std::optional<std::uint64_t> Input::number(std::string_view name) {
  const json::value* value = take(name);
  if (value == nullptr) return std::nullopt;
  std::optional<std::uint64_t> number;
  if (value->is_int64() && value->as_int64() >= 0) number = static_cast<std::uint64_t>(value->as_int64());
  if (value->is_uint64()) number = value->as_uint64();
  if (from_ == From::Query) number = to_number(value->as_string());
  if (!number) complain(name, "a whole number", json::serialize(*value));
  return number;
}

std::uint64_t Input::number(std::string_view name, std::uint64_t fallback, std::uint64_t least, std::uint64_t most) {
  const std::uint64_t value = number(name).value_or(fallback);
  if (value >= least && value <= most) return value;
  complain(name, fmt::format("{} to {}", least, most), std::to_string(value));
  return fallback;
}

Duration Input::duration(std::string_view name, Duration fallback, Duration most) {
  const std::string given = text(name);
  if (given.empty()) return fallback;
  const auto duration = parse_duration(given);
  if (!duration) complain(name, "a duration as \"30s\" or \"1h30m\"", given);
  if (!duration) return fallback;
  if (*duration <= most) return *duration;
  complain(name, "at most " + format_duration(most), given);
  return fallback;
}

Time Input::time(std::string_view name, Time now, int direction) {
  const std::string given = text(name);
  if (given.empty()) return Time{};
  if (const auto time = parse_time(given)) return *time;
  if (const auto span = parse_duration(given)) return now + direction * *span;
  complain(name, "a time as \"2026-11-24T08:20:00Z\", or a duration as \"2h\"", given);
  return Time{};
}

Time Input::time_before(std::string_view name, Time now) {
  return time(name, now, -1);
}

Time Input::time_after(std::string_view name, Time now) {
  return time(name, now, 1);
}

std::optional<model::MessageId> Input::message_id(std::string_view name) {
  const std::string given = text(name);
  if (given.empty()) return std::nullopt;
  const auto id = model::parse_message_id(given);
  if (!id) complain(name, fmt::format("a message id, which has {}", model::message_id_form()), given);
  return id;
}

Selection Input::read_criteria() {
  Selection selection;
  selection.stream = text("stream");
  selection.tenant = text("tenant");
  selection.campaign = text("campaign");
  selection.domain = ascii::lower(text("domain"));
  selection.provider = text("provider");
  selection.vmta = text("vmta");
  selection.path = text("path");
  selection.message = message_id("message");
  selection.recipient = text("recipient");
  selection.all = flag("all");
  if (!selection.recipient.empty() && selection.recipient.find('@') == std::string::npos) {
    complain("recipient", "an address with \"@\"", selection.recipient);
  }
  if (selection.all && !selection.empty()) {
    refuse_with({Errc::BadRequest, "\"all\" and other criteria contradict each other", "leave out \"all\""});
  }
  return selection;
}

Selection Input::selection() {
  if (from_ == From::Query) return read_criteria();
  const json::value* value = take("selection");
  if (value == nullptr) return {};
  if (!value->is_object()) {
    complain("selection", "an object", json::serialize(*value));
    return {};
  }
  Input inner(From::Body, value->as_object());
  inner.within_ = "selection.";
  Selection selection = inner.read_criteria();
  if (auto read = inner.finish(); !read) refuse_with(std::move(read.error()));
  return selection;
}

Asked<> Input::finish() {
  if (problem_) return tl::unexpected<Problem>(*problem_);
  for (const auto& member : values_) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const std::string_view nearest = nearest_word(name, known_);
    const std::string known = known_.empty() ? "none is known here" : "known are " + join_words(known_);
    return refuse(Errc::BadRequest, fmt::format("unknown parameter \"{}{}\"", within_, shown(name)),
                  nearest.empty() ? known : fmt::format("did you mean \"{}\"?", nearest));
  }
  return {};
}

}  // namespace penstock::api
