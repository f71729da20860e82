// SPDX-License-Identifier: Apache-2.0
#include "bulk/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/ascii.h"
#include "base/check.h"
#include "dkim/tag_list.h"
#include "dmarc/domain.h"
#include "mime/date.h"
#include "mime/mailbox.h"
#include "mime/received.h"

namespace penstock::bulk {
namespace {

constexpr std::size_t kLineBytesMax = 998;  // without CRLF

// Fields that may be there once (RFC 5322 §3.6, RFC 2045 §3, RFC 8058 §3.1), and a few that nobody reads twice.
enum Single : std::uint8_t {
  kBcc,
  kCc,
  kContentTransferEncoding,
  kContentType,
  kDate,
  kFeedbackId,
  kFrom,
  kInReplyTo,
  kListUnsubscribe,
  kListUnsubscribePost,
  kMessageId,
  kMimeVersion,
  kReferences,
  kReplyTo,
  kSender,
  kSubject,
  kTo,
  kSingles
};
constexpr std::array<std::string_view, kSingles> kNames{"Bcc",
                                                        "Cc",
                                                        "Content-Transfer-Encoding",
                                                        "Content-Type",
                                                        "Date",
                                                        "Feedback-ID",
                                                        "From",
                                                        "In-Reply-To",
                                                        "List-Unsubscribe",
                                                        "List-Unsubscribe-Post",
                                                        "Message-ID",
                                                        "MIME-Version",
                                                        "References",
                                                        "Reply-To",
                                                        "Sender",
                                                        "Subject",
                                                        "To"};

// Of whichever there are two, the first may stay whatever the other says: receivers take it too.
constexpr bool first_counts(std::size_t single) {
  return single == kDate || single == kMessageId || single == kFeedbackId || single == kMimeVersion;
}

bool has_long_line(std::string_view text) {
  while (text.size() > kLineBytesMax) {
    const auto* end = static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
    const std::size_t size = end == nullptr ? text.size() : static_cast<std::size_t>(end - text.data());
    const std::size_t line = size > 0 && text[size - 1] == '\r' ? size - 1 : size;
    if (line > kLineBytesMax) return true;
    if (end == nullptr) return false;
    text.remove_prefix(size + 1);
  }
  return false;
}

// Its d=, in small letters; "" for what cannot be read.
std::string signing_domain(std::string_view value) {
  const auto tags = dkim::TagList::parse(value);
  const std::string_view* domain = tags ? tags->find("d") : nullptr;
  return domain == nullptr ? std::string() : ascii::lower(dkim::without_space(*domain));
}

// What a part of a Feedback-ID may consist of; a colon would make two of one.
std::string feedback_part(std::string_view label) {
  std::string out(label);
  for (char& c : out) {
    if (!ascii::is_alnum(c) && c != '-' && c != '.') c = '_';
  }
  return out;
}

std::string feedback_value(const model::Labels& labels, std::string_view sender) {
  return fmt::format("{}:{}:{}:{}", feedback_part(labels.campaign), feedback_part(labels.tenant),
                     feedback_part(labels.stream), sender);
}

void sort_removed(std::vector<mime::ByteRange>& removed) {
  std::sort(removed.begin(), removed.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
}

}  // namespace

// The fields the rules speak of, found in one pass.
struct Rules::Header {
  std::array<std::vector<mime::HeaderField>, kSingles> singles;
  std::vector<std::string> signed_by;  // d= of signatures that came with the message
  std::vector<mime::ByteRange> ours;   // kField
  std::string from_domain;             // of the first mailbox; small letters
  std::size_t from_mailboxes = 0;

  explicit Header(std::string_view message) {
    mime::HeaderScanner scan(message);
    for (mime::HeaderField field; scan.next(field);) take(field);
    if (singles[kFrom].empty()) return;
    std::string_view rest = singles[kFrom].front().value;
    from_domain = ascii::lower(mime::take_mailbox_domain(rest));
    if (from_domain.empty()) return;
    for (from_mailboxes = 1; !mime::take_mailbox_domain(rest).empty();) ++from_mailboxes;
  }
  [[nodiscard]] bool has(Single single) const { return !singles[single].empty(); }
  [[nodiscard]] std::string value(Single single) const {
    return has(single) ? mime::unfold(singles[single].front().value) : std::string();
  }

 private:
  void take(const mime::HeaderField& field) {
    for (std::size_t i = 0; i < kSingles; ++i) {
      if (ascii::equal_ignoring_case(field.name, kNames[i])) return singles[i].push_back(field);
    }
    if (ascii::equal_ignoring_case(field.name, "DKIM-Signature")) {
      signed_by.push_back(signing_domain(field.value));
    } else if (ascii::equal_ignoring_case(field.name, kField)) {
      ours.push_back(field.bytes);
    }
  }
};

std::string_view to_string(Rule rule) {
  switch (rule) {
    case Rule::From: return "from";
    case Rule::RepeatedField: return "repeated-field";
    case Rule::Date: return "date";
    case Rule::MessageId: return "message-id";
    case Rule::LineLength: return "line-length";
    case Rule::ListUnsubscribe: return "list-unsubscribe";
    case Rule::OneClick: return "one-click";
    case Rule::FeedbackId: return "feedback-id";
    case Rule::Dkim: return "dkim";
    case Rule::EnvelopeDomain: return "envelope-domain";
  }
  PENSTOCK_UNREACHABLE();
}

std::string Findings::sentence(std::string_view between) const {
  std::string text;
  for (const Fault& fault : faults) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : between, to_string(fault.rule), fault.words);
  }
  return text;
}

std::string Findings::names() const {
  std::string text;
  for (const Fault& fault : faults) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", to_string(fault.rule));
  }
  return text;
}

Rules::Rules(const config::Config& config, const config::Stream& stream)
    : mode_(stream.bulk_rules),
      marketing_(stream.marketing),
      links_(stream.unsubscribe.add),
      adds_message_id_(config.headers.add_message_id),
      adds_date_(config.headers.add_date),
      feedback_id_(stream.feedback_id),
      return_path_domain_(model::domain_of(stream.return_path)),
      signers_(stream.dkim) {
  for (const config::Dkim& key : config.dkim) {
    if (!key.signs_for(stream.name)) continue;
    keys_.push_back({key.domain, key.sign.value_or(Time::min()), key.retire.value_or(Time::max())});
  }
}

bool Rules::signs(std::string_view domain, Time wall) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const Key& key) { return key.domain == domain && key.sign <= wall && wall < key.retire; });
}

void Rules::check_repeated(const Header& header, Findings& found) const {
  std::string names;
  bool mended = false;
  for (std::size_t i = 0; i < kSingles; ++i) {
    const auto& fields = header.singles[i];
    bool stays = false;
    for (std::size_t n = 1; n < fields.size(); ++n) {
      const bool same = first_counts(i) || mime::unfold(fields[n].value) == mime::unfold(fields.front().value);
      if (fixes() && same) {
        found.removed.push_back(fields[n].bytes);
        mended = true;
      } else {
        stays = true;
      }
    }
    if (stays) names += fmt::format("{}{}", names.empty() ? "" : ", ", kNames[i]);
  }
  sort_removed(found.removed);
  if (!names.empty()) found.faults.push_back({Rule::RepeatedField, "more than one " + names});
  if (mended) found.fixed.push_back(Rule::RepeatedField);
}

void Rules::check_presence(const Header& header, const Subject& subject, Findings& found) const {
  if (!header.has(kFrom)) {
    found.faults.push_back({Rule::From, "there is no From field"});
  } else if (header.from_mailboxes != 1) {
    found.faults.push_back({Rule::From, header.from_mailboxes == 0
                                            ? "From has no address"
                                            : fmt::format("From has {} addresses", header.from_mailboxes)});
  }
  const bool unreadable = header.has(kDate) && !mime::parse_date(header.value(kDate));
  if (fixes() && (unreadable || (!header.has(kDate) && !adds_date_))) {
    if (unreadable) found.removed.push_back(header.singles[kDate].front().bytes);
    found.added += mime::format_field(kNames[kDate], mime::format_date(subject.wall));
    found.fixed.push_back(Rule::Date);
  } else if (unreadable) {
    found.faults.push_back({Rule::Date, "the Date cannot be read"});
  } else if (!header.has(kDate) && !adds_date_) {
    found.faults.push_back({Rule::Date, "there is no Date field"});
  }
  if (header.has(kMessageId) || adds_message_id_) return;
  if (!fixes()) return found.faults.push_back({Rule::MessageId, "there is no Message-ID field"});
  const std::string id = mime::make_message_id(model::format_id(subject.envelope.id), subject.host);
  found.added += mime::format_field(kNames[kMessageId], id);
  found.fixed.push_back(Rule::MessageId);
}

void Rules::check_marketing(const Header& header, const Subject& subject, Findings& found) const {
  const bool own = header.has(kListUnsubscribe) || header.has(kListUnsubscribePost);
  const bool linked = links_ == config::UnsubscribeAdd::Replace || (links_ == config::UnsubscribeAdd::Missing && !own);
  if (marketing_ && !linked) {
    const std::string links = ascii::lower(header.value(kListUnsubscribe));
    const bool has_https = links.find("<https://") != std::string::npos;
    if (!header.has(kListUnsubscribe)) {
      found.faults.push_back({Rule::ListUnsubscribe, "there is no List-Unsubscribe field"});
    } else if (!has_https) {
      found.faults.push_back({Rule::ListUnsubscribe, "List-Unsubscribe has no https address"});
    }
    const std::string post = ascii::lower(header.value(kListUnsubscribePost));
    if (!header.has(kListUnsubscribePost)) {
      found.faults.push_back({Rule::OneClick, "there is no List-Unsubscribe-Post field"});
    } else if (post != "list-unsubscribe=one-click") {
      found.faults.push_back({Rule::OneClick, "List-Unsubscribe-Post is not \"List-Unsubscribe=One-Click\""});
    }
  }
  if (header.has(kFeedbackId) || (!marketing_ && feedback_id_.empty())) return;
  if (!fixes() || feedback_id_.empty()) {
    return found.faults.push_back({Rule::FeedbackId, "there is no Feedback-ID field"});
  }
  found.added += mime::format_field(kNames[kFeedbackId], feedback_value(subject.envelope.labels, feedback_id_));
  found.fixed.push_back(Rule::FeedbackId);
}

void Rules::check_dkim(const Header& header, const Subject& subject, Findings& found) const {
  const std::string& from = header.from_domain;
  if (from.empty()) return;  // told already
  const auto aligned = [&from](std::string_view domain) {
    return dmarc::is_aligned(domain, from, dmarc::Alignment::Relaxed);
  };
  bool good = std::any_of(header.signed_by.begin(), header.signed_by.end(), aligned);
  for (const std::string& signer : signers_) {
    if (signer != config::kDkimOfFrom) {
      good = good || (aligned(signer) && signs(signer, subject.wall));
      continue;
    }
    // The nearest domain at or above it that has a key signs, as in delivery.
    for (std::string_view name = from; !name.empty() && !good;) {
      good = signs(name, subject.wall);
      const std::size_t dot = name.find('.');
      name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    }
  }
  if (!good) {
    found.faults.push_back({Rule::Dkim, fmt::format("no DKIM key signs for {} or its organisation", from)});
  }
  if (subject.sender_domain.empty() || aligned(subject.sender_domain)) return;
  found.faults.push_back(
      {Rule::EnvelopeDomain,
       fmt::format("the envelope sender's domain, {}, is not of {}'s organisation", subject.sender_domain, from)});
}

std::string Rules::leaving_domain(std::string_view sender) const {
  if (sender.empty()) return {};
  return return_path_domain_.empty() ? std::string(model::domain_of(sender)) : return_path_domain_;
}

Findings Rules::check(const Subject& subject) const {
  const Header header(subject.message);
  Findings found;
  found.removed = header.ours;
  check_presence(header, subject, found);
  check_repeated(header, found);
  if (has_long_line(subject.message)) {
    found.faults.push_back({Rule::LineLength, fmt::format("a line has more than {} bytes", kLineBytesMax)});
  }
  check_marketing(header, subject, found);
  check_dkim(header, subject, found);
  sort_removed(found.removed);
  if (!found.faults.empty()) found.added += mime::format_field(kField, found.names());
  return found;
}

}  // namespace penstock::bulk
