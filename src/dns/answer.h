// SPDX-License-Identifier: Apache-2.0
// Question and Answer: what is asked of DNS and what came back, as plain values.
//
// Everything DNS can say is an Answer, failure included: "no such name" (final) and "servers did not answer"
// (temporary) must never be taken for one another, because the first bounces mail and the second only delays it.
//
// Names are kept in one form: A-labels, small letters, no final dot, "" for the root. See name.h.
// Ownership: an AnswerPtr is immutable and may be read by any thread.
// See: RFC 1035, RFC 2181 §10.3 (what an MX may point at), RFC 2308 (negative answers), RFC 4035 §4.3 (security
// states).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::dns {

// Values on the wire.
enum class RecordType : std::uint16_t { A = 1, Cname = 5, Soa = 6, Ptr = 12, Mx = 15, Txt = 16, Aaaa = 28, Tlsa = 52 };
[[nodiscard]] std::string_view to_string(RecordType type);  // "MX"

struct Question {
  std::string name;  // as normalize_name gives it
  RecordType type = RecordType::A;
  bool operator==(const Question&) const = default;
};

enum class Status : std::uint8_t {
  Found,     // there is at least one record of the type asked for
  NoData,    // the name exists, records of this type do not
  NxDomain,  // the name does not exist
  ServFail,  // the servers refuse, fail or contradict themselves; temporary
  TimedOut,  // no answer before the deadline; temporary
  Bogus      // DNSSEC says the answer is forged or the zone is broken; never use it, temporary
};
[[nodiscard]] std::string_view to_string(Status status);  // "found", "no data", "no such domain", …
// True for the last three: asking again later may give something else.
[[nodiscard]] bool is_temporary(Status status);

struct Record {
  std::uint16_t preference = 0;  // MX: lower is tried first
  // A, AAAA: the address as text. MX, PTR, CNAME: the name ("" is the root: a null MX). TXT: the strings joined. SOA:
  // the name of the zone's first server; the rest is not kept.
  // TLSA: usage, selector and matching type, one byte each, then the association data, raw.
  std::string value;
  bool operator==(const Record&) const = default;
};

struct Answer {
  Status status = Status::ServFail;
  std::vector<Record> records;  // empty unless Found
  std::string canonical_name;   // the name after following CNAMEs; the name asked for if there were none
  std::chrono::seconds ttl{0};  // for NoData and NxDomain: how long that may be believed (RFC 2308 §5)
  std::uint8_t rcode = 0;       // as received
  bool secure = false;          // validated up to a trust anchor
  std::string why;              // Bogus, ServFail, TimedOut: for the log and the deferral's text; may be empty
  bool operator==(const Answer&) const = default;
};

using AnswerPtr = std::shared_ptr<const Answer>;

}  // namespace penstock::dns
