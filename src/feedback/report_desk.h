// SPDX-License-Identifier: Apache-2.0
// ReportDesk: what is done with each report that comes in: read, matched, decided, carried out, recorded.
//
// Use:  ReportDesk desk(used, outlets);
//       desk.configure({keys, policy, classifier});
//       inbox = Inbox::open(folder, [&](const IncomingReport& report, auto waiting) { desk.handle(report, waiting > n);
//       });
// What the desk cannot do itself (suppressions, the event log, DKIM) it asks of its outlets.
// A suppression is asked for before the event that tells of it; when it cannot be stored, the event says so and the
// reference stays unused, so the same report may come again.
// Threads: handle() one at a time; configure() any.   Cost: some 200 µs a report, look-ups apart.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "feedback/decision.h"
#include "feedback/inbox.h"
#include "feedback/used_references.h"

namespace penstock::feedback {

// What became of a suppression that a report asks for.
enum class Suppressing : std::uint8_t {
  NotWanted,  // the class of the failure does not suppress
  Stored,     // durable
  Failed,     // it should be, and could not be stored
};

// One recipient of one handled report, for the event log. Views live during the call.
struct HandledRecipient {
  const report::Report& report;
  const Decision& decision;
  const Effect& effect;
  const IncomingReport& incoming;
  const Reference* reference = nullptr;  // of ours, when the report brought one
  const SentRecipient* sent = nullptr;   // what the log says of the original; nullptr: not known or not asked
  Suppressing suppressing = Suppressing::NotWanted;
};

class ReportOutlets {
 public:
  virtual ~ReportOutlets() = default;
  // May read files: up to tens of milliseconds. Asked when a decision needs it, or for labels while there is time.
  // For a whole message (kWholeMessage): that of its recipients which is one of `addresses`, case ignored.
  virtual std::optional<SentRecipient> find_sent(model::RecipientId recipient,
                                                 const std::vector<std::string>& addresses) = 0;
  // Whether the report comes from a feedback loop that the operator trusts: by DKIM signature or client address.
  virtual bool is_trusted(const IncomingReport& incoming, const report::Report& report) = 0;
  // Asked for recipients of reports that are believed. Whether the class suppresses is the outlet's to say.
  virtual Suppressing suppress(const HandledRecipient& handled) = 0;
  virtual void record(const HandledRecipient& handled) = 0;
  // Every report, also those that concern nobody.
  virtual void count(report::ReportKind kind, Proof proof) = 0;
};

struct DeskSettings {
  ReferenceKeys keys;
  Policy policy;
  // That of the plan in force, so that own rules hold for reports too.
  std::shared_ptr<const classify::Classifier> classifier = classify::Classifier::shipped();
};

class ReportDesk {
 public:
  ReportDesk(UsedReferences& used, ReportOutlets& outlets);

  void configure(DeskSettings settings);
  // `behind`: more reports wait, so that labels are not looked up for their own sake.
  void handle(const IncomingReport& incoming, bool behind = false);

 private:
  [[nodiscard]] std::shared_ptr<const DeskSettings> settings() const;
  [[nodiscard]] Evidence gather(const IncomingReport& incoming, const report::Report& report,
                                const ReferenceKeys& keys);
  void carry_out(const IncomingReport& incoming, const report::Report& report, const Evidence& evidence,
                 const Decision& decision);

  UsedReferences& used_;
  ReportOutlets& outlets_;
  mutable std::mutex mutex_;
  std::shared_ptr<const DeskSettings> settings_;  // guarded by mutex_
};

}  // namespace penstock::feedback
