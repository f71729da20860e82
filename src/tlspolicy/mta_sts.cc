// SPDX-License-Identifier: Apache-2.0
#include "tlspolicy/mta_sts.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace penstock::tlspolicy {
namespace {

constexpr std::uint64_t kLongestSeconds = 31'557'600;  // §3.2
constexpr std::size_t kIdBytesMax = 32;

// The part before the first `mark`; the rest stays in `text`.
std::string_view cut(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  const std::string_view first = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return first;
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kIdBytesMax && std::all_of(id.begin(), id.end(), ascii::is_alnum);
}

// Of ASCII letters, digits, "-" and dots, no label empty, at least two labels; "*." may stand in front.
bool is_host_pattern(std::string_view pattern) {
  if (pattern.starts_with("*.")) pattern.remove_prefix(2);
  if (pattern.size() > 253 || pattern.find('.') == std::string_view::npos) return false;
  while (!pattern.empty()) {
    const bool more = pattern.find('.') != std::string_view::npos;
    const std::string_view label = cut(pattern, '.');
    const bool good = !label.empty() && label.size() <= 63 && std::all_of(label.begin(), label.end(), [](char c) {
      return ascii::is_alnum(c) || c == '-' || c == '_';
    });
    if (!good || (more && pattern.empty())) return false;
  }
  return true;
}

std::string_view without_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

// Fields as they come; the first of each name counts, but for mx (§3.2).
class Reader {
 public:
  tl::expected<StsPolicy, std::string> read(std::string_view text) {
    while (!text.empty()) {
      std::string_view line = cut(text, '\n');
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() && text.empty()) break;
      std::string_view rest = line;
      const std::string_view key = cut(rest, ':');
      if (key.size() == line.size() || key.empty()) return tl::unexpected(std::string("a line without a key"));
      take(key, ascii::trim(rest));
      if (!wrong_.empty()) return tl::unexpected(wrong_);
    }
    if (!version_) return tl::unexpected(std::string("no version: STSv1"));
    if (!mode_) return tl::unexpected(std::string("no mode"));
    if (!age_) return tl::unexpected(std::string("no max_age"));
    if (policy_.hosts.empty() && policy_.mode != StsMode::None) return tl::unexpected(std::string("no mx"));
    return std::move(policy_);
  }

 private:
  void take(std::string_view key, std::string_view value) {
    if (key == "version" && !version_) return take_version(value);
    if (key == "mode" && !mode_) return take_mode(value);
    if (key == "max_age" && !age_) return take_age(value);
    if (key == "mx") take_host(value);
  }
  void take_version(std::string_view value) {
    version_ = true;
    if (value != "STSv1") wrong_ = "another version than STSv1";
  }
  void take_mode(std::string_view value) {
    mode_ = true;
    if (value == "enforce") {
      policy_.mode = StsMode::Enforce;
    } else if (value == "testing") {
      policy_.mode = StsMode::Testing;
    } else if (value != "none") {
      wrong_ = "a mode that is not known";
    }
  }
  void take_age(std::string_view value) {
    age_ = true;
    std::uint64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{} || end != value.data() + value.size() || value.size() > 10) {
      wrong_ = "a max_age that is no number of seconds";
      return;
    }
    policy_.max_age = std::chrono::seconds(std::min(seconds, kLongestSeconds));
  }
  void take_host(std::string_view value) {
    if (!is_host_pattern(value)) {
      wrong_ = "an mx that is no host name";
    } else if (policy_.hosts.size() == StsPolicy::kHostsMax) {
      wrong_ = "too many mx";
    } else {
      policy_.hosts.push_back(ascii::lower(value));
    }
  }

  StsPolicy policy_;
  std::string wrong_;
  bool version_ = false, mode_ = false, age_ = false;
};

}  // namespace

std::optional<std::string> parse_sts_record(std::span<const std::string> txts) {
  const std::string* only = nullptr;
  for (const std::string& txt : txts) {
    const std::string_view text(txt);
    if (ascii::trim(text.substr(0, text.find(';'))) != "v=STSv1") continue;
    if (only != nullptr) return std::nullopt;
    only = &txt;
  }
  if (only == nullptr) return std::nullopt;
  std::string_view rest = *only;
  std::optional<std::string> id;
  while (!rest.empty()) {
    std::string_view value = ascii::trim(cut(rest, ';'));
    if (ascii::trim(cut(value, '=')) != "id") continue;
    value = ascii::trim(value);
    if (id || !is_id(value)) return std::nullopt;
    id = std::string(value);
  }
  return id;
}

std::string_view to_string(StsMode mode) {
  switch (mode) {
    case StsMode::None: return "none";
    case StsMode::Testing: return "testing";
    case StsMode::Enforce: return "enforce";
  }
  return "none";
}

bool StsPolicy::allows(std::string_view host) const {
  host = without_dot(host);
  const std::size_t dot = host.find('.');
  const std::string_view above = dot == std::string_view::npos || dot == 0 ? std::string_view() : host.substr(dot);
  return std::any_of(hosts.begin(), hosts.end(), [&](std::string_view pattern) {
    if (pattern.starts_with("*.")) return !above.empty() && ascii::equal_ignoring_case(above, pattern.substr(1));
    return ascii::equal_ignoring_case(host, pattern);
  });
}

tl::expected<StsPolicy, std::string> parse_sts_policy(std::string_view text) {
  if (text.size() > StsPolicy::kPolicyBytesMax) return tl::unexpected(std::string("more than 64 KiB"));
  return Reader().read(text);
}

}  // namespace penstock::tlspolicy
