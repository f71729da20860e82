// SPDX-License-Identifier: Apache-2.0
#include "report/status_fields.h"

#include <charconv>
#include <cstdint>

#include "base/ascii.h"
#include "mime/date.h"
#include "mime/text.h"
#include "report/status_text.h"

namespace penstock::report {
namespace {

constexpr std::size_t kGroupsMax = 2 * kReadRecipientsMax;
constexpr std::size_t kFieldsMax = 8 * kReadRecipientsMax;

// Splits "Name: value"; false when the line is no field.
bool split_field(std::string_view line, StatusField& field) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 60) return false;
  for (const char c : line.substr(0, colon)) {
    if (!ascii::is_alnum(c) && c != '-' && c != '_') return false;
  }
  field.name = ascii::lower(line.substr(0, colon));
  field.value = std::string(ascii::trim(line.substr(colon + 1)));
  return true;
}

// What follows "type;", and the type.
std::string_view after_type(std::string_view value, std::string_view& type) {
  const std::size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos || value.find('@') < semicolon) return ascii::trim(value);
  type = ascii::trim(value.substr(0, semicolon));
  return ascii::trim(value.substr(semicolon + 1));
}

void append_utf8(std::uint32_t number, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (number < 0x80) {
    put(number);
    return;
  }
  if (number < 0x800) {
    put(0xc0 | (number >> 6));
  } else if (number < 0x10000) {
    put(0xe0 | (number >> 12));
    put(0x80 | ((number >> 6) & 0x3f));
  } else {
    put(0xf0 | (number >> 18));
    put(0x80 | ((number >> 12) & 0x3f));
    put(0x80 | ((number >> 6) & 0x3f));
  }
  put(0x80 | (number & 0x3f));
}

// RFC 6533 §3: "\\x{E9}" for a character of its number, in a field of the type utf-8. What is no such stays as it is.
std::string decoded_utf8(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::uint32_t number = 0;
    std::size_t end = i + 3;
    if (text.substr(i).starts_with("\\x{")) {
      const auto [stop, error] = std::from_chars(text.data() + end, text.data() + text.size(), number, 16);
      end = static_cast<std::size_t>(stop - text.data());
      const bool character =
          number > 0x20 && number != 0x7f && number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);
      if (error == std::errc{} && character && end < text.size() && text[end] == '}') {
        append_utf8(number, out);
        i = end + 1;
        continue;
      }
    }
    out += text[i++];
  }
  return out;
}

ReportAction action_of(std::string_view value) {
  struct Word {
    std::string_view word;
    ReportAction action;
  };
  static constexpr Word kWords[] = {{"fail", ReportAction::Failed},          {"delayed", ReportAction::Delayed},
                                    {"delivered", ReportAction::Delivered},  {"relayed", ReportAction::Relayed},
                                    {"expanded", ReportAction::Expanded},    {"expired", ReportAction::Failed},
                                    {"deliverable", ReportAction::Delivered}};
  for (const Word& word : kWords) {
    if (ascii::starts_with_ignoring_case(value, word.word)) return word.action;
  }
  return ReportAction::Unknown;
}

// One recipient while its fields come in.
struct Draft {
  std::string final_address;
  std::string original;
  bool routed = false;  // final_address was a source route through the reporting host's own machines
  std::string other;    // X-Actual-Recipient, X-Display-Name: when nothing better is there
  ReportedRecipient recipient;
  bool has_status = false;
  model::EnhancedStatus quoted_status;  // of a reply within the diagnostic

  [[nodiscard]] bool has_address() const {
    return !final_address.empty() || !original.empty() || !other.empty() || has_final;
  }
  bool has_final = false;
};

// "554 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.2 Connection timed out>": what it waited for is
// told last. {0,0,0} when the text is no such.
model::EnhancedStatus waited_for(std::string_view text) {
  const std::size_t bracket = text.find(".<");
  if (bracket == std::string_view::npos) return {};
  const model::EnhancedStatus first = find_status(text.substr(0, bracket));
  if (first.subject != 4 || first.detail != 7) return {};
  const QuotedReply last = find_reply(text.substr(bracket + 2));
  return last.exact && last.begin == 0 ? last.reply.enhanced : model::EnhancedStatus{};
}

void set_diagnostic(Draft& draft, std::string_view value) {
  std::string_view type;
  const std::string text = squeeze(after_type(value, type), kDiagnosticBytesMax);
  const bool smtp = ascii::equal_ignoring_case(type, "smtp");
  if (!draft.recipient.diagnostic.empty() && !smtp) return;
  draft.recipient.diagnostic = text;
  QuotedReply quoted = find_reply(text);
  draft.recipient.reply = quoted.reply;
  // The receiver's own code says more than what the reporting host made of it, if the host passed the reply on as it
  // was: an SMTP diagnostic that starts with both codes.
  const bool own = smtp && quoted.exact && quoted.begin == 0;
  if (own && (quoted.reply.enhanced.subject != 0 || quoted.reply.enhanced.detail != 0)) {
    draft.recipient.status = quoted.reply.enhanced;
    draft.has_status = true;
  }
  if (const model::EnhancedStatus last = waited_for(text)) {
    draft.recipient.status = last;
    draft.has_status = true;
  }
  // "5.1.0 - Unknown address error 550-'5.2.2 …'": quoted in the host's own words; better than a status that says
  // nothing.
  draft.quoted_status = smtp && quoted.adjacent ? quoted.reply.enhanced : model::EnhancedStatus{};
}

bool says_nothing(const model::EnhancedStatus& status) {
  return status.subject == 0 && status.detail == 0;
}

void finish(Draft& draft, Report& report) {
  ReportedRecipient& recipient = draft.recipient;
  if (draft.has_address() && report.recipients.size() < kReadRecipientsMax) {
    const bool prefer_original = draft.routed && draft.original.find('@') != std::string::npos;
    if (!draft.final_address.empty() && !prefer_original) {
      recipient.address = draft.final_address;
      recipient.found = FoundBy::FinalRecipient;
      if (!ascii::equal_ignoring_case(draft.original, draft.final_address)) recipient.original = draft.original;
    } else if (!draft.original.empty()) {
      recipient.address = draft.original;
      recipient.found = FoundBy::OriginalRecipient;
    } else {
      recipient.address = draft.other;
      recipient.found = FoundBy::ProviderFields;
    }
    if (recipient.reply.text.empty()) recipient.reply.text = recipient.diagnostic;
    if (recipient.status && draft.quoted_status && says_nothing(recipient.status))
      recipient.status = draft.quoted_status;
    report.recipients.push_back(std::move(recipient));
  }
  draft = Draft{};
}

void take_message_field(const StatusField& field, Report& report) {
  if (field.name == "reporting-mta" && report.reporting_host.empty()) {
    std::string_view type;
    report.reporting_host = squeeze(after_type(field.value, type), 255);
  } else if (field.name == "arrival-date" || field.name == "received-date") {
    if (!report.arrival_date) report.arrival_date = mime::parse_date(field.value);
  } else if (field.name == "original-envelope-id" && report.envelope_id.empty()) {
    report.envelope_id = squeeze(field.value, 255);
  }
}

void take_recipient_field(const StatusField& field, Draft& draft, Report& report) {
  if (field.name == "final-recipient") {
    if (draft.has_final) finish(draft, report);
    draft.has_final = true;
    draft.final_address = address_of(field.value);
    std::string_view type;
    draft.routed = after_type(field.value, type).starts_with('@');
  } else if (field.name == "original-recipient") {
    if (draft.has_final && !draft.original.empty()) finish(draft, report);
    draft.original = address_of(field.value);
  } else if (field.name == "x-actual-recipient" || field.name == "x-display-name") {
    if (draft.other.empty()) draft.other = address_of(field.value);
    if (draft.other.find('@') == std::string::npos) draft.other.clear();
  } else if (field.name == "action") {
    draft.recipient.action = action_of(field.value);
  } else if (field.name == "status") {
    const model::EnhancedStatus status = find_status(field.value);
    if (!draft.has_status && status) {
      draft.recipient.status = status;
    }
  } else if (field.name == "diagnostic-code" || field.name == "x-supplementary-info") {
    set_diagnostic(draft, field.value);
  } else if (field.name == "remote-mta") {
    std::string_view type;
    draft.recipient.remote_host = squeeze(after_type(field.value, type), 255);
  }
}

}  // namespace

std::vector<StatusGroup> read_groups(std::string_view text) {
  std::vector<StatusGroup> groups(1);
  std::size_t fields = 0;
  while (!text.empty() && fields < kFieldsMax && groups.size() < kGroupsMax) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const bool folded = !line.empty() && (line.front() == ' ' || line.front() == '\t');
    line = ascii::trim(line);
    StatusField field;
    if (folded && !groups.back().empty() && !line.empty()) {
      groups.back().back().value += ' ';
      groups.back().back().value += line;
    } else if (split_field(line, field)) {
      groups.back().push_back(std::move(field));
      ++fields;
    } else if (!groups.back().empty()) {
      groups.emplace_back();
    }
  }
  return groups;
}

std::string address_of(std::string_view value) {
  std::string_view type;
  std::string_view address = after_type(value, type);
  const std::size_t open = address.rfind('<');
  if (open != std::string_view::npos) {
    const std::size_t close = address.find('>', open);
    address = address.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
  }
  address = ascii::trim(address);
  if (address.ends_with('>')) address.remove_suffix(1);
  for (const std::string_view protocol : {"smtp:", "smtp="}) {
    if (ascii::starts_with_ignoring_case(address, protocol)) address = ascii::trim(address.substr(protocol.size()));
  }
  if (address.starts_with('@')) {
    const std::size_t colon = address.find(':');
    if (colon == std::string_view::npos) return {};
    address.remove_prefix(colon + 1);
  }
  const bool quoted = address.starts_with('"') && address.find("\"@") != std::string_view::npos;
  if (address.size() > 320 || address.empty() || address.front() == '|' || address.front() == '/') return {};
  if (address.front() == '=' && address.find('@') == std::string_view::npos) return {};
  const std::size_t blank = address.find_first_of(" \t");
  if (!quoted && blank != std::string_view::npos) {
    if (address.find('@') > blank) return {};
    address = address.substr(0, blank);
  }
  // Part of it would be somebody else's address.
  if (!quoted && mime::has_control(address)) return {};
  const bool utf8 = ascii::equal_ignoring_case(type, "utf-8") && address.find("\\x{") != std::string_view::npos;
  return squeeze(utf8 ? decoded_utf8(address) : address, 320);
}

void add_status_groups(const std::vector<StatusGroup>& groups, Report& report) {
  Draft draft;
  for (const StatusGroup& group : groups) {
    // An empty line in the middle of a recipient's fields is a common fault; one before the next recipient is the rule.
    bool next_recipient = false;
    for (const StatusField& field : group) {
      next_recipient = next_recipient || field.name == "final-recipient" || field.name == "original-recipient";
    }
    if (next_recipient && draft.has_address()) finish(draft, report);
    for (const StatusField& field : group) {
      take_message_field(field, report);
      take_recipient_field(field, draft, report);
    }
  }
  finish(draft, report);
}

void add_feedback_groups(const std::vector<StatusGroup>& groups, Report& report) {
  std::vector<std::string> originals;
  std::vector<std::string> removals;
  for (const StatusGroup& group : groups) {
    for (const StatusField& field : group) {
      take_message_field(field, report);
      if (field.name == "feedback-type") {
        report.feedback_type = ascii::lower(squeeze(field.value, 60));
      } else if (field.name == "source-ip") {
        report.source_ip = squeeze(field.value, 60);
      } else if (field.name == "original-mail-from") {
        report.envelope_sender = address_of(field.value);
      } else if (field.name == "original-rcpt-to" || field.name == "original-recipient") {
        originals.push_back(address_of(field.value));
      } else if (field.name == "removal-recipient") {
        removals.push_back(address_of(field.value));
      }
    }
  }
  const FoundBy found = originals.empty() ? FoundBy::RemovalRecipient : FoundBy::OriginalRecipient;
  for (std::string& address : originals.empty() ? removals : originals) {
    if (address.empty() || report.recipients.size() >= kReadRecipientsMax) continue;
    ReportedRecipient recipient;
    recipient.address = std::move(address);
    recipient.found = found;
    report.recipients.push_back(std::move(recipient));
  }
}

}  // namespace penstock::report
