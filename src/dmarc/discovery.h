// SPDX-License-Identifier: Apache-2.0
// Finding the DMARC policy of a domain (RFC 7489 §6.6.3). No look-ups: TXT records come in.
//
// Use:  for (const std::string& name : record_names(domain)) texts.push_back(… TXT records of name …);
//       const auto found = find_policy(domain, texts);   if (!found) … found.error() …
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dmarc/record.h"

namespace penstock::dmarc {

// "_dmarc.mail.example.com", and "_dmarc.example.com" when the organisational domain is another one.
[[nodiscard]] std::vector<std::string> record_names(std::string_view domain);

struct Found {
  Record record;
  std::string name;               // where it is
  Policy applies = Policy::None;  // to mail from `domain`: p, or sp of the organisational domain's record
};

// `texts`: the TXT records at each of record_names(domain), in that order. The error says why there is no policy:
// nothing is published, more than one record is, or it cannot be read.
[[nodiscard]] Parsed<Found> find_policy(std::string_view domain, const std::vector<std::vector<std::string>>& texts);

}  // namespace penstock::dmarc
