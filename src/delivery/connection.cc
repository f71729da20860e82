// SPDX-License-Identifier: Apache-2.0
#include "delivery/connection.h"

#include <algorithm>
#include <atomic>

#include "base/ascii.h"
#include "base/check.h"
#include "base/log.h"
#include "delivery/dispatcher.h"
#include "delivery/referring.h"
#include "delivery/unsubscribing.h"

namespace penstock::delivery {
namespace {

// A path that is full, with other lanes waiting, passes the slot on after so many messages.
constexpr std::uint32_t kYieldAfter = 20;
constexpr std::size_t kReadBytes = 4096;
constexpr Duration kCloseWait{std::chrono::seconds{1}};
// Whose address a list names is left alone by those who may move.
constexpr Duration kListedFor{std::chrono::hours{1}};

// Longer between two messages, and the receiver may have ended the connection for being idle.
constexpr Duration kInUse{std::chrono::seconds{2}};

std::uint64_t next_connection_number() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

bool is_too_many(const model::Outcome& outcome) {
  return outcome.step == model::Step::Rcpt && outcome.reply.code == 452 &&
         outcome.reply.enhanced == model::EnhancedStatus{4, 5, 3};
}

// "421 4.7.0 Too many messages for this session", "421 4.7.0 Connection expired, try reconnecting", to MAIL.
bool says_enough(const model::Outcome& outcome) {
  if (outcome.step != model::Step::Mail || outcome.reply.code != 421) return false;
  const std::string text = ascii::lower(outcome.reply.text);
  const auto says = [&](const char* word) { return text.find(word) != std::string::npos; };
  return (says("message") || says("expired") || says("reconnect")) && (says("connection") || says("session"));
}

}  // namespace

Connection::Connection(Dispatcher& dispatcher, Lane& lane, ConnectionRoom::Place place,
                       shaping::ConnectionPermit permit)
    : dispatcher_(dispatcher),
      lane_(lane),
      destination_(lane.destination),
      plan_(dispatcher.plan_ptr()),
      timeouts_(dispatcher.timeouts_of(lane)),
      plain_tls_(plain_tls(destination_->tls)),
      place_(std::move(place)),
      permit_(std::move(permit)),
      number_(next_connection_number()),
      host_tls_(&plain_tls_),
      timer_(dispatcher.parts().shard.io().get_executor()) {}

Connection::~Connection() = default;

net::Task<> Connection::run(std::shared_ptr<Connection> self) {
  co_await self->serve();
  self->stream_.reset();
  self->place_.reset();
  self->permit_.release();
  self->dispatcher_.connection_ended(self->lane_, self->opening_);
}

net::Task<> Connection::serve() {
  if (destination_->kind == RouteKind::Null) co_return co_await drop_silently();
  if (!co_await reach_host()) {
    if (limited_) {
      dispatcher_.connection_limited(lane_, short_ ? Dispatcher::kShortFor : Dispatcher::kLookAgain);
    } else {
      dispatcher_.connection_failed(lane_, failure_);
    }
    co_return;
  }
  opening_ = false;
  dispatcher_.connection_usable(lane_);
  dispatcher_.parts().probe.connections.add();
  while (usable()) {
    std::vector<queue::QueuedRecipient> recipients = dispatcher_.next_batch(lane_);
    if (!recipients.empty()) {
      co_await carry(std::move(recipients));
    } else if (!co_await wait_for_work()) {
      break;
    }
  }
  if (std::holds_alternative<smtp::Idle>(session_->next())) {
    session_->quit();
    co_await talk();
    co_await wait_for_close();
  }
}

// The receiver closes after its 221. Until it has, it still counts this connection, and the next one that took its
// place would be one too many for it.
net::Task<> Connection::wait_for_close() {
  std::array<char, 64> ignored;
  co_await stream_->read_some(ignored, kCloseWait);
}

bool Connection::usable() const {
  return !quit_ && !dispatcher_.stopping() && permit_.message_left() && !should_yield() &&
         std::holds_alternative<smtp::Idle>(session_->next());
}

bool Connection::should_yield() const {
  return permit_.messages() >= kYieldAfter && dispatcher_.another_waits(lane_);
}

void Connection::note_answer(model::Step step, Duration took) {
  if (step == model::Step::Mail) answer_times_.mail += took;
  if (step == model::Step::Rcpt) answer_times_.rcpt += took;
  if (step == model::Step::EndOfData) answer_times_.end_of_data += took;
}

Duration Connection::timeout_for(model::Step step, bool writing) const {
  const Timeouts& t = timeouts();
  switch (step) {
    case model::Step::Connect: return t.connect;
    case model::Step::Banner: return t.banner;
    case model::Step::Ehlo:
    case model::Step::StartTls:
    case model::Step::Auth: return t.ehlo;
    case model::Step::Mail: return t.mail;
    case model::Step::Rcpt: return t.rcpt;
    case model::Step::Data: return t.data;
    case model::Step::EndOfData: return writing ? t.data_block : t.end_of_data;
    case model::Step::Rset: return t.rset;
    case model::Step::Quit: return t.quit;
  }
  PENSTOCK_UNREACHABLE();
}

// A receiver that drips its reply, or one line of it after another, holds the slot no longer than a silent one.
Duration Connection::reply_timeout(model::Step step) {
  if (!reply_deadline_ || session_->replies() != replies_before_) {
    replies_before_ = session_->replies();
    reply_deadline_.emplace(timeout_for(step, false));
  }
  return reply_deadline_->left();
}

net::Task<> Connection::talk() {
  std::array<char, kReadBytes> buffer;
  while (true) {
    const smtp::Action action = session_->next();
    if (const auto* write = std::get_if<smtp::Write>(&action)) {
      const net::Io io = co_await stream_->write(write->chunks, timeout_for(write->step, true));
      reply_deadline_.reset();
      if (!io.error && !io.closed) {
        signed_unsent_ = false;
        session_->on_written();
        continue;
      }
      if (signed_unsent_) dispatcher_.parts().probe.dkim_wasted.add(signed_.made);
      signed_unsent_ = false;
      // What the peer said before it closed tells more than our broken pipe.
      if (!io.timed_out() && stream_->is_open() && stream_->readable() > 0) {
        const net::Io said = co_await stream_->read_some(buffer, Duration{std::chrono::seconds{1}});
        if (said.bytes > 0) session_->on_bytes({buffer.data(), said.bytes});
      }
      session_->on_lost(io.timed_out() ? model::OutcomeClass::Timeout : model::OutcomeClass::Network, io.to_string());
    } else if (const auto* read = std::get_if<smtp::Read>(&action)) {
      const model::Step step = read->step;
      const Time asked = dispatcher_.parts().clock.now();
      const net::Io io = co_await stream_->read_some(buffer, reply_timeout(step));
      note_answer(step, dispatcher_.parts().clock.now() - asked);
      if (io.bytes > 0) {
        session_->on_bytes({buffer.data(), io.bytes});
        if (step == model::Step::EndOfData) note_delivered();
      } else {
        session_->on_lost(io.timed_out() ? model::OutcomeClass::Timeout : model::OutcomeClass::Network, io.to_string());
      }
    } else if (std::holds_alternative<smtp::NeedHeader>(action)) {
      co_await sign();
    } else if (std::holds_alternative<smtp::Handshake>(action)) {
      co_await shake_hands();
    } else if (std::holds_alternative<smtp::SignIn>(action)) {
      co_await sign_in();
    } else {
      co_return;
    }
  }
}

void Connection::note_delivered() {
  if (carried_ == nullptr) return;
  noted_ = dispatcher_.settlement().note(*carried_, session_->outcomes(), noted_);
}

net::Task<> Connection::sign() {
  ShardParts& parts = dispatcher_.parts();
  const Time began = parts.clock.now();
  const Time wall = parts.clock.wall();
  const std::string& body = *body_;
  const DkimPlan::Signers& signers = signers_;
  signed_ = co_await parts.signers.run([&signers, &body, wall] { return sign_message(signers, body, wall); });
  parts.probe.dkim_seconds.observe(std::chrono::duration<double>(parts.clock.now() - began).count());
  parts.probe.dkim_signatures.add(signed_.made);
  if (signed_.made == 0) parts.probe.dkim_unsigned.add();
  if (!signed_.problem.empty()) log::debug("delivery", "not signed: {}", signed_.problem);
  signed_unsent_ = signed_.made > 0;
  if (signed_.made > 0) dkim_domain_ = signers_.front()->options().domain;
  session_->on_header(signed_.text);
}

// What is sent of this batch: with the header fields that the relay wants, before anything is signed.
std::shared_ptr<const std::string> Connection::body_of(const Batch& batch) const {
  const RelayServicePtr& service = destination_->service;
  if (!service || service->headers.empty()) return batch.body;
  const std::string id = model::format_id(batch.envelope->id);
  const model::Labels& labels = batch.envelope->labels;
  const Vmta* vmta = plan_->find_vmta(lane_.path.key().vmta);
  const auto stream = dispatcher_.parts().names.view(
      dispatcher_.parts().labels.view(batch.recipients.front().labels).stream);  // as rerouted
  const MessageLabels told{stream, labels.tenant, labels.campaign,
                           vmta == nullptr ? std::string_view() : std::string_view(vmta->text), id};
  return std::make_shared<const std::string>(with_headers(*batch.body, *service, told));
}

// What is sent, under which sender, and who signs it: of the plan in force now, so that a reload and a key's date take
// effect at once.
void Connection::choose_signers(const Batch& batch) {
  signers_.clear();
  dkim_domain_.clear();
  const Plan& plan = *dispatcher_.plan_ptr();
  const Stream& stream =
      plan.stream_or_default(dispatcher_.parts().labels.view(batch.recipients.front().labels).stream);
  Referred referred = refer(dispatcher_.parts(), batch, body_of(batch), stream.name);
  sender_ = std::move(referred.sender);
  body_ = with_link(dispatcher_.parts(), batch, std::move(referred.body), stream.name);
  if (stream.dkim.empty()) return;
  if (plan.dkim) signers_ = plan.dkim->choose({stream.name, stream.dkim}, *body_, dispatcher_.parts().clock.wall());
  if (signers_.empty()) dispatcher_.parts().probe.dkim_unsigned.add();
}

net::Task<bool> Connection::wait_for_rate(std::uint32_t recipients) {
  while (!dispatcher_.stopping()) {
    const Time now = dispatcher_.parts().clock.now();
    if (lane_.path.limiter().try_message(recipients, now)) co_return true;
    const Time next = lane_.path.limiter().next_message(recipients, now);
    // Whose path is suspended, or that slow, does not keep a connection and a batch waiting.
    if (next - now > shaping::Limiter::kRateWait) break;
    timer_.expires_after(std::max(next - now, Duration{1000}));
    lane_.pacing.push_back(*this);
    co_await timer_.async_wait(net::kAwait);
    unlink();
  }
  quit_ = true;
  co_return false;
}

net::Task<> Connection::carry(std::vector<queue::QueuedRecipient> recipients) {
  const std::size_t count = recipients.size();
  const Flight flight(dispatcher_.flights(), recipients, dispatcher_.place_of(lane_));
  auto batch = co_await dispatcher_.load(std::move(recipients));
  if (!batch) {
    dispatcher_.lost(lane_, count);
    co_return;
  }
  about_.reset();
  choose_signers(*batch);
  std::optional<Dispatcher::Transaction> limits;
  if (dispatcher_.wants_facts()) {
    limits = dispatcher_.may_send(lane_, *batch, facts_about(*batch));
    if (!limits) {
      body_.reset();
      co_return;
    }
  }
  if (!co_await wait_for_rate(static_cast<std::uint32_t>(count))) {
    body_.reset();
    if (limits) dispatcher_.transaction_dropped(std::move(*limits));
    co_return dispatcher_.put_back(lane_, batch->recipients);
  }

  if (!drop_suppressed(*batch)) {
    body_.reset();
    if (limits) dispatcher_.transaction_dropped(std::move(*limits));
    co_return;
  }
  if (batch->recipients.size() != count) choose_signers(*batch);  // who is left alone gets his own link and reference
  const Time began = dispatcher_.parts().clock.now();
  std::vector<std::uint32_t> indexes;
  indexes.reserve(count);
  for (const queue::QueuedRecipient& recipient : batch->recipients) indexes.push_back(recipient.index);
  const std::array<std::string_view, 1> body{*body_};
  const smtp::Transaction transaction{batch->envelope.get(), indexes, body, field_bytes(signers_), sender_};
  answer_times_ = {};
  session_->begin(transaction);
  permit_.message_sent();
  carried_ = &*batch;
  noted_ = 0;
  co_await talk();
  note_delivered();
  carried_ = nullptr;

  body_.reset();
  note_capacity(began);
  Probe& probe = dispatcher_.parts().probe;
  if (session_->was_stale()) {
    probe.reused_lost.add();
    lane_.path.limiter().give_back(static_cast<std::uint32_t>(batch->recipients.size()),
                                   dispatcher_.parts().clock.now());
    if (limits) dispatcher_.transaction_dropped(std::move(*limits));
    // Mostly it had been idle for too long, but who cuts links to slow us down does it like this too.
    co_return dispatcher_.put_back_here(lane_, std::move(batch->recipients));
  }
  probe.transactions.add();
  probe.bytes.add(batch->body->size());
  Attempted attempted = facts();
  attempted.asked = true;
  attempted.took = dispatcher_.parts().clock.now() - began;
  probe.seconds.observe(std::chrono::duration<double>(attempted.took).count());
  settle(*batch, attempted);
  if (limits) dispatcher_.transaction_ended(std::move(*limits));
}

// A receiver that ends connections after a number of messages does so at the next MAIL, or with a 421 to it. After a
// pause that may as well be its idle time.
void Connection::note_capacity(Time began) {
  const Time now = dispatcher_.parts().clock.now();
  const bool in_use = began - last_carried_ < kInUse;
  const std::uint32_t before = permit_.messages() - 1;
  last_carried_ = now;
  const auto& outcomes = session_->outcomes();
  const bool told = !outcomes.empty() && says_enough(outcomes.front());
  if (!told && !session_->was_stale()) {
    const bool refused = !outcomes.empty() && outcomes.front().step == model::Step::Mail &&
                         outcomes.front().kind == model::OutcomeKind::Deferred;
    if (!refused) return lane_.path.limiter().carried(permit_.messages(), now);
    if (before > 0 && lane_.path.limiter().refused(before, now)) quit_ = true;
    return;
  }
  if (in_use && before > 0) lane_.path.limiter().ended(before, now);
}

// Right before MAIL FROM: whoever was suppressed while he was queued never leaves.
bool Connection::drop_suppressed(Batch& batch) {
  const Suppressed dropped = take_suppressed(dispatcher_.parts(), batch);
  if (dropped.outcomes.empty()) return true;
  dispatcher_.settled(lane_, dropped.outcomes.size());
  const Attempted attempted = facts();
  dispatcher_.settlement().settle(dropped.batch, dropped.outcomes, attempted);
  return !batch.recipients.empty();
}

void Connection::settle(Batch& batch, const Attempted& attempted) {
  std::vector<model::Outcome> outcomes(std::make_move_iterator(session_->outcomes().begin()),
                                       std::make_move_iterator(session_->outcomes().end()));
  // "Too many recipients" (452 4.5.3, RFC 5321 §4.5.3.1.10) is no deferral of those it is said to: they go in the next
  // transaction, as long as this one carried somebody; from the same vMTA, which the receiver has answered.
  const bool carried = std::any_of(outcomes.begin(), outcomes.end(), [](const model::Outcome& outcome) {
    return outcome.kind == model::OutcomeKind::Delivered;
  });
  std::vector<queue::QueuedRecipient> again;
  for (std::size_t i = outcomes.size(); carried && i-- > 0;) {
    if (!is_too_many(outcomes[i])) continue;
    again.push_back(batch.recipients[i]);
    batch.recipients.erase(batch.recipients.begin() + static_cast<std::ptrdiff_t>(i));
    outcomes.erase(outcomes.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (!again.empty()) dispatcher_.put_back_here(lane_, std::move(again));
  const auto taken = std::count_if(outcomes.begin(), outcomes.end(), [](const model::Outcome& outcome) {
    return outcome.kind == model::OutcomeKind::Delivered;
  });
  dispatcher_.settled(lane_, batch.recipients.size(), static_cast<std::size_t>(taken));
  dispatcher_.judge().judge(outcomes, dispatcher_.parts().names.view(destination_->provider));
  const Time now = dispatcher_.parts().clock.now();
  shaping::AttemptFacts about = answer_times_;
  about.whole = attempted.took;
  about.backlog = !lane_.ready.empty();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const model::Outcome& outcome = outcomes[i];
    lane_.path.count(outcome.kind);
    // Some leave a connection that was one too many open, and refuse whatever comes over it.
    if (outcome.outcome_class == model::OutcomeClass::TooManyConnections) quit_ = true;
    // One reply that turned the whole transaction away is one reply, however many recipients it had.
    const bool same = i > 0 && outcome.kind != model::OutcomeKind::Delivered && outcome.step != model::Step::Rcpt &&
                      outcomes[i - 1].step == outcome.step && outcomes[i - 1].reply == outcome.reply;
    if (same) continue;
    if (dispatcher_.actions().watches(outcome)) dispatcher_.observe(outcome, facts_about(batch));
    lane_.path.warmup().note(outcome);
    lane_.path.limiter().observe(outcome, now, dispatcher_.parts().rng, about);
    about = {.backlog = about.backlog};
    if (outcome.kind == model::OutcomeKind::Delivered) continue;
    dispatcher_.look_at_state(lane_.path, &outcome);
    const queue::LabelSet& labels = dispatcher_.parts().labels.view(batch.recipients.front().labels);
    if (dispatcher_.plan_ptr()->pool_of(labels).lets_move(outcome)) dispatcher_.avoid(lane_.path, now + kListedFor);
  }
  dispatcher_.settlement().settle(batch, outcomes, attempted);
}

const shaping::LimitKey& Connection::facts_about(const Batch& batch) {
  if (!about_) about_ = dispatcher_.facts_of(lane_, batch, signers_.empty() ? "" : signers_.front()->options().domain);
  if (stream_ && dispatcher_.limits().has(shaping::LimitBook::Part::Message)) {
    model::NameTable& names = dispatcher_.parts().names;
    (*about_)[shaping::Dimension::MxHost] = names.intern(host_);
    (*about_)[shaping::Dimension::RemoteIp] = names.intern(stream_->peer_address());
    (*about_)[shaping::Dimension::SourceIp] = names.intern(stream_->local_address());
  }
  return *about_;
}

Attempted Connection::facts() const {
  Attempted attempted;
  attempted.destination = destination_;
  attempted.vmta = lane_.path.key().vmta;
  attempted.connection = number_;
  attempted.dkim_domain = dkim_domain_;
  attempted.peer_host = host_;
  attempted.extensions = extensions_;
  attempted.tls_protocol = tls_.protocol;
  attempted.tls_cipher = tls_.cipher;
  attempted.tls_verified = tls_.verified;
  attempted.tls_policy = host_tls_->policy;
  if (stream_) {
    attempted.source_address = stream_->local_address();
    attempted.peer_address = stream_->peer_address();
  }
  if (session_) attempted.passes_dsn = session_->passes_dsn();
  return attempted;
}

void Connection::wake(bool quit) {
  quit_ = quit_ || quit;
  woken_ = true;
  unlink();
  timer_.cancel();
}

net::Task<bool> Connection::wait_for_work() {
  if (dispatcher_.stopping()) co_return false;
  woken_ = false;
  lane_.idle.push_back(*this);
  timer_.expires_after(timeouts().idle);
  co_await timer_.async_wait(net::kAwait);
  unlink();
  if (!woken_ || quit_) co_return false;
  co_return stream_->quiet();
}

net::Task<> Connection::drop_silently() {
  opening_ = false;
  dispatcher_.connection_usable(lane_);
  while (!dispatcher_.stopping() && permit_.message_left()) {
    std::vector<queue::QueuedRecipient> recipients = dispatcher_.next_batch(lane_);
    if (recipients.empty()) co_return;
    const std::size_t count = recipients.size();
    const Flight flight(dispatcher_.flights(), recipients, dispatcher_.place_of(lane_));
    auto batch = co_await dispatcher_.load(std::move(recipients));
    if (!batch) {
      dispatcher_.lost(lane_, count);
      continue;
    }
    if (!co_await wait_for_rate(static_cast<std::uint32_t>(count))) {
      co_return dispatcher_.put_back(lane_, batch->recipients);
    }
    if (!drop_suppressed(*batch)) continue;
    const std::size_t left = batch->recipients.size();
    permit_.message_sent();
    dispatcher_.settled(lane_, left);
    const model::Outcome dropped{model::OutcomeKind::Delivered, model::Step::EndOfData, model::OutcomeClass::None,
                                 model::Reply{250, {2, 0, 0}, "dropped by the null route"}};
    const std::vector<model::Outcome> outcomes(left, dropped);
    for (std::size_t i = 0; i < left; ++i) lane_.path.count(dropped.kind);
    const Attempted attempted = facts();
    dispatcher_.settlement().settle(*batch, outcomes, attempted);
  }
}

}  // namespace penstock::delivery
