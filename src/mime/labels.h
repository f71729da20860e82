// SPDX-License-Identifier: Apache-2.0
// What admission wants to know of a message's header, found in one pass: labels, the fields that carried them, and
// facts for the header lint and for loop detection.
//
// Use:  const LabelRules rules(LabelNames{});                     // once per configuration
//       const Examination found = examine(message, rules);        // per message
//       if (found.facts.over_limit || found.facts.received >= kReceivedMax) refuse;
//       … apply_edit(message, {.remove = found.remove, …})        // edit.h
//
// Label values are trimmed, at most kLabelBytesMax bytes of UTF-8 without control characters. A value that is not is
// left out and listed in `problems`; its field is removed all the same. Where several names stand for one label, the
// name listed first wins, and of equal names the first in the message.
// Pure; any thread. Cost: about 1 µs for 20 fields; allocates only when a label is there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mime/header.h"
#include "model/envelope.h"

namespace penstock::mime {

inline constexpr std::size_t kLabelBytesMax = 200;
// As many Received fields as RFC 5321 §6.3 finds enough to call it a loop.
inline constexpr std::uint32_t kReceivedMax = 100;

enum class Label : std::uint8_t { Stream, Tenant, Campaign, List, Vmta, FirstAttempt };
inline constexpr std::size_t kLabelCount = 6;
[[nodiscard]] std::string_view to_string(Label label);  // "stream", "tenant", "campaign", "list", "vmta", …

// The header names that stand for each label, as configured. X-Virtual-MTA and X-Job are PowerMTA's.
struct LabelNames {
  std::vector<std::string> stream{"X-Penstock-Stream"};
  std::vector<std::string> tenant{"X-Penstock-Tenant"};
  std::vector<std::string> campaign{"X-Penstock-Campaign", "X-Job"};
  std::vector<std::string> list{"X-Penstock-List"};
  std::vector<std::string> vmta{"X-Penstock-VMTA", "X-Virtual-MTA"};
  std::vector<std::string> first_attempt{"X-Penstock-First-Attempt"};
};

// LabelNames prepared for look-up. Immutable; any thread.
class LabelRules {
 public:
  explicit LabelRules(const LabelNames& names);
  struct Rule {
    std::string name;  // lower case
    Label label;
    std::uint8_t rank;  // place in its list: lower wins
  };
  // Nothing for a field that is no label. Most names fail on their length alone.
  [[nodiscard]] const Rule* find(std::string_view name) const;

 private:
  std::vector<Rule> rules_;
  std::uint64_t lengths_ = 0;  // bit n: some name has n bytes (bit 63: 63 or more)
};

// How many of each there are. RFC 5322 §3.6 wants exactly one Date and From, at most one of the others.
struct HeaderFacts {
  std::uint32_t fields = 0;
  std::uint32_t malformed = 0;
  std::uint32_t received = 0;
  std::uint32_t date = 0, from = 0, sender = 0, reply_to = 0, to = 0, cc = 0, bcc = 0;
  std::uint32_t message_id = 0, in_reply_to = 0, references = 0, subject = 0;
  std::uint32_t tls_required = 0;
  std::size_t header_size = 0;
  std::size_t body_offset = 0;
  bool has_separator = false;
  bool over_limit = false;
  // The name of a field that must not be repeated and is, or "".
  [[nodiscard]] std::string_view repeated() const;
};

enum class LabelFault : std::uint8_t { TooLong, ControlCharacter, NotUtf8, NotADate };
[[nodiscard]] std::string_view to_string(LabelFault fault);  // "longer than 200 bytes", …

struct LabelProblem {
  Label label;
  LabelFault fault;
  bool operator==(const LabelProblem&) const = default;
};

struct Examination {
  model::Labels labels;  // as asked for: stream is not checked against the configured ones
  Time first_attempt;    // epoch when not given
  std::vector<ByteRange>
      remove;  // the fields that carried labels, and a mailbox file's "From " line; ascending, disjoint
  std::vector<LabelProblem> problems;
  HeaderFacts facts;
};

[[nodiscard]] Examination examine(std::string_view message, const LabelRules& rules, HeaderLimits limits = {});

}  // namespace penstock::mime
