// SPDX-License-Identifier: Apache-2.0
// What operators ask and what they are told, as plain values: the words of Operations. Nothing here knows JSON.
//
// Times are wall times; the epoch means "not known" or "does not apply" and is left out of the JSON. Durations of zero
// likewise where the comment says so. Rates are per second. Empty strings mean "does not apply".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/envelope.h"
#include "model/ids.h"

namespace penstock::api {

// Who asks. Recorded with every change, as an Admin event.
struct Actor {
  std::string name;  // user name of the peer on the unix socket ("root"), or "uid 1000" when it has none
  std::string via;   // "unix"
};

// Which recipients a command touches: those that match every criterion given. Names compare exactly, domains without
// case. A change with no criterion at all is refused unless `all` is set.
struct Selection {
  std::string stream, tenant, campaign;
  std::string domain;    // of the recipient
  std::string provider;  // "gmail"
  std::string vmta;      // the one pinned or asked for
  std::string path;      // egress path as PathRow::path names it
  std::optional<model::MessageId> message;
  std::string recipient;  // address
  bool all = false;       // said on purpose: everything
  [[nodiscard]] bool empty() const {
    return stream.empty() && tenant.empty() && campaign.empty() && domain.empty() && provider.empty() && vmta.empty() &&
           path.empty() && !message && recipient.empty();
  }
  bool operator==(const Selection&) const = default;
};

// Queued recipients by state. Active ones are due: `ready` wait for a permit, `in_delivery` are being tried.
struct QueueCounts {
  std::uint64_t ready = 0;
  std::uint64_t in_delivery = 0;
  std::uint64_t deferred = 0;   // wait for a retry time
  std::uint64_t scheduled = 0;  // wait for their first attempt's time or for a delivery window
  std::uint64_t held = 0;       // wait for a person
  [[nodiscard]] std::uint64_t total() const { return ready + in_delivery + deferred + scheduled + held; }
};

enum class DaemonState : std::uint8_t {
  Starting,  // reading the spool; takes no mail yet
  Serving,
  Draining,  // refuses new mail, goes on delivering
  Stopping   // finishes what is in flight
};

// Something an operator should know of now.
struct Trouble {
  std::string part;     // "spool", "vmta v2"
  std::string message;  // one sentence: what is the matter
  std::string hint;     // what to do about it
  Time since;
  // Of a trouble that is counted; else 0 and the epoch.
  std::uint64_t count = 0;
  Time last{};
};

// Recipients since the start, or per second over the last minute.
template <class Number>
struct Flow {
  Number accepted = 0, rejected = 0, delivered = 0, deferred = 0, bounced = 0, expired = 0, suppressed = 0;
};

struct Status {
  std::string node;     // node.name of the configuration
  std::string version;  // of the program
  std::int64_t pid = 0;
  DaemonState state = DaemonState::Starting;
  Time started, now;
  QueueCounts queue;
  Flow<std::uint64_t> totals;                             // since the start
  Flow<double> rates;                                     // per second, over the last minute
  std::uint64_t connections_in = 0, connections_out = 0;  // SMTP, at this moment
  std::uint64_t memory_bytes = 0;                         // resident; 0: cannot be told
  std::uint64_t spool_bytes = 0, spool_free_bytes = 0;    // taken by the spool; free on its file system
  std::uint32_t shards = 0;
  std::string config_file;  // the main one
  Time config_loaded;       // when the one in effect was read
  std::uint32_t jobs_running = 0, pauses = 0;
  std::vector<Trouble> troubles;  // empty: all is well
};

// For /healthz: whether a load balancer should send mail here. Must be cheap and must not wait for shards.
struct Health {
  bool healthy = true;
  std::string reason;  // why not; one sentence
};

enum class PathState : std::uint8_t {
  Normal,
  Slowed,    // the adaptive limit is below the configured one
  Backoff,   // after trouble: few connections, growing again
  Suspended  // none until a time
};

struct PathRow {
  std::string path;  // "v1/provider:gmail", "v1/site:mx1.example,mx2.example"
  std::string vmta;
  std::string group;  // "provider:gmail"
  PathState state = PathState::Normal;
  std::string cause;                                   // why it is not Normal: rule and reply; in words
  Time since, until;                                   // of that state
  std::uint32_t connections = 0, connections_max = 0;  // open now; allowed now (0: no limit)
  double rate = 0;  // recipients per second it may attempt now; 0: it has none that moves
  std::uint64_t ready = 0, in_delivery = 0;
  Flow<double> rates;          // delivered, deferred, bounced
  Flow<std::uint64_t> totals;  // the same since the start
  // What slows or holds some or all of its mail, in words: "suspend campaign=may provider=gmail (rule
  // campaign-doubted)".
  std::vector<std::string> actions;
};
struct PathQuery {
  Selection selection;        // vmta, provider and path count; others match nothing narrower
  std::uint32_t limit = 100;  // the busiest first
};

// Why a path is as it is.
struct PathQuestion {
  std::string vmta, domain;
  std::string stream;    // whose route and limits; "": the fallback stream
  std::string provider;  // as if the domain belonged to it; "": looked up
};
struct PathValue {
  std::string key;        // "connections", as in [[provider]]; "route"; "postmaster" and "feedback_loop" are links
  std::string value;      // as written in a file; "": no limit
  std::string origin;     // "provider file gmail.toml", "[[domain]] slow.example", "[defaults]"
  std::string reference;  // where a provider file has it from, …
  std::string standing;   // … how good that is: published, quoted, practice, chosen
  std::string note;       // what a provider file remarks on it; of a [[limit]]: whom it is for
};
struct PathScope {  // a limiter that covers the path
  std::string scope, state, rule, cause;
  Time since, until;
  std::uint32_t connections = 0, connections_max = 0;  // open now; allowed now (0: no limit, or suspended)
  double rate = 0, rate_ceiling = 0;                   // recipients per second; 0: not adaptive, not known
  std::uint32_t attempts = 0, refusals = 0;            // of the last minute
  std::uint32_t messages_per_connection = 0;           // of a new one, where that moves or was found out; or 0
  std::string next, by;
};
struct PathExplanation {
  std::string path;      // "v1/provider:gmail"
  std::string provider;  // "": none
  std::string found_by;  // how that is known, or why it is not: "MX aspmx.l.google.com"
  std::vector<PathValue> values;
  std::vector<PathScope> scopes;  // empty: nothing was sent there since the start
};

enum class QueueGroup : std::uint8_t { Domain, Stream, Tenant, Campaign, Provider, Vmta };

struct QueueQuery {
  Selection selection;
  QueueGroup by = QueueGroup::Domain;
  std::uint32_t limit = 100;  // rows; the largest first
};
struct QueueRow {
  std::string name;  // of the domain, stream …; "" for recipients without one
  QueueCounts counts;
  Time oldest;         // when the oldest was accepted
  Time next_attempt;   // earliest
  std::string paused;  // the pause that stops it, in words
};
struct QueueList {
  std::vector<QueueRow> rows;
  std::uint64_t groups = 0;  // how many there are in all
  QueueCounts total;         // of everything selected, not only of the rows shown
};

// Ages since acceptance: below 5, 10, 20, 40, 80, 160, 320, 640, 1280 minutes, and older. As qshape has them.
inline constexpr std::array<std::uint32_t, 9> kAgeBoundMinutes{5, 10, 20, 40, 80, 160, 320, 640, 1280};
using AgeBuckets = std::array<std::uint64_t, kAgeBoundMinutes.size() + 1>;
struct AgeRow {
  std::string name;
  AgeBuckets recipients{};
};
struct AgeList {
  std::vector<AgeRow> rows;  // the largest first
  std::uint64_t groups = 0;
  AgeBuckets total{};
};

enum class RecipientState : std::uint8_t {
  Ready,
  InDelivery,
  Deferred,
  Scheduled,
  Held,
  Done  // only in message(): no longer queued
};

// One recipient with what is known of its delivery.
struct RecipientRow {
  model::RecipientId id;
  std::string recipient;
  std::string sender;
  model::Labels labels;
  RecipientState state = RecipientState::Ready;
  Time received;
  std::uint32_t attempts = 0;
  Time next_attempt;
  std::string last_reply;  // "451 4.7.1 try later"
  std::string vmta;        // pinned to, if any
  std::string path;        // waiting on, when active
  std::string reason;      // why held, or why done
};
struct RecipientQuery {
  Selection selection;
  std::optional<RecipientState> state;
  std::uint32_t limit = 100;
};
struct RecipientList {
  std::vector<RecipientRow> rows;
  std::uint64_t matched = 0;  // in all
  std::uint64_t untold = 0;   // rows whose last reply was not looked up, as those of many messages were before them
};

struct MessageDetail {
  model::Envelope envelope;
  std::vector<RecipientRow> recipients;  // in the envelope's order
};

// Lines of the event log, each one JSON object (docs/events.md), in time order.
struct EventList {
  std::vector<std::string> events;
  std::uint64_t cursor = 0;  // where the next read begins; 0 for a trace
  bool more = false;         // the limit cut the answer short
};
struct TraceQuery {
  std::string recipient;                    // an address, or empty when
  std::optional<model::MessageId> message;  // a message is asked for
  Time since;                               // epoch: all that is retained
  std::uint32_t limit = 200;                // the newest that many
};
struct EventQuery {
  std::optional<std::uint64_t> cursor;  // from EventList; none: begin with the newest `last` events
  std::uint32_t last = 0;
  std::uint32_t max = 500;
  std::vector<std::string> types;  // "delivered", …; empty: all
  Selection filter;                // stream, tenant, campaign, domain, provider, vmta, message, recipient
};

struct Pause {
  Selection selection;  // stream, tenant, campaign, domain, provider, vmta, path
  std::string reason;
  std::string by;  // who paused it
  Time since;
  Time until;  // epoch: until resumed
};
struct PauseRequest {
  Selection selection;
  std::string reason;
  Time until;  // epoch: until resumed
};

enum class Act : std::uint8_t {
  Hold,     // ready, deferred and scheduled recipients → held
  Release,  // held ones → where they would be without the hold
  Retry,    // deferred and scheduled ones → ready
  Bounce,   // failed for good
  Reroute   // another vMTA or stream
};

struct ActRequest {
  Act act = Act::Hold;
  Selection selection;
  bool dry_run = false;  // only count what matches
  std::string reason;    // kept with held recipients and in the event log; for a bounce, the text the sender reads
  // Reroute: exactly one is given. The recipient leaves its pin and gets the new label.
  std::string to_vmta;
  std::string to_stream;
  bool force = false;  // Reroute: also who was deferred for rate or reputation and waits for his vMTA
};

enum class JobState : std::uint8_t {
  Running,
  Waiting,  // every queue has been seen; it waits for recipients that were in no queue
  Done,
  Failed,    // `detail` says why; what was changed stays changed
  Cancelled  // by an operator; likewise
};

// A command over many recipients, worked off in slices in the background.
struct Job {
  std::uint64_t id = 0;
  Act act = Act::Hold;
  Selection selection;
  bool dry_run = false;
  JobState state = JobState::Running;
  std::uint64_t visited = 0, to_visit = 0;  // progress: queued recipients looked at, of about so many
  std::uint64_t matched = 0;                // fit the selection
  std::uint64_t changed = 0;                // of these, were changed; the rest had finished or are in flight
  std::uint64_t kept = 0;                   // of these, were left alone: rerouting without `force`
  std::uint64_t in_flight = 0;              // of these, are in delivery or looked up: changed if they come back
  std::string by;
  std::string detail;  // why it failed, or what was left out
  Time started, finished;
};

struct ConfigProblem {
  std::string file;
  std::uint32_t line = 0, column = 0;  // from 1; 0: of the file as a whole
  std::string key;
  std::string message;
  std::string suggestion;
  bool is_error = true;  // else a warning
};
struct ConfigCheck {
  std::vector<ConfigProblem> problems;
  [[nodiscard]] bool ok() const {
    for (const ConfigProblem& problem : problems) {
      if (problem.is_error) return false;
    }
    return true;
  }
};
struct ReloadReport {
  bool applied = false;  // false: the old configuration goes on serving
  std::vector<ConfigProblem> problems;
  std::vector<std::string> changed;        // keys that took effect
  std::vector<std::string> needs_restart;  // keys that changed in the file and wait for a restart
};
// A file the daemon can read, or the text itself.
struct ConfigCheckRequest {
  std::string path;
  std::optional<std::string> text;
};
struct SettingRow {
  std::string key;     // "stream.default.route"
  std::string value;   // as it would be written in the file
  std::string origin;  // "penstock.toml:12", or "default"
  bool needs_restart = false;
};

// The warm-up of one vMTA at one provider.
enum class WarmupState : std::uint8_t {
  Warming,
  Closed,  // outside its hours
  Paused,  // by an operator
  Warm     // the plan is done: nothing is limited any more
};
struct WarmupQuery {
  std::string vmta, provider;  // "": any
};
struct WarmupRow {
  std::string vmta;
  std::string provider;  // "other" for sites that belong to none
  WarmupState state = WarmupState::Warming;
  std::uint32_t plan_day = 0, plan_days = 0;    // where in the plan today's allowance stands
  std::uint64_t plan_first = 0, plan_last = 0;  // allowances
  std::string beyond, hours, zone;              // as configured
  std::uint32_t days = 0;                       // on which something was taken
  std::uint64_t allowance = 0;                  // today
  std::uint64_t planned = 0;                    // before it was cut
  std::uint64_t allowed_so_far = 0;             // by the spread
  std::uint64_t taken = 0, under_way = 0, left = 0;
  std::uint64_t deferred = 0, bounced = 0, complaints = 0;
  std::string why;  // of today's allowance
  std::string paused_by, paused_why;
  Time paused_since;
  Time opens, closes;  // today
  // What would follow if the day ended now.
  std::uint64_t tomorrow = 0;
  bool tomorrow_warm = false;
  std::string tomorrow_step;  // "grow", "hold", …
  std::string tomorrow_why;
};
enum class WarmupAct : std::uint8_t { Pause, Resume, Set };
struct WarmupChange {
  WarmupAct act = WarmupAct::Pause;
  std::string vmta, provider;
  std::uint32_t day = 0;  // Set
  std::string reason;
};

enum class DrainStep : std::uint8_t {
  Begin,  // refuse new mail (421), go on delivering
  End,    // take new mail again
  Stop    // refuse new mail, finish what is in flight within `limit`, then end the process
};
struct DrainRequest {
  DrainStep step = DrainStep::Begin;
  Duration limit{std::chrono::seconds{30}};  // Stop only
};

}  // namespace penstock::api
