// SPDX-License-Identifier: Apache-2.0
// What SPF asks of DNS, and what is known so far.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace penstock::spf {

enum class RecordType : std::uint8_t { Txt, A, Aaaa, Mx, Ptr };

struct Question {
  RecordType type = RecordType::Txt;
  std::string name;  // canonical; for Ptr the name below in-addr.arpa or ip6.arpa
  auto operator<=>(const Question&) const = default;
};

struct Answer {
  enum class Status : std::uint8_t {
    Found,   // there is at least one record
    None,    // no such name, or no such record: what RFC 7208 §4.6.4 calls a void look-up
    Trouble  // the servers could not tell; a later try may
  };
  Status status = Status::Trouble;
  // TXT: each record with its strings put together. A, AAAA: addresses. PTR: names. MX: hosts, the most preferred
  // first.
  std::vector<std::string> values{};
};

using Answers = std::map<Question, Answer>;

}  // namespace penstock::spf
