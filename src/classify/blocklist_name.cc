// SPDX-License-Identifier: Apache-2.0
#include "classify/blocklist_name.h"

#include <array>

#include "base/ascii.h"

namespace penstock::classify {
namespace {

constexpr auto kCues = std::to_array<std::string_view>(
    {"blocked using ", "listed in ", "listed by ", "listed on ", "listed at ", "blacklisted by ", "blocked by ",
     "found in ", "rejected by ", "blacklisted at ", "blacklisted using ", "listing in ", "found on ", "denied by "});

// What lists are called when their zone is not. Zones of one operator first, so that the more exact name wins.
constexpr auto kNames = std::to_array<std::string_view>({"zen.spamhaus.org",
                                                         "sbl-xbl.spamhaus.org",
                                                         "sbl.spamhaus.org",
                                                         "xbl.spamhaus.org",
                                                         "pbl.spamhaus.org",
                                                         "dbl.spamhaus.org",
                                                         "spamhaus-xbl",
                                                         "spamhaus sbl-xbl",
                                                         "spamhaus sbl",
                                                         "spamhaus xbl",
                                                         "spamhaus pbl",
                                                         "spamhaus dbl",
                                                         "spamhaus zen",
                                                         "spamhaus",
                                                         "bl.spamcop.net",
                                                         "spamcop",
                                                         "b.barracudacentral.org",
                                                         "barracudacentral",
                                                         "dnsbl.sorbs.net",
                                                         "sorbs",
                                                         "cloudmark sender intelligence",
                                                         "csi.cloudmark.com",
                                                         "uceprotect",
                                                         "abusix mail intelligence",
                                                         "abusix",
                                                         "ivmsip/24",
                                                         "ivmsip",
                                                         "ivmuri",
                                                         "invaluement",
                                                         "senderscore",
                                                         "surbl",
                                                         "uribl",
                                                         "psbl",
                                                         "mailspike",
                                                         "abuseat.org",
                                                         "spamrats",
                                                         "nixspam",
                                                         "backscatterer",
                                                         "0spam",
                                                         "hostkarma",
                                                         "wpbl",
                                                         "dronebl",
                                                         "nordspam",
                                                         "gbudb",
                                                         "lashback",
                                                         "spfbl",
                                                         "barracuda reputation"});

bool is_zone_char(char c) {
  return ascii::is_alnum(c) || c == '.' || c == '-' || c == '_';
}

// A domain name with a dot in it, not an address of digits only.
std::string_view zone_at(std::string_view text) {
  std::size_t end = 0;
  bool dot = false;
  bool letter = false;
  while (end < text.size() && is_zone_char(text[end])) {
    dot |= text[end] == '.' && end > 0;
    letter |= ascii::is_alpha(text[end]);
    ++end;
  }
  while (end > 0 && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
  return dot && letter && text.substr(0, end).find('.') != std::string_view::npos ? text.substr(0, end) : "";
}

}  // namespace

std::string_view blocklist_name(std::string_view text) {
  for (const std::string_view cue : kCues) {
    const std::size_t at = text.find(cue);
    if (at == std::string_view::npos) continue;
    std::string_view rest = text.substr(at + cue.size());
    for (const std::string_view article : {"the ", "rbl ", "dnsbl "}) {
      if (rest.starts_with(article)) rest.remove_prefix(article.size());
    }
    if (const std::string_view zone = zone_at(rest); !zone.empty()) return zone;
  }
  for (const std::string_view name : kNames) {
    if (text.find(name) != std::string_view::npos) return name;
  }
  return {};
}

}  // namespace penstock::classify
