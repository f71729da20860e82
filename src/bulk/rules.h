// SPDX-License-Identifier: Apache-2.0
// Rules: what large receivers ask of those who send in bulk, held against a message before it is taken.
//
// Use:  if (const Rules* rules = plan.bulk_rules(stream)) {
//         const Findings found = rules->check({.message = …, …});
//         if (rules->mode() == config::BulkRules::Refuse && !found.faults.empty()) … found.sentence("\n") …
//       }
// Judged is the message as it will leave: a Message-ID or Date that [headers] adds is not missing.
// Sources: RFC 5322 §2.1.1, §3.6; RFC 2369, RFC 8058 (unsubscribing); RFC 7489 (alignment); the sender guidelines of
// Gmail and Yahoo (one From with one address, aligned DKIM and envelope, Feedback-ID).
// Pure: time comes in.   Threads: const, any.   Cost: one pass over header and body; a
// stream whose rules are off has none.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "mime/header.h"
#include "model/envelope.h"

namespace penstock::bulk {

enum class Rule : std::uint8_t {
  From,           // one From field with one address
  RepeatedField,  // fields that may be there once are there once
  Date,           // one that can be read
  MessageId,
  LineLength,       // at most 998 bytes (RFC 5322 §2.1.1)
  ListUnsubscribe,  // of marketing: List-Unsubscribe with an https address
  OneClick,         // of marketing: List-Unsubscribe-Post (RFC 8058)
  FeedbackId,       // of marketing, and wherever feedback_id is set
  Dkim,             // a domain that signs is aligned with that of From
  EnvelopeDomain,   // the envelope sender's domain is
};
inline constexpr std::size_t kRuleCount = 10;
[[nodiscard]] std::string_view to_string(Rule rule);  // "list-unsubscribe"

struct Fault {
  Rule rule;
  std::string words;  // "there is no List-Unsubscribe field"
};

struct Findings {
  std::vector<Fault> faults;             // what the message still breaks
  std::vector<Rule> fixed;               // what was mended, in mode Fix
  std::string added;                     // fields for it, each ended with CRLF
  std::vector<mime::ByteRange> removed;  // fields that go; ascending, disjoint
  // "list-unsubscribe: there is no List-Unsubscribe field; date: …"
  [[nodiscard]] std::string sentence(std::string_view between = "; ") const;
  // "list-unsubscribe, date"
  [[nodiscard]] std::string names() const;
};

// Views live during check().
struct Subject {
  std::string_view message;
  const model::Envelope& envelope;  // with id and labels
  std::string_view sender_domain;   // of the envelope as it will leave; "" is the null sender
  std::string_view host;            // our name, for a Message-ID
  Time wall;
};

class Rules {
 public:
  // A field that tells a warned message's faults; one that comes in with this name is removed.
  static constexpr std::string_view kField = "X-Penstock-Bulk-Rules";

  Rules(const config::Config& config, const config::Stream& stream);
  [[nodiscard]] config::BulkRules mode() const { return mode_; }
  // Of the envelope sender as the message will leave: a stream's return_path takes the place of any but the null
  // sender.
  [[nodiscard]] std::string leaving_domain(std::string_view sender) const;
  [[nodiscard]] Findings check(const Subject& subject) const;

 private:
  struct Key {
    std::string domain;
    Time sign, retire;
  };
  struct Header;
  void check_dkim(const Header& header, const Subject& subject, Findings& found) const;
  void check_marketing(const Header& header, const Subject& subject, Findings& found) const;
  void check_presence(const Header& header, const Subject& subject, Findings& found) const;
  void check_repeated(const Header& header, Findings& found) const;
  [[nodiscard]] bool signs(std::string_view domain, Time wall) const;
  [[nodiscard]] bool fixes() const { return mode_ == config::BulkRules::Fix; }

  // set in the constructor, never changed
  config::BulkRules mode_;
  bool marketing_;
  config::UnsubscribeAdd links_;  // that delivery adds
  bool adds_message_id_;
  bool adds_date_;
  std::string feedback_id_;
  std::string return_path_domain_;
  std::vector<std::string> signers_;  // as the stream names them
  std::vector<Key> keys_;
};

}  // namespace penstock::bulk
