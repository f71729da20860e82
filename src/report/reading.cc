// SPDX-License-Identifier: Apache-2.0
#include "report/reading.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/check.h"
#include "base/fold.h"
#include "report/html_text.h"
#include "report/message_tree.h"
#include "report/notice_text.h"
#include "report/original_message.h"
#include "report/phrases.h"
#include "report/provider_notice.h"
#include "report/status_fields.h"
#include "report/status_text.h"

namespace penstock::report {
namespace {

// Words far down are no longer the reporting host's own.
constexpr std::size_t kHeadBytesMax = 16 * 1024;

class Reader {
 public:
  explicit Reader(const MessageTree& tree) : tree_(tree) {
    report_.truncated = tree.truncated;
    subject_ = folded(tree.subject);
  }

  Report read() {
    read_header();
    read_parts();
    if (read_complaint() || read_provider_notice() || read_status() || read_notice()) return finish();
    if (is_challenge(subject_, lowered_)) {
      report_.kind = ReportKind::Challenge;
    } else if (is_auto_reply(tree_.header, subject_)) {
      report_.kind = ReportKind::AutoReply;
    }
    report_.recipients.clear();
    return finish();
  }

 private:
  void read_header() {
    const std::string_view from = field_value(tree_.header, "From");
    report_.from = address_of(from);
    for (const auto& [name, value] : tree_.header) {
      for (const std::string_view wanted : {"To", "Delivered-To", "X-Original-To", "Cc"}) {
        if (!ascii::equal_ignoring_case(name, wanted)) continue;
        for (std::string& address : addresses_in(value)) report_.sent_to.push_back(std::move(address));
      }
    }
    own_ = report_.sent_to;
    own_.push_back(report_.from);
    own_.push_back(address_of(field_value(tree_.header, "Return-Path")));
  }

  // The notice's own words, and the headers that were returned.
  void read_parts() {
    std::string html;
    for (const MessagePart& part : tree_.parts) {
      switch (part.kind) {
        case PartKind::Text: add_text(part.text); break;
        case PartKind::Html:
          if (html.empty()) html = part.text;
          break;
        case PartKind::Embedded: add_original_fields(part.fields); break;
        case PartKind::Headers: add_original_fields(read_header_text(part.text)); break;
        case PartKind::Status:
        case PartKind::Feedback: break;
      }
    }
    if (ascii::trim(head_).empty() && !html.empty()) add_text(html_to_text(html));
    const std::string words = squeeze(std::string_view(head_).substr(0, kHeadBytesMax), kHeadBytesMax);
    lowered_ = folded(words);
    quoted_ = find_reply(words);
  }

  void add_text(const std::string& text) {
    // Texts after the returned message are attachments of it, or a scanner's footer.
    if (returned_ && !ascii::trim(head_).empty()) return;
    NoticeText notice = split_notice(text);
    head_ += notice.head;
    head_ += '\n';
    if (!notice.original.empty()) add_original_fields(read_header_text(notice.original));
  }

  void add_original_fields(const HeaderFields& fields) {
    if (fields.empty()) return;
    returned_ = true;
    add_original(fields, report_.original);
    if (original_recipient_.empty()) original_recipient_ = recipient_of_original(fields, named_by_provider_);
  }

  bool read_complaint() {
    bool is_report = false;
    for (const MessagePart& part : tree_.parts) {
      if (part.kind != PartKind::Feedback) continue;
      add_feedback_groups(read_groups(part.text), report_);
      is_report = true;
    }
    const bool authentication = is_authentication_report(subject_, lowered_);
    const bool status_part = has_part(PartKind::Status);
    // A filter that refused a mail as spam may call it so too; its notice says that it was not delivered.
    const bool notice = is_daemon(field_value(tree_.header, "From")) && is_failure_subject(subject_);
    const bool plain =
        returned_ && !status_part && !notice && quoted_.reply.code == 0 && is_complaint(subject_, lowered_);
    if (!is_report && !plain && !(authentication && !status_part)) return false;
    report_.kind = ReportKind::Complaint;
    if (report_.feedback_type.empty()) report_.feedback_type = authentication ? "auth-failure" : "abuse";
    if (report_.recipients.empty() && !original_recipient_.empty()) {
      add_recipient(original_recipient_, named_by_provider_ ? FoundBy::ProviderFields : FoundBy::EmbeddedMessage);
    }
    return true;
  }

  bool read_provider_notice() {
    return std::any_of(tree_.parts.begin(), tree_.parts.end(), [&](const MessagePart& part) {
      return part.kind == PartKind::Text && add_provider_notice(part.text, report_);
    });
  }

  // RFC 3464, in its own part or where some hosts put it: in the text.
  bool read_status() {
    for (const MessagePart& part : tree_.parts) {
      if (part.kind == PartKind::Status) add_status_groups(read_groups(part.text), report_);
    }
    const bool has_fields = lowered_.find("final-recipient:") != std::string::npos ||
                            lowered_.find("original-recipient:") != std::string::npos;
    if (report_.recipients.empty() && has_fields && has_mark()) add_status_groups(read_groups(head_), report_);
    if (report_.recipients.empty()) return false;
    if (!is_daemon(field_value(tree_.header, "From")) && is_challenge(subject_, lowered_)) {
      report_.recipients.clear();
      return false;
    }
    complete_recipients();
    report_.kind = kind_by_actions();
    return true;
  }

  // Fields that are missing or too general are taken from the words about the same address.
  void complete_recipients() {
    const std::vector<ListedAddress> listed = find_listed(head_, own_);
    const bool single = report_.recipients.size() == 1;
    for (ReportedRecipient& recipient : report_.recipients) {
      const ListedAddress* words = nullptr;
      for (const ListedAddress& other : listed) {
        if (ascii::equal_ignoring_case(other.address, recipient.address)) words = &other;
      }
      if (recipient.address.find('@') == std::string::npos) {
        if (single && listed.size() == 1 && listed.front().standing >= Standing::Announced) words = &listed.front();
        replace_address(recipient, words);
      }
      const std::string section = words != nullptr ? words->section : single ? head_ : std::string();
      if (recipient.diagnostic.empty() || (recipient.reply.code == 0 && !recipient.reply.enhanced)) {
        take_words(recipient, section);
      }
      const bool general = recipient.status.subject == 0 && recipient.status.detail == 0;
      const bool same_class = recipient.status.status_class == recipient.reply.enhanced.status_class;
      if (!recipient.status) {
        recipient.status = recipient.reply.enhanced;
      } else if (general && same_class && taken_from_words_) {
        recipient.status = recipient.reply.enhanced;
      }
    }
    std::erase_if(report_.recipients, [](const ReportedRecipient& recipient) { return recipient.address.empty(); });
  }

  void replace_address(ReportedRecipient& recipient, const ListedAddress* words) {
    std::string better;
    if (recipient.original.find('@') != std::string::npos) {
      better = recipient.original;
      recipient.found = FoundBy::OriginalRecipient;
    } else if (words != nullptr) {
      better = words->address;
      recipient.found = FoundBy::Text;
    } else if (recipient.address.empty() && !failed_recipients().empty()) {
      better = failed_recipients().front();
      recipient.found = FoundBy::FailedRecipients;
    } else if (recipient.address.empty()) {
      better = original_recipient_;
      recipient.found = FoundBy::EmbeddedMessage;
    }
    if (!better.empty()) recipient.address = better;
    if (recipient.original == recipient.address) recipient.original.clear();
  }

  // Sets the diagnostic from a section of the text. The address itself is no part of it.
  void take_words(ReportedRecipient& recipient, std::string_view section) {
    taken_from_words_ = false;
    const std::string words = squeeze(section, kHeadBytesMax);
    if (words.empty()) return;
    const QuotedReply quoted = find_reply(words);
    const bool found = quoted.reply.code != 0 || quoted.reply.enhanced;
    if (!found && !recipient.diagnostic.empty()) return;
    recipient.reply = quoted.reply;
    recipient.reply.text = squeeze(recipient.reply.text, kDiagnosticBytesMax);
    // What stands before the codes ("host mx said:") is the reporting host's; without codes all of it counts.
    recipient.diagnostic =
        squeeze(quoted.reply.code != 0 ? std::string_view(words).substr(quoted.begin) : words, kDiagnosticBytesMax);
    taken_from_words_ = quoted.adjacent;
  }

  ReportKind kind_by_actions() const {
    bool delayed = false;
    bool done = false;
    for (const ReportedRecipient& recipient : report_.recipients) {
      switch (recipient.action) {
        case ReportAction::Failed: return ReportKind::Bounce;
        case ReportAction::Delayed: delayed = true; break;
        case ReportAction::Delivered:
        case ReportAction::Relayed:
        case ReportAction::Expanded: done = true; break;
        case ReportAction::Unknown:
          if (recipient.status.status_class == 2) {
            done = true;
            break;
          }
          if (is_delay_subject(subject_) && recipient.status.status_class != 5) {
            delayed = true;
            break;
          }
          return ReportKind::Bounce;
      }
    }
    if (delayed) return ReportKind::Delay;
    return done ? ReportKind::None : ReportKind::Bounce;
  }

  [[nodiscard]] std::vector<std::string> failed_recipients() const {
    std::vector<std::string> all;
    for (const auto& [name, value] : tree_.header) {
      if (!ascii::equal_ignoring_case(name, "X-Failed-Recipients")) continue;
      for (std::string& address : addresses_in(value)) all.push_back(std::move(address));
    }
    return all;
  }

  // What a program sends is marked as such somewhere; a person who asks about an error quotes no more than its words.
  // Texts without a header have nowhere to carry a mark.
  [[nodiscard]] bool has_mark() const {
    if (tree_.header.empty() || tree_.content_type == "multipart/report") return true;
    if (ascii::trim(field_value(tree_.header, "Return-Path")) == "<>") return true;
    const std::string submitted = ascii::lower(field_value(tree_.header, "Auto-Submitted"));
    if (submitted.starts_with("auto-")) return true;
    if (!field_value(tree_.header, "X-Failed-Recipients").empty()) return true;
    if (is_from_somebody(tree_.header) && !is_forward_subject(subject_)) return false;
    if (is_daemon(field_value(tree_.header, "From"))) return true;
    // Anybody may write about failures; a subject is a mark only under the name of a program, or where it is passed on.
    const bool may_say = is_forward_subject(subject_) || !is_person(field_value(tree_.header, "From"));
    const bool says_so = may_say && (is_failure_subject(subject_) || is_delay_subject(subject_));
    return !is_answer_subject(subject_) && (says_so || has_part(PartKind::Embedded) || has_part(PartKind::Headers));
  }

  // How sure it is that the words are a notice of failure: daemons, subjects, null senders, replies and wording each
  // count; no single one is enough.
  [[nodiscard]] int notice_score(const std::vector<ListedAddress>& listed) const {
    int score = 0;
    const bool has_header = !tree_.header.empty();
    // Someone is named as the one who was not reached, and there is nothing but the notice, or the original with it.
    const bool names_someone = !listed.empty() && listed.front().standing >= Standing::Announced;
    if (names_someone && (returned_ || !has_header)) score += 2;
    if (!has_header) score += 1;
    if (has_header && is_daemon(field_value(tree_.header, "From"))) score += 3;
    if (is_failure_subject(subject_) || is_delay_subject(subject_)) score += 2;
    const std::string_view return_path = ascii::trim(field_value(tree_.header, "Return-Path"));
    if (return_path == "<>") score += 1;
    if (tree_.content_type == "multipart/report") score += 2;
    if (says_failure(lowered_)) score += 2;
    if (quoted_.reply.code != 0) score += 2;
    if (quoted_.adjacent) score += 1;
    if (returned_) score += 1;
    if (is_auto_reply(tree_.header, subject_) && !is_daemon(field_value(tree_.header, "From"))) score -= 3;
    return score;
  }

  bool read_notice() {
    const std::vector<std::string> failed = failed_recipients();
    std::vector<ListedAddress> listed = find_listed(head_, own_);
    const bool daemon = is_daemon(field_value(tree_.header, "From")) && is_failure_subject(subject_);
    const bool names_someone = !listed.empty() && listed.front().standing >= Standing::Announced;
    const bool spoken = says_failure(lowered_) || quoted_.reply.code != 0 || (daemon && names_someone);
    if (failed.empty() && (!spoken || !has_mark() || notice_score(listed) < 5)) return false;
    if (!failed.empty()) listed = sections_for(failed, std::move(listed));
    const FoundBy found = failed.empty() ? FoundBy::Text : FoundBy::FailedRecipients;
    // A person is away, whatever the words; what quotes a reply is a notice all the same.
    if (failed.empty() && quoted_.reply.code == 0 && tree_.content_type != "multipart/report" &&
        is_automatic_subject(subject_) && is_auto_reply(tree_.header, {})) {
      return false;
    }
    const bool late = is_late();
    for (const ListedAddress& address : listed) {
      add_recipient(address.address, found);
      const bool wordless = says_nothing(address) || address.standing < Standing::Announced ||
                            (quoted_.reply.code != 0 && find_reply(address.section).reply.code == 0);
      const std::string_view above = reason_above(address);
      const bool whole = listed.size() == 1 && (wordless || !above.empty());
      take_words(report_.recipients.back(), whole ? std::string_view(head_)
                                            : !above.empty() && says_nothing(address)
                                                ? above
                                                : std::string_view(address.section));
    }
    if (listed.empty() && !original_recipient_.empty()) {
      add_recipient(original_recipient_, FoundBy::EmbeddedMessage);
      take_words(report_.recipients.back(), head_);
    }
    for (ReportedRecipient& recipient : report_.recipients) {
      recipient.action = late ? ReportAction::Delayed : ReportAction::Failed;
      recipient.status = recipient.reply.enhanced;
    }
    report_.kind = late ? ReportKind::Delay : ReportKind::Bounce;
    return true;
  }

  // Mail that still waits. Words of the text that say so count more than those of what may come; a subject like
  // "Warning: …" less than any word of failure, and than a final reply.
  [[nodiscard]] bool is_late() const {
    if (says_given_up(lowered_)) return false;
    const bool final = quoted_.reply.permanent() || quoted_.reply.enhanced.status_class == 5;
    const bool returned = says_returned(lowered_);
    return says_delay(lowered_) ? !(final && returned) : is_delay_subject(subject_) && !final && !returned;
  }

  // Some hosts tell the reason first, and below the address whom to ask: "The account is over quota. <a@example.com>".
  [[nodiscard]] std::string_view reason_above(const ListedAddress& listed) const {
    const std::string_view head = std::string_view(head_).substr(0, kHeadBytesMax);
    const std::size_t at = head.find(listed.section);
    if (listed.section.empty() || at == std::string_view::npos) return {};
    if (find_reply(listed.section).reply.code != 0 || says_failure(folded(listed.section))) return {};
    const std::string_view above = head.substr(0, at);
    return says_failure(folded(above)) ? above : std::string_view();
  }

  // Whether the lines about an address hold more than the address.
  static bool says_nothing(const ListedAddress& listed) {
    constexpr std::ptrdiff_t kLettersMin = 8;
    const std::ptrdiff_t letters = std::count_if(listed.section.begin(), listed.section.end(), ascii::is_alpha);
    const std::ptrdiff_t own = std::count_if(listed.address.begin(), listed.address.end(), ascii::is_alpha);
    return letters < own + kLettersMin;
  }

  static std::vector<ListedAddress> sections_for(const std::vector<std::string>& failed,
                                                 std::vector<ListedAddress> listed) {
    std::vector<ListedAddress> all;
    for (const std::string& address : failed) {
      const auto known = std::find_if(listed.begin(), listed.end(), [&](const ListedAddress& other) {
        return ascii::equal_ignoring_case(other.address, address);
      });
      all.push_back({address, known == listed.end() ? std::string() : known->section, Standing::Listed});
    }
    return all;
  }

  void add_recipient(std::string address, FoundBy found) {
    ReportedRecipient recipient;
    recipient.address = std::move(address);
    recipient.found = found;
    report_.recipients.push_back(std::move(recipient));
  }

  [[nodiscard]] bool has_part(PartKind kind) const {
    return std::any_of(tree_.parts.begin(), tree_.parts.end(),
                       [&](const MessagePart& part) { return part.kind == kind; });
  }

  Report finish() { return std::move(report_); }

  const MessageTree& tree_;
  Report report_;
  std::string subject_;           // lower case
  std::string head_;              // what the reporting host says, for people
  std::string lowered_;           // the same on one line, in lower case
  QuotedReply quoted_;            // of the head
  std::vector<std::string> own_;  // addresses of the report's sender and receiver
  std::string original_recipient_;
  bool named_by_provider_ = false;
  bool returned_ = false;  // the original or its header came along
  bool taken_from_words_ = false;
};

}  // namespace

std::string_view to_string(ReportKind kind) {
  switch (kind) {
    case ReportKind::None: return "none";
    case ReportKind::Bounce: return "bounce";
    case ReportKind::Delay: return "delay";
    case ReportKind::Complaint: return "complaint";
    case ReportKind::AutoReply: return "auto-reply";
    case ReportKind::Challenge: return "challenge";
  }
  PENSTOCK_UNREACHABLE();
}

std::string_view to_string(ReportAction action) {
  switch (action) {
    case ReportAction::Unknown: return "";
    case ReportAction::Failed: return "failed";
    case ReportAction::Delayed: return "delayed";
    case ReportAction::Delivered: return "delivered";
    case ReportAction::Relayed: return "relayed";
    case ReportAction::Expanded: return "expanded";
  }
  PENSTOCK_UNREACHABLE();
}

std::string_view to_string(FoundBy found) {
  switch (found) {
    case FoundBy::FinalRecipient: return "final-recipient";
    case FoundBy::OriginalRecipient: return "original-recipient";
    case FoundBy::RemovalRecipient: return "removal-recipient";
    case FoundBy::FailedRecipients: return "x-failed-recipients";
    case FoundBy::ProviderFields: return "provider-field";
    case FoundBy::Text: return "text";
    case FoundBy::EmbeddedMessage: return "embedded-message";
  }
  PENSTOCK_UNREACHABLE();
}

Report read_report(std::string_view message, const ReadLimits& limits) {
  return Reader(take_apart(message, limits)).read();
}

}  // namespace penstock::report
