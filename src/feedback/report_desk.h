// SPDX-License-Identifier: Apache-2.0
// ReportDesk: what is done with the reports that come in: read, matched, decided, carried out, recorded.
//
// Use:  ReportDesk desk(used, outlets);
//       desk.configure({keys, policy, classifier});
//       inbox = Inbox::open(folder, [&](std::span<const IncomingReport> reports) { desk.handle(reports); });
// What the desk cannot do itself (suppressions, the event log, DKIM) it asks of its outlets, for all reports in hand
// together: one look at the log and one wait for the disk serve them all.
// A suppression is asked for before the event that tells of it; when it cannot be stored, the event says so and the
// reference stays unused, so the same report may come again. A report that is handled twice, after a crash, has the
// same id both times and acts as if for the first time.
// Threads: handle() one at a time; configure() any.   Cost: some 200 µs a report, look-ups apart.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

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

// Tells reports apart: a hash of all that came. The same for a report that is read from the inbox again.
[[nodiscard]] std::uint64_t report_id(const IncomingReport& incoming);

// One recipient of one handled report, for the event log. References live during the call.
struct HandledRecipient {
  const report::Report& report;
  const Decision& decision;
  const Effect& effect;
  const IncomingReport& incoming;
  std::uint64_t report_id = 0;
  std::uint32_t number = 0;              // of the report's recipients, from 0
  const Reference* reference = nullptr;  // of ours, when the report brought one
  const SentRecipient* sent = nullptr;   // what the log says of the original; nullptr: not known
  Suppressing suppressing = Suppressing::NotWanted;
};

class ReportOutlets {
 public:
  virtual ~ReportOutlets() = default;
  // What the log knows of each, in order. May read files: up to some hundred milliseconds for all of them.
  virtual std::vector<std::optional<SentRecipient>> find_sent(std::span<const model::RecipientId> wanted) = 0;
  // Whether the report comes from a feedback loop that the operator trusts: by DKIM signature or client address.
  virtual bool is_trusted(const IncomingReport& incoming, const report::Report& report) = 0;
  // Asked for recipients that reports which are believed speak of; what became of each, in order. Whether the class
  // suppresses is the outlet's to say.
  virtual std::vector<Suppressing> suppress(std::span<const HandledRecipient> handled) = 0;
  virtual void record(const HandledRecipient& handled) = 0;
  // Every report, also those that concern nobody.
  virtual void count(report::ReportKind kind, Proof proof) = 0;
  // All reports in hand are dealt with: what was recorded is to survive a kill.
  virtual void finished() = 0;
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
  void handle(std::span<const IncomingReport> reports);
  void handle(const IncomingReport& report) { handle({&report, 1}); }

 private:
  // One report in hand.
  struct Case {
    const IncomingReport& incoming;
    std::uint64_t id;
    report::Report report;
    Evidence evidence{};
    Decision decision{};
    bool failed = false;  // a suppression
  };
  [[nodiscard]] std::shared_ptr<const DeskSettings> settings() const;
  void look_up(std::vector<Case>& cases);
  void judge(Case& one, const DeskSettings& in_force);
  void carry_out(std::vector<Case>& cases);

  UsedReferences& used_;
  ReportOutlets& outlets_;
  mutable std::mutex mutex_;
  std::shared_ptr<const DeskSettings> settings_;  // guarded by mutex_
};

}  // namespace penstock::feedback
