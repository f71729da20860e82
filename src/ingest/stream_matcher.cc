// SPDX-License-Identifier: Apache-2.0
#include "ingest/stream_matcher.h"

#include <algorithm>

#include "base/ascii.h"
#include "mime/header.h"

namespace penstock::ingest {
namespace {

bool any_fits(std::string_view text, const std::vector<std::string>& patterns) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const auto& pattern) { return fits_pattern(text, pattern); });
}

bool any_sender_fits(std::string_view sender, const std::vector<std::string>& patterns) {
  const auto fits = [&](const std::string& pattern) {
    if (!pattern.starts_with('@')) return fits_pattern(sender, pattern);
    const std::size_t at = sender.rfind('@');
    return at != std::string_view::npos && fits_pattern(sender.substr(at), pattern);
  };
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), fits);
}

bool headers_fit(std::string_view message, const std::vector<std::pair<std::string, std::string>>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& each) {
    const auto field = mime::find_field(message, each.first);
    return field && fits_pattern(mime::unfold(field->value), each.second);
  });
}

}  // namespace

bool fits_pattern(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;  // the last '*' seen, and how far it reaches
  std::size_t reach = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      reach = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || ascii::to_lower(pattern[p]) == ascii::to_lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++reach;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

StreamMatcher::StreamMatcher(std::span<const config::Stream> streams, std::string fallback)
    : fallback_(std::move(fallback)) {
  for (const config::Stream& stream : streams) {
    names_.push_back(stream.name);
    if (!stream.match.empty()) entries_.push_back({stream.name, stream.match});
  }
}

std::string_view StreamMatcher::find(const Candidate& candidate) const {
  for (const Entry& entry : entries_) {
    const config::Match& match = entry.match;
    // Fields belong to an injection by HTTP; a message that came otherwise has none.
    if (!match.field.empty()) continue;
    if (any_fits(candidate.listener, match.listener) && any_sender_fits(candidate.sender, match.sender) &&
        (match.auth_user.empty() || (!candidate.auth_user.empty() && any_fits(candidate.auth_user, match.auth_user))) &&
        headers_fit(candidate.message, match.header)) {
      return entry.name;
    }
  }
  return fallback_;
}

bool StreamMatcher::known(std::string_view stream) const {
  return std::find(names_.begin(), names_.end(), stream) != names_.end();
}

}  // namespace penstock::ingest
