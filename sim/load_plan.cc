// SPDX-License-Identifier: Apache-2.0
#include "sim/load_plan.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/ascii.h"
#include "base/rng.h"
#include "sim/errc.h"
#include "sim/pattern.h"

namespace penstock::sim {
namespace {

constexpr std::size_t kLine = 76;  // characters, CRLF apart

bool parse_weight(std::string_view text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out > 0;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t comma = text.find(',');
    parts.push_back(ascii::trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

template <class Share>
std::vector<double> bounds_of(const std::vector<Share>& shares) {
  std::vector<double> bounds;
  bounds.reserve(shares.size());
  double sum = 0;
  for (const Share& share : shares) bounds.push_back(sum += share.weight);
  return bounds;
}

std::size_t pick(const std::vector<double>& bounds, Rng& rng) {
  if (bounds.size() == 1) return 0;
  const auto found = std::upper_bound(bounds.begin(), bounds.end(), rng.unit() * bounds.back());
  return std::min(static_cast<std::size_t>(found - bounds.begin()), bounds.size() - 1);
}

std::string make_text(std::uint64_t size, std::uint64_t seed) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789";
  Rng rng(seed);
  std::string text;
  text.reserve(size + kLine);
  while (text.size() < size) {
    for (std::size_t i = 0; i < kLine; ++i) text += kLetters[rng.below(kLetters.size())];
    text += "\r\n";
  }
  return text;
}

}  // namespace

void append_pattern(std::string& out, std::string_view pattern, std::uint64_t n, std::uint64_t i) {
  for (;;) {
    const std::size_t brace = pattern.find('{');
    out.append(pattern.substr(0, brace));
    if (brace == std::string_view::npos) return;
    pattern.remove_prefix(brace);
    const bool known = pattern.starts_with("{n}") || pattern.starts_with("{i}");
    if (known) {
      fmt::format_to(std::back_inserter(out), "{}", pattern[1] == 'n' ? n : i);
    } else {
      out += '{';
    }
    pattern.remove_prefix(known ? 3 : 1);
  }
}

Result<std::vector<SizeShare>> parse_sizes(std::string_view text) {
  std::vector<SizeShare> sizes;
  for (const std::string_view part : split(text)) {
    const std::size_t colon = part.find(':');
    SizeShare share;
    const auto bytes = parse_size(part.substr(0, colon));
    if (!bytes) return fail(Errc::BadArgument, bytes.error());
    share.bytes = *bytes;
    const bool weighted = colon != std::string_view::npos;
    if (share.bytes > LoadPlan::kSizeMax || (weighted && !parse_weight(part.substr(colon + 1), share.weight))) {
      return fail(Errc::BadArgument,
                  fmt::format("\"{}\": sizes are written \"10KiB\" or \"2KiB:50,10KiB:50\", at most 100MiB", part));
    }
    sizes.push_back(share);
  }
  return sizes;
}

Result<std::vector<DomainShare>> parse_domains(std::string_view text) {
  std::vector<DomainShare> domains;
  for (const std::string_view part : split(text)) {
    const std::size_t equals = part.find('=');
    double weight = 1;
    const bool weighted = equals != std::string_view::npos;
    const auto names = expand_family(part.substr(0, equals));
    if (!names) return fail(names.error());
    if (part.empty() || equals == 0 || (weighted && !parse_weight(part.substr(equals + 1), weight))) {
      return fail(Errc::BadArgument, fmt::format("\"{}\": domains are written \"a.test=40,b.test=60\"", part));
    }
    for (const std::string& name : *names) domains.push_back({name, weight / static_cast<double>(names->size())});
  }
  return domains;
}

LoadPlan::LoadPlan(PlanOptions options)
    : options_(std::move(options)),
      size_bounds_(bounds_of(options_.sizes)),
      domain_bounds_(bounds_of(options_.domains)) {
  for (const std::string& header : options_.headers) fixed_ += header + "\r\n";
  const std::time_t now = std::time(nullptr);
  fixed_ += fmt::format(
      "Date: {:%a, %d %b %Y %H:%M:%S} +0000\r\nSubject: load\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=us-ascii\r\n\r\n",
      fmt::gmtime(now));
  std::uint64_t largest = kSizeMin;
  for (const SizeShare& share : options_.sizes) largest = std::max(largest, share.bytes);
  text_ = make_text(largest, options_.seed);
}

void LoadPlan::fill(std::uint64_t number, Draft& draft) const {
  Rng rng(options_.seed + number * 0x9E3779B97F4A7C15ULL);
  const std::uint64_t size = options_.sizes[pick(size_bounds_, rng)].bytes;
  const std::string& domain = options_.domains[pick(domain_bounds_, rng)].name;
  draft.sim_id.assign(options_.run).append("-").append(fmt::format_int(number).c_str());
  draft.sender.clear();
  append_pattern(draft.sender, options_.from, number, 0);
  const std::size_t count = options_.recipients_per_message;
  const std::string_view usual = count > 1 ? "user{n}-{i}" : "user{n}";
  draft.recipients.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    draft.recipients[i].clear();
    append_pattern(draft.recipients[i], options_.recipient.empty() ? usual : options_.recipient, number, i + 1);
    draft.recipients[i].append("@").append(domain);
  }
  std::string& head = draft.head;
  head.assign("X-Sim-Id: ").append(draft.sim_id).append("\r\nFrom: <").append(draft.sender).append(">\r\nTo: <");
  head.append(draft.recipients.front()).append(">\r\nMessage-ID: <").append(draft.sim_id);
  head.append("@load.sim.test>\r\n").append(fixed_);
  const std::uint64_t body = std::max(size > head.size() ? size - head.size() : 0, kSizeMin);
  // Whole lines and a shorter last one would need a copy; whole lines alone are within a line of the size.
  const std::uint64_t lines = std::max<std::uint64_t>(1, body / (kLine + 2));
  draft.body = std::string_view(text_).substr(0, lines * (kLine + 2));
}

}  // namespace penstock::sim
