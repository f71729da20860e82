// SPDX-License-Identifier: Apache-2.0
#include "dmarc/record.h"

#include <fmt/format.h>

#include <charconv>

#include "base/ascii.h"
#include "base/check.h"

namespace penstock::dmarc {
namespace {

struct Tag {
  std::string_view name, value;
};

// The next "name = value" of `rest`; false at the end. One without "=" has an empty name.
bool take_tag(std::string_view& rest, Tag& tag) {
  while (!rest.empty()) {
    const std::size_t end = rest.find(';');
    const std::string_view part = ascii::trim(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (part.empty()) continue;
    const std::size_t mark = part.find('=');
    tag = mark == std::string_view::npos ? Tag{{}, part}
                                         : Tag{ascii::trim(part.substr(0, mark)), ascii::trim(part.substr(mark + 1))};
    return true;
  }
  return false;
}

std::optional<Policy> read_policy(std::string_view value) {
  for (const Policy policy : {Policy::None, Policy::Quarantine, Policy::Reject}) {
    if (ascii::equal_ignoring_case(value, to_string(policy))) return policy;
  }
  return std::nullopt;
}

bool read_alignment(std::string_view value, Alignment& out) {
  if (value != "r" && value != "s" && value != "R" && value != "S") return false;
  out = ascii::to_lower(value.front()) == 's' ? Alignment::Strict : Alignment::Relaxed;
  return true;
}

bool read_percent(std::string_view value, std::uint32_t& out) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || number > 100) return false;
  out = number;
  return true;
}

// "mailto:a@example.com!10m, https://…": false when one of them is no URI.
bool read_uris(std::string_view value, std::vector<std::string>& out) {
  bool good = true;
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    std::string_view uri = ascii::trim(value.substr(0, comma));
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    uri = uri.substr(0, uri.find('!'));
    const std::size_t colon = uri.find(':');
    const bool fine = colon != std::string_view::npos && colon > 0 && colon + 1 < uri.size();
    if (fine) out.emplace_back(uri);
    good = good && fine;
  }
  return good;
}

bool read_tag(const Tag& tag, Record& record) {
  if (ascii::equal_ignoring_case(tag.name, "sp")) {
    record.subdomains = read_policy(tag.value);
    return record.subdomains.has_value();
  }
  if (ascii::equal_ignoring_case(tag.name, "adkim")) return read_alignment(tag.value, record.dkim);
  if (ascii::equal_ignoring_case(tag.name, "aspf")) return read_alignment(tag.value, record.spf);
  if (ascii::equal_ignoring_case(tag.name, "pct")) return read_percent(tag.value, record.percent);
  if (ascii::equal_ignoring_case(tag.name, "rua")) return read_uris(tag.value, record.aggregate_to);
  if (ascii::equal_ignoring_case(tag.name, "ruf")) return read_uris(tag.value, record.failures_to);
  return !tag.name.empty();
}

}  // namespace

std::string_view to_string(Policy policy) {
  switch (policy) {
    case Policy::None: return "none";
    case Policy::Quarantine: return "quarantine";
    case Policy::Reject: return "reject";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_dmarc_record(std::string_view text) {
  Tag tag;
  return take_tag(text, tag) && ascii::equal_ignoring_case(tag.name, "v") && tag.value == "DMARC1";
}

Parsed<Record> parse_record(std::string_view text) {
  Record record;
  bool has_policy = false;
  Tag tag;
  (void)take_tag(text, tag);
  while (take_tag(text, tag)) {
    if (ascii::equal_ignoring_case(tag.name, "p")) {
      const auto policy = read_policy(tag.value);
      if (!policy) return tl::unexpected(fmt::format("p={} is no policy", tag.value));
      record.policy = *policy;
      has_policy = true;
    } else if (!read_tag(tag, record)) {
      const std::string_view sign = tag.name.empty() ? "" : "=";
      record.problems.push_back(fmt::format("{}{}{} cannot be read", tag.name, sign, tag.value));
    }
  }
  if (!has_policy) return tl::unexpected(std::string("it has no p="));
  return record;
}

}  // namespace penstock::dmarc
