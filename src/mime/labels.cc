// SPDX-License-Identifier: Apache-2.0
#include "mime/labels.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/check.h"
#include "mime/date.h"
#include "mime/text.h"

namespace penstock::mime {
namespace {

constexpr std::uint64_t length_bit(std::size_t bytes) {
  return 1ULL << std::min<std::size_t>(bytes, 63);
}

struct Counter {
  std::string_view name;  // lower case
  std::uint32_t HeaderFacts::*count;
  bool repeatable;
};
constexpr Counter kCounters[] = {
    {"to", &HeaderFacts::to, false},
    {"cc", &HeaderFacts::cc, false},
    {"bcc", &HeaderFacts::bcc, false},
    {"date", &HeaderFacts::date, false},
    {"from", &HeaderFacts::from, false},
    {"sender", &HeaderFacts::sender, false},
    {"subject", &HeaderFacts::subject, false},
    {"received", &HeaderFacts::received, true},
    {"reply-to", &HeaderFacts::reply_to, false},
    {"message-id", &HeaderFacts::message_id, false},
    {"references", &HeaderFacts::references, false},
    {"in-reply-to", &HeaderFacts::in_reply_to, false},
    {"tls-required", &HeaderFacts::tls_required, true},
};

constexpr std::uint64_t kCountedLengths = [] {
  std::uint64_t bits = 0;
  for (const Counter& counter : kCounters) bits |= length_bit(counter.name.size());
  return bits;
}();

void count_field(std::string_view name, HeaderFacts& facts) {
  // Most names fail on their length, most others on the first letter.
  if ((kCountedLengths & length_bit(name.size())) == 0) return;
  for (const Counter& counter : kCounters) {
    if (counter.name.size() != name.size() || counter.name[0] != ascii::to_lower(name[0])) continue;
    if (ascii::equal_ignoring_case(name, counter.name)) {
      ++(facts.*counter.count);
      return;
    }
  }
}

std::optional<LabelFault> fault_of(std::string_view value) {
  if (value.size() > kLabelBytesMax) return LabelFault::TooLong;
  if (has_control(value)) return LabelFault::ControlCharacter;
  if (has_eight_bit(value) && !is_utf8(value)) return LabelFault::NotUtf8;
  return std::nullopt;
}

std::string* label_of(Label label, model::Labels& labels) {
  switch (label) {
    case Label::Stream: return &labels.stream;
    case Label::Tenant: return &labels.tenant;
    case Label::Campaign: return &labels.campaign;
    case Label::List: return &labels.list;
    case Label::Vmta: return &labels.vmta;
    case Label::FirstAttempt: return nullptr;
  }
  PENSTOCK_UNREACHABLE();
}

// Takes the values of label fields as they come and keeps the winner of each label.
class LabelTaker {
 public:
  explicit LabelTaker(Examination& found) : found_(found) { ranks_.fill(kNoRank); }

  void take(const LabelRules::Rule& rule, const HeaderField& field) {
    found_.remove.push_back(field.bytes);
    std::uint8_t& rank = ranks_[static_cast<std::size_t>(rule.label)];
    if (rule.rank >= rank) return;
    const std::string value = unfold(field.value);
    if (value.empty()) return;
    if (const auto fault = keep(rule.label, value)) {
      found_.problems.push_back({rule.label, *fault});
    } else {
      rank = rule.rank;
    }
  }

 private:
  static constexpr std::uint8_t kNoRank = 0xFF;

  std::optional<LabelFault> keep(Label label, const std::string& value) {
    if (const auto fault = fault_of(value)) return fault;
    if (std::string* text = label_of(label, found_.labels)) {
      *text = value;
      return std::nullopt;
    }
    const auto time = parse_date(value);
    if (!time) return LabelFault::NotADate;
    found_.first_attempt = *time;
    return std::nullopt;
  }

  Examination& found_;
  std::array<std::uint8_t, kLabelCount> ranks_{};
};

}  // namespace

std::string_view to_string(Label label) {
  switch (label) {
    case Label::Stream: return "stream";
    case Label::Tenant: return "tenant";
    case Label::Campaign: return "campaign";
    case Label::List: return "list";
    case Label::Vmta: return "vmta";
    case Label::FirstAttempt: return "first_attempt";
  }
  PENSTOCK_UNREACHABLE();
}

std::string_view to_string(LabelFault fault) {
  switch (fault) {
    case LabelFault::TooLong: return "longer than 200 bytes";
    case LabelFault::ControlCharacter: return "control character inside";
    case LabelFault::NotUtf8: return "not UTF-8";
    case LabelFault::NotADate: return "not a date of RFC 3339 or RFC 5322";
  }
  PENSTOCK_UNREACHABLE();
}

LabelRules::LabelRules(const LabelNames& names) {
  const auto add = [this](const std::vector<std::string>& list, Label label) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto rank = static_cast<std::uint8_t>(std::min<std::size_t>(i, 0xFE));
      rules_.push_back({ascii::lower(list[i]), label, rank});
      lengths_ |= length_bit(list[i].size());
    }
  };
  add(names.stream, Label::Stream);
  add(names.tenant, Label::Tenant);
  add(names.campaign, Label::Campaign);
  add(names.list, Label::List);
  add(names.vmta, Label::Vmta);
  add(names.first_attempt, Label::FirstAttempt);
}

const LabelRules::Rule* LabelRules::find(std::string_view name) const {
  if ((lengths_ & length_bit(name.size())) == 0) return nullptr;
  for (const Rule& rule : rules_) {
    if (ascii::equal_ignoring_case(rule.name, name)) return &rule;
  }
  return nullptr;
}

std::string_view HeaderFacts::repeated() const {
  for (const Counter& counter : kCounters) {
    if (!counter.repeatable && this->*counter.count > 1) return counter.name;
  }
  return "";
}

Examination examine(std::string_view message, const LabelRules& rules, HeaderLimits limits) {
  Examination found;
  LabelTaker taker(found);
  HeaderScanner scan(message, limits);
  if (scan.mailbox_line_size() > 0) found.remove.push_back({0, scan.mailbox_line_size()});
  for (HeaderField field; scan.next(field);) {
    count_field(field.name, found.facts);
    if (const LabelRules::Rule* rule = rules.find(field.name)) taker.take(*rule, field);
  }
  found.facts.fields = scan.field_count();
  found.facts.malformed = scan.malformed_count();
  found.facts.header_size = scan.header_size();
  found.facts.body_offset = scan.body_offset();
  found.facts.has_separator = scan.has_separator();
  found.facts.over_limit = scan.over_limit();
  return found;
}

}  // namespace penstock::mime
