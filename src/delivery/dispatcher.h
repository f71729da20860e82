// SPDX-License-Identifier: Apache-2.0
// Dispatcher: one shard's recipients, from the moment they are durable to their last outcome. The heart of the engine.
//
//   take() ──► due? ──no──► calendar (scheduled, deferred)        held queue ◄── hold, pause, no vMTA
//               │yes            │ its second has come                  │ released
//               ▼               ▼                                      │
//             route: stream, domain → Destination; pool → vMTA  ◄──────┘
//               │ the path's shard may be another: handed over in batches
//               ▼
//             lane of the path: fair queue ──► connections take batches (next_batch) ──► Settlement: final, or deferred
//
// Threads: the shard's, except where a member says otherwise. post() work to the shard to use it from elsewhere.
// Owns: all queues, paths and limiters of the shard.   Errors: none; trouble becomes an outcome.
// Costs: nothing per idle domain or vMTA; paths and lanes are forgotten within two minutes of the last use.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "delivery/action_desk.h"
#include "delivery/attempted.h"
#include "delivery/connection_room.h"
#include "delivery/destination_table.h"
#include "delivery/flight_log.h"
#include "delivery/hold_log.h"
#include "delivery/host_trouble.h"
#include "delivery/judge.h"
#include "delivery/late_failure.h"
#include "delivery/limit_desk.h"
#include "delivery/limiter_table.h"
#include "delivery/path.h"
#include "delivery/path_rules.h"
#include "delivery/plan.h"
#include "delivery/settlement.h"
#include "delivery/shaping_memory.h"
#include "delivery/shard_parts.h"
#include "delivery/watch.h"
#include "queue/calendar_queue.h"
#include "queue/held_queue.h"
#include "queue/pause_set.h"
#include "queue/queue_stats.h"
#include "warmup/desk.h"

namespace penstock::delivery {

// A recipient on its way to the shard that owns its path.
struct Routed {
  queue::QueuedRecipient recipient;
  DestinationPtr destination;
};

class Dispatcher final : public Settlement::Queue {
 public:
  static constexpr Duration kTick{std::chrono::milliseconds{50}};
  static constexpr Duration kLookAgain{std::chrono::milliseconds{100}};  // when limits have no room, and say not when
  static constexpr Duration kShortFor{std::chrono::seconds{1}};          // our own system has no socket

  Dispatcher(ShardParts parts, std::unique_ptr<DestinationTable> destinations);
  ~Dispatcher() override;
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // The configuration from now on. What is ready follows its routes and limits at once; recipients that wait for
  // a vMTA are tried anew.
  void set_plan(PlanPtr plan);
  [[nodiscard]] const PlanPtr& plan_ptr() const { return plan_; }
  // Begins to work: call once, with a plan set.
  void start();
  // Takes recipients that are durable and in no other queue.
  void take(std::span<const queue::QueuedRecipient> recipients);
  // Takes recipients for paths of this shard.
  void arrive(std::vector<Routed> routed);
  // No new connections and transactions; those under way end. See in_flight().
  void stop();
  // Connections and other work that still has to come to its end.
  [[nodiscard]] std::size_t in_flight() const {
    return settlement_.learning() + in_flight_ + (hold_log_.busy() ? 1 : 0);
  }

  // Settlement::Queue: a recipient whose attempt is over waits again.
  void wait_until(const queue::QueuedRecipient& recipient, Time due) override;
  void admit(const model::Envelope& envelope) override;

  // For connections.
  [[nodiscard]] ShardParts& parts() { return parts_; }
  [[nodiscard]] Settlement& settlement() { return settlement_; }
  [[nodiscard]] HostTrouble& host_trouble() { return host_trouble_; }
  [[nodiscard]] TlsMemory& tls_memory() { return tls_memory_; }
  [[nodiscard]] Judge& judge() { return judge_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  // The next recipients for a transaction of this lane, at most what its limits and its stream allow; empty if nothing
  // is ready. They are in delivery until settled() is called with their number.
  [[nodiscard]] std::vector<queue::QueuedRecipient> next_batch(Lane& lane);
  // `taken` of them were delivered.
  void settled(Lane& lane, std::size_t recipients, std::size_t taken = 0);
  // For a connection that is opened now; never null.
  [[nodiscard]] TimeoutsPtr timeouts_of(const Lane& lane);
  // Where the lane's recipients go.
  [[nodiscard]] queue::Place place_of(const Lane& lane) const;
  // load() gave nothing for them.
  void lost(Lane& lane, std::size_t recipients);
  // They were not attempted after all; they come back as if they had just become due.
  void put_back(Lane& lane, std::span<const queue::QueuedRecipient> recipients);
  // The same, but the receiver has heard of them from this vMTA, and only this one asks again (never dodge).
  void put_back_here(Lane& lane, std::vector<queue::QueuedRecipient> recipients);
  // Actions and limits on tuples, see ActionDesk and LimitDesk. While wants_facts() says no there is nothing to ask.
  [[nodiscard]] bool wants_facts() const { return !actions_.empty() || !limits_.empty(); }
  [[nodiscard]] LimitDesk& limits() { return limits_; }
  [[nodiscard]] const ActionDesk& actions() const { return actions_; }
  [[nodiscard]] shaping::LimitKey facts_of(const Lane& lane, const Batch& batch, std::string_view dkim_domain) const;
  // What is held while a transaction lasts.
  struct Transaction {
    shaping::HeldLimits slots;
    std::vector<shaping::LeasePtr> leases;
    std::uint32_t recipients = 0;
    std::uint64_t bytes = 0;
  };
  // Right before MAIL. Nothing: an action or a limit stands against it, and the batch has been put where it waits.
  [[nodiscard]] std::optional<Transaction> may_send(Lane& lane, const Batch& batch, const shaping::LimitKey& facts);
  // Its slots serve others.
  void transaction_ended(Transaction transaction);
  // There was none after all: the rates that it took come back as well.
  void transaction_dropped(Transaction transaction);
  // Limits of one more host; false: none of them has room. `held` gets the slots, `messages` the least number of
  // messages per connection (0: no limit).
  [[nodiscard]] bool may_connect(const Lane& lane, const std::string& host, const std::string& address,
                                 const std::string& source, shaping::HeldLimits& held, std::uint32_t& messages);
  // No host could be tried because limits stand against it, or we have no socket: looked at again
  // after that time.
  void connection_limited(Lane& lane, Duration after = kLookAgain);
  // The system refused us a socket.
  void note_shortage(const Error& error);
  // What an attempt with these facts came to; call it when actions().watches(outcome).
  void observe(const model::Outcome& outcome, const shaping::LimitKey& facts);
  // A report of somebody whose word counts. Actions and limits hear of it as of an answer, on the shard that has them;
  // call it on this one.
  void hear(const LateFailure& failure);
  // The path may have been suspended since: new recipients take another vMTA of their pool, if there is one, and the
  // log is told. `because`: the outcome that may have done it.
  void look_at_state(Path& path, const model::Outcome* because = nullptr);
  // New recipients do not take this vMTA there for a while.
  void avoid(Path& path, Time until);
  // Another lane waits for a slot that this lane's connections hold, or another path for a place in the node's room.
  [[nodiscard]] bool another_waits(const Lane& lane) const;
  void connection_usable(Lane& lane);
  // No host of the lane could be used.
  void connection_failed(Lane& lane, const model::Outcome& outcome);
  void connection_ended(Lane& lane, bool was_opening);
  // Envelope and body: from memory, or read by a worker. Nothing when the spool no longer has the message or cannot
  // read it; that has been dealt with then.
  [[nodiscard]] net::Task<std::optional<Batch>> load(std::vector<queue::QueuedRecipient> recipients);

  // What operators see and do.
  [[nodiscard]] const queue::QueueTotals& totals() const { return totals_; }
  [[nodiscard]] std::uint64_t in_delivery() const { return in_delivery_; }
  // What the spool still kept at the start: due ones go to the calendar too, which hands them out in portions.
  void recover(std::span<const queue::QueuedRecipient> recipients);
  [[nodiscard]] const auto& paths() const { return paths_; }
  [[nodiscard]] std::size_t limiters() const { return limiters_.size(); }  // kept while somebody uses or remembers them
  [[nodiscard]] DestinationTable& destinations() { return *destinations_; }
  Result<> add_pause(queue::Pause pause);
  void remove_pause(queue::PauseId id);
  // Forgets the connection trouble of these paths: an operator says that the receiver is well again.
  void reset_trouble(const std::function<bool(const Path&)>& selected);
  // What a restart must not forget; restore() before start().
  [[nodiscard]] ShapingMemory memory() const;
  void restore(ShapingMemory memory);
  // An operator's limits for a path, or none of his any more. A path that nobody uses yet has them once somebody does.
  // False: there was nothing to take off.
  bool pin_path(const shaping::PathKey& key, const std::optional<shaping::Pin>& pin);
  // An operator says that the receiver is well again there. False: nothing is known of such a path.
  bool clear_path(const shaping::PathKey& key);
  // Why that path is as it is, also when it is only remembered of the last run; nothing: nothing is known of it.
  [[nodiscard]] std::optional<shaping::Explanation> explain(const shaping::PathKey& key) const;
  // The same for all that have no Path just now and are slowed, held or pinned; each on one shard.
  void each_pathless(const std::function<void(const shaping::PathKey&, const shaping::Explanation&)>& visit) const;
  // Whether a suspension, back-off or action began, ended or grew longer since the last call: what a crash must not
  // forget.
  [[nodiscard]] bool take_state_changed() { return std::exchange(state_changed_, false); }
  // What limits that path, whether mail waits there or not; nullptr: nothing is known of it.
  [[nodiscard]] const shaping::Limiter* find_limiter(const shaping::PathKey& key) const { return limiters_.find(key); }
  // An operator's action, and the end of any. False: there was none on this tuple.
  void pin_action(shaping::Action action);
  bool clear_action(const shaping::LimitKey& key);
  // Every recipient that is in a queue, in slices: shows about `max`, with where it is and where it would go. What the
  // visitor takes leaves the queue and its counts: it is the visitor's to give back by take() or
  // bounce(), and in flight until then.
  using Sighting = delivery::Sighting;
  using Visitor = std::function<queue::Visit(const queue::QueuedRecipient&, const Sighting&)>;
  class Scan;
  [[nodiscard]] std::shared_ptr<Scan> begin_scan();
  // Returns false when the scan is over.
  bool scan_slice(Scan& scan, std::size_t max, const Visitor& visit);
  // Looks up where mail of these domains goes, so that Sightings tell it, some at a time, while `wanted` says so. It is
  // asked on this shard; `learned` is called there at the end, but not if the shard stops first.
  void learn_places(std::vector<model::NameId> domains, std::function<bool()> wanted, std::function<void()> learned);
  // Those in no queue: in delivery, waiting for a look-up, being settled. The visitor only looks. What is on its way
  // to another shard is seen by neither, but has arrived before anything that is posted there afterwards.
  void visit_in_flight(const FlightLog::Visitor& visitor) const;
  [[nodiscard]] FlightLog& flights() { return flights_; }
  // From now on it is asked before a recipient enters a queue.
  void add_watch(std::shared_ptr<Watch> watch) { watches_.push_back(std::move(watch)); }
  void remove_watch(const Watch* watch);
  // Recipients an operator fails for good. Asynchronous; counted in in_flight().
  void bounce(std::vector<queue::QueuedRecipient> recipients, model::Outcome outcome);
  // Records the state of recipients that were held, released or rerouted, so that a restart finds it.
  void persist(std::span<const queue::QueuedRecipient> recipients);

 private:
  // Somebody who watches has taken it: it is to enter no queue.
  [[nodiscard]] bool is_met(const queue::QueuedRecipient& recipient, queue::Whereabouts where,
                            const queue::Place& place);
  // In the hands of somebody who takes recipients out of queues, until they are given back.
  void handed_out(const queue::QueuedRecipient& recipient, const queue::Place& place);
  void given_back(std::span<const queue::QueuedRecipient> recipients);
  [[nodiscard]] queue::Place place_of(const queue::QueuedRecipient& recipient) const;
  void tick();
  void housekeep();
  void settle_suppressed(const model::Envelope& envelope, std::vector<queue::QueuedRecipient>& recipients);
  void place(const queue::QueuedRecipient& recipient);
  void route(const queue::QueuedRecipient& recipient);
  [[nodiscard]] static bool is_over(const queue::QueuedRecipient& recipient, const Stream& stream, Time now);
  void look_up(const queue::QueuedRecipient& recipient, const Stream& stream);
  struct Learning;
  static net::Task<> learn_task(Dispatcher& self, std::shared_ptr<Learning> learning);
  static net::Task<> look_up_task(Dispatcher& self, model::NameId domain, Route route, model::TlsWish wish,
                                  std::uint64_t key, std::uint64_t flight);
  void handle(const queue::QueuedRecipient& recipient, const Resolved& resolved);
  void send_on(const queue::QueuedRecipient& recipient, const DestinationPtr& destination);
  void flush_outboxes();
  void hold(queue::QueuedRecipient recipient, queue::HoldReason reason);
  // The same with its event, but for those who were due when we started.
  void hold_anew(const queue::QueuedRecipient& recipient, queue::HoldReason reason, std::string_view cause);
  // It was due when we started, so its hold has mostly been told of before.
  [[nodiscard]] bool is_recovered(const queue::QueuedRecipient& recipient) const {
    return recipient.due != 0 && recipient.due <= recovered_due_ && recipient.received < recovered_due_;
  }
  [[nodiscard]] shaping::LimitKey facts_of(const Lane& lane, const queue::QueuedRecipient& recipient) const;
  [[nodiscard]] shaping::LimitKey facts_of(model::NameId vmta, const Destination& to,
                                           const queue::QueuedRecipient& recipient) const;
  // The limits of [[limit]] on the path itself; false: they have no room, and the path is woken when to look again.
  [[nodiscard]] bool take_path_limits(Path& path, const Lane& lane, shaping::HeldLimits& held, std::uint32_t& messages);
  void wait_in(LimitDesk::Room& room, const queue::QueuedRecipient& recipient);
  void let_out(std::vector<queue::QueuedRecipient> recipients);
  void hold_for(const shaping::Action& action, const queue::QueuedRecipient& recipient);
  // An action stands against it: it is given another vMTA where that helps and it may leave, or held.
  void move_or_hold(const shaping::Action& action, const queue::QueuedRecipient& recipient);
  void end_actions();
  void tell_end(const shaping::LimitKey& key, const std::string& words);
  [[nodiscard]] model::Event event_of(const shaping::LimitKey& key) const;
  // Whose paths a late failure is about: the provider, or the site, or a domain with limits of its own.
  // The shard that has all paths of a home.
  [[nodiscard]] std::size_t owner_of(model::NameId home) const;
  // Whether this shard counts for it: what a rule made is its provider's, what an operator set is everybody's.
  [[nodiscard]] bool has_action(const shaping::Action& action) const;
  void hear_here(const LateFailure& failure, model::NameId home);
  // Frees who is held for that, in slices between which other mail goes on. `cause`: in words, for the events.
  void release(queue::HoldReason reason, std::string_view cause);
  void release_slice();
  void post_release();
  // Whether it would be held once more at once.
  [[nodiscard]] bool still_held(const queue::QueuedRecipient& recipient) const;
  // Too many of the lane were put aside in one turn: its connections look again in a later one.
  void stall(const Lane& lane);
  void nudge_stalled();
  void pauses_changed();
  void expire_held();
  // The vMTA that it must take: pinned, or asked for by the sender. nullptr: any of its pool.
  [[nodiscard]] const Vmta* bound_to(const queue::QueuedRecipient& recipient) const;
  [[nodiscard]] bool lost_its_vmta(const queue::QueuedRecipient& recipient) const;
  // The vMTA that it would take, if that is certain; 0 otherwise.
  [[nodiscard]] model::NameId certain_vmta(const queue::QueuedRecipient& recipient) const;
  // Some vMTA that it may take is usable.
  [[nodiscard]] bool has_vmta(const queue::QueuedRecipient& recipient) const;
  // By weight among those of its pool that are usable, not avoided there and under no action; nullptr: all are avoided,
  // and when one is not any more. Where actions stand against all that are left it is one of those.
  struct Choice {
    const Vmta* vmta = nullptr;
    Time again{};
  };
  [[nodiscard]] Choice choose_vmta(const queue::QueuedRecipient& recipient, const Stream& stream,
                                   const Destination& to);
  // An action that names a vMTA bars it from this one.
  [[nodiscard]] bool is_barred(const queue::QueuedRecipient& recipient, model::NameId vmta, const Destination& to);
  [[nodiscard]] Time avoided_until(model::NameId vmta, const Stream& stream, const Destination& to, Time now);
  void move_unbound(Path& path);
  // Paths that this limits, its own and those within it, are looked at now: it has changed.
  void look_anew(const shaping::PathKey& key);
  // In the calendar until `due`; with the mark PutOff, or None.
  void wait_as(queue::HoldReason mark, queue::QueuedRecipient waiting, Time due);
  // Every vMTA that it may take is suspended at its receiver until then: see dispatcher_put_off.cc.
  void put_off(const queue::QueuedRecipient& recipient, Time until);
  [[nodiscard]] bool stays_put_off(const queue::QueuedRecipient& recipient);
  // A suspension is over before its time: who waits for it goes now, in slices between which other mail goes on.
  void bring_back();
  void bring_back_slice();
  void post_bring_back();
  void fail_unrouted(const queue::QueuedRecipient& recipient, const RouteTroublePtr& trouble);
  void expire(const queue::QueuedRecipient& recipient);
  void post_process();
  void process();
  static net::Task<> settle_unattempted(Dispatcher& self, std::vector<queue::QueuedRecipient> recipients,
                                        model::Outcome outcome, Attempted attempted);
  void enter(Routed routed);
  [[nodiscard]] Path& find_path(const shaping::PathKey& key, const Destination& destination);
  [[nodiscard]] shaping::PathLimiter make_limiter(const PathScopes& scopes);
  // Warm-ups, see dispatcher_warmup.cc. A new recipient may stand in line for this vMTA.
  [[nodiscard]] bool has_room(model::NameId vmta, const Destination& to, queue::Priority priority);
  [[nodiscard]] const Vmta& with_room(const queue::QueuedRecipient& recipient, const Vmta& chosen, const Stream& stream,
                                      const Destination& to);
  [[nodiscard]] const warmup::MeterPtr& meter_of(model::NameId vmta, const Destination& to);
  // Wakes idle connections for what may go; returns how many more connections have something to do.
  [[nodiscard]] std::uint64_t use_room(Path& path);
  void wait_for_room(Path& path);
  // Mail that is ready and in nobody's hands: its time may be over, or its sender wants to know that it is late.
  void expire_in_line();
  void look_through(Lane& lane, std::vector<queue::QueuedRecipient>& late);
  static net::Task<> tell_delays(Dispatcher& self, std::vector<queue::QueuedRecipient> recipients, model::Outcome why);
  // Writes down that a back-off or suspension began or ended.
  void tell_state(const shaping::PathKey& key, shaping::Limiter& limiter, const model::Outcome* because);
  void left_delivery(Lane& lane, std::size_t recipients, std::size_t taken);
  // So many more recipients are ready: idle connections are woken for them, others opened.
  void nudge(Lane& lane, std::size_t recipients = 1);
  void reroute_ready();
  struct Rerouting {  // recipients that were ready before a reload, those before `done` being on their way again
    std::vector<queue::QueuedRecipient> stale;
    std::size_t done = 0;
    std::uint64_t flight = 0;
  };
  [[nodiscard]] std::list<Rerouting>::iterator begin_reroute(std::vector<queue::QueuedRecipient> stale);
  void reroute_slice(std::list<Rerouting>::iterator rerouting);
  void pump_blocked(const Path& path);
  // A place among the node's connections, for the path that is pumped; wait_for_place() when there is none.
  [[nodiscard]] std::optional<ConnectionRoom::Place> take_place();
  void wait_for_place(Path& path);
  void serve_roomless();
  void post_serve();
  void end_idle_for_room();
  void schedule_pump(Path& path);
  void pump(Path& path);
  void open_connection(Lane& lane, ConnectionRoom::Place place, shaping::ConnectionPermit permit);
  static net::Task<> flush_lane(Dispatcher& self, Lane& lane);
  // Whether a recipient popped from a lane may be attempted; if not it has been put where it belongs.
  [[nodiscard]] bool may_go(const queue::QueuedRecipient& recipient, const Lane& lane);
  // The pause that stops it, or nullptr.
  [[nodiscard]] const queue::Pause* pause_of(const queue::QueuedRecipient& recipient, const Lane& lane) const;

  ShardParts parts_;
  PlanPtr plan_;
  std::unique_ptr<DestinationTable> destinations_;
  FlightLog flights_;
  std::vector<std::shared_ptr<Watch>> watches_;
  Settlement settlement_;
  Judge judge_;
  HoldLog hold_log_;
  HostTrouble host_trouble_;
  TlsMemory tls_memory_;
  queue::ChunkPool pool_;
  queue::CalendarQueue calendar_;
  queue::HeldQueue held_;
  ActionDesk actions_;
  LimitDesk limits_;
  queue::PauseSet pauses_;
  queue::QueueTotals totals_;
  std::uint64_t in_delivery_ = 0;
  LimiterTable limiters_;
  // Paths that new recipients do not take, until when; by vMTA and group or home. Empty most of the time.
  boost::unordered_flat_map<shaping::PathKey, Time, std::hash<shaping::PathKey>> avoided_;
  // By vMTA and provider, as far as asked for since the plan came; null: no warm-up.
  boost::unordered_flat_map<shaping::PathKey, warmup::MeterPtr, std::hash<shaping::PathKey>> meters_;
  boost::unordered_flat_map<shaping::PathKey, std::unique_ptr<Path>, std::hash<shaping::PathKey>> paths_;
  PathRules path_rules_;
  std::multimap<Time, shaping::PathKey> wakes_;  // paths whose limits open again at that time
  // Paths that wait for the end of a connection, by vMTA and home: those that share a limiter.
  boost::unordered_flat_map<shaping::PathKey, std::vector<shaping::PathKey>, std::hash<shaping::PathKey>> blocked_;
  std::map<model::RecipientId, std::uint64_t> handed_out_;  // their flights
  std::deque<shaping::PathKey> roomless_;                   // paths that wait for a place among the node's connections
  bool state_changed_ = false;
  bool serving_ = false;  // the first of them has its turn
  bool serve_posted_ = false;
  // Recipients whose destination is being looked up, by domain and stream.
  boost::unordered_flat_map<std::uint64_t, std::vector<queue::QueuedRecipient>> waiting_routes_;
  std::vector<std::vector<Routed>> outboxes_;  // by shard
  std::map<const RouteTrouble*, std::pair<RouteTroublePtr, std::vector<queue::QueuedRecipient>>> unrouted_;
  std::vector<queue::QueuedRecipient> expired_;
  std::list<Rerouting> rerouting_;
  struct Releasing {
    queue::HoldReason reason;
    std::string cause;
    queue::HeldQueue::Cursor cursor;
  };
  std::list<Releasing> releasing_;  // under way, the first one first; one for each reason
  bool release_posted_ = false;
  std::optional<queue::CalendarQueue::Cursor> bringing_back_;  // under way, and how far
  bool bring_back_posted_ = false;
  bool end_posted_ = false;
  std::vector<std::pair<shaping::PathKey, std::uint32_t>> stalled_;  // lanes: path, Destination::lane
  std::vector<queue::QueuedRecipient> due_;                          // scratch of tick()
  std::size_t in_flight_ = 0;
  Time next_housekeep_{};
  queue::Second recovered_due_ = 0;        // what recover() found due waits for this second
  std::uint64_t post_process_flight_ = 0;  // process() is posted; 0: it is not
  unsigned housekept_ = 0;
  bool stopping_ = false;
};

}  // namespace penstock::delivery
