// SPDX-License-Identifier: Apache-2.0
// StreamMatcher: which stream takes a message that does not name one: the first whose match fits, in the order of the
// configuration; else the fallback.
//
// Pure; any thread.   Cost: one pass over the header for each stream that matches by header.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace penstock::ingest {

// What a match can look at. Views live during the call.
struct Candidate {
  std::string_view message;  // with its header
  std::string_view sender;   // reverse path without brackets
  std::string_view listener;
  std::string_view auth_user;  // "" when nobody signed in
};

class StreamMatcher {
 public:
  StreamMatcher(std::span<const config::Stream> streams, std::string fallback);
  // The name of the stream. Views into the matcher.
  [[nodiscard]] std::string_view find(const Candidate& candidate) const;
  [[nodiscard]] bool known(std::string_view stream) const;

 private:
  struct Entry {
    std::string name;
    config::Match match;
  };
  std::vector<Entry> entries_;  // those with a match
  std::vector<std::string> names_;
  std::string fallback_;
};

// "*" stands for any run of characters, "?" for one; case is ignored. A pattern "@domain" fits every address there.
[[nodiscard]] bool fits_pattern(std::string_view text, std::string_view pattern);

}  // namespace penstock::ingest
