// SPDX-License-Identifier: Apache-2.0
#include "ingest/smtp_connection.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/log.h"
#include "feedback/errc.h"
#include "ingest/accepted.h"
#include "ingest/report_intake.h"
#include "smtp/proxy_protocol.h"

namespace penstock::ingest {
namespace {

constexpr std::size_t kReadBytes = 32 * 1024;
// How long a closed conversation is drained, so that the client gets our last reply.
constexpr Duration kLinger{std::chrono::seconds{2}};
constexpr std::size_t kLingerBytesMax = 256 * 1024;

const model::Reply kShuttingDown{421, {4, 3, 2}, "shutting down, try again later"};
const model::Reply kTooMany{421, {4, 7, 0}, "too many connections, try again later"};

bool domain_fits(std::string_view domain, std::string_view pattern) {
  if (!pattern.starts_with("*.")) return ascii::equal_ignoring_case(domain, pattern);
  const std::string_view suffix = pattern.substr(1);
  return domain.size() > suffix.size() &&
         ascii::equal_ignoring_case(domain.substr(domain.size() - suffix.size()), suffix);
}

// "user%host", "host!user", "user@host" before our domain: the next host might pass such mail on, to wherever a
// stranger has it go, and would have it from us.
bool names_a_further_host(std::string_view local_part) {
  return local_part.find_first_of("%!@") != std::string_view::npos;
}

}  // namespace

SmtpConnection::SmtpConnection(SmtpService& service, std::unique_ptr<net::Stream> stream, PlanPtr plan,
                               const config::Listener& listener)
    : service_(service),
      stream_(std::move(stream)),
      plan_(std::move(plan)),
      listener_(listener),
      peer_(IpAddress::parse(stream_->peer_address()).value_or(IpAddress{})),
      peer_port_(stream_->peer_port()),
      peer_text_(stream_->peer_address()),
      buffer_(std::make_unique_for_overwrite<char[]>(kReadBytes)) {
  service_.services_.probe.connections.add();
  service_.services_.probe.open_connections.add(1);
}

SmtpConnection::~SmtpConnection() {
  service_.services_.probe.open_connections.add(-1);
}

smtp::ServerOptions SmtpConnection::session_options() const {
  const config::Listener& listener = listener_;
  smtp::ServerOptions options;
  options.hostname = listener.hostname;
  options.offers.xclient = contains(listener.xclient_from, peer_);
  options.message_bytes_max = listener.max_message_bytes;
  options.recipients_max = listener.max_recipients;
  options.command_bytes_max = listener.max_command_line_bytes;
  options.text_line_bytes_max = listener.max_text_line_bytes;
  options.errors_max = listener.max_errors;
  options.commands_max = listener.max_commands;
  if (listener.auth == config::ListenerAuth::Off || service_.services_.sign_in == nullptr) return options;
  options.auth_required = listener.auth == config::ListenerAuth::Require;
  options.offers.auth = offered_mechanisms(plan_->config->auth.mechanisms);
  return options;
}

net::Task<> SmtpConnection::run() {
  // The address that relays for others is the peer of the socket, not whom the PROXY header names.
  const bool behind_proxy = contains(listener_.proxy_from, peer_);
  options_ = session_options();
  if (net::TlsFiles* files = plan_->find_tls(listener_)) tls_context_ = files->current(service_.services_.clock.now());
  const bool implicit = listener_.tls == config::ListenerTls::Implicit;
  options_.offers.start_tls = tls_context_ != nullptr && !implicit;
  if (behind_proxy && !co_await read_proxy_header()) co_return;
  options_.offers.auth_in_clear = !client_unknown_ && peer_.is_loopback();
  if (service_.draining()) co_return co_await turn_away(kShuttingDown);
  const Services& services = service_.services_;
  constexpr std::uint32_t kAnyNumber = std::numeric_limits<std::uint32_t>::max();
  const auto node_place = services.all_listeners != nullptr
                              ? services.all_listeners->take("", services.connections_allowed, kAnyNumber)
                              : std::nullopt;
  if (services.all_listeners != nullptr && !node_place) co_return co_await turn_away(kTooMany);
  const auto place = service_.counts_.take(peer_.holder().to_string(), listener_.max_connections,
                                           listener_.max_connections_per_address);
  if (!place) co_return co_await turn_away(kTooMany);
  const smtp::Peer peer{peer_, peer_port_};
  if (implicit && (!tls_context_ || !co_await shake_hands())) co_return;
  session_.emplace(options_, peer);
  if (implicit) session_->on_tls();
  const Duration usual = contains(listener_.relay_from, peer_) ? Duration::zero() : config::Listener::kStrangerDelay;
  if (const Duration wait = listener_.banner_delay.value_or(usual); wait > Duration::zero()) {
    co_await net::sleep_for(wait);
  }
  if (!early_.empty() || (!implicit && stream_->readable() > 0)) session_->on_early_bytes();
  co_await converse();
}

net::Task<bool> SmtpConnection::read_proxy_header() {
  smtp::ProxyParser parser;
  const net::Deadline deadline(listener_.command_timeout);
  while (true) {
    const net::Io io = co_await stream_->read_some({buffer_.get(), kReadBytes}, deadline.left());
    if (io.bytes == 0) co_return false;
    std::string_view bytes(buffer_.get(), io.bytes);
    switch (parser.take(bytes)) {
      case smtp::ProxyParser::Got::More: continue;
      case smtp::ProxyParser::Got::Malformed: co_return false;
      case smtp::ProxyParser::Got::Done: break;
    }
    early_ = bytes;
    client_unknown_ = !parser.header().has_addresses;
    if (parser.header().has_addresses) {
      peer_ = parser.header().source;
      peer_port_ = parser.header().source_port;
      peer_text_ = peer_.to_string();
    }
    co_return true;
  }
}

net::Task<> SmtpConnection::turn_away(model::Reply reply) {
  service_.services_.probe.connections_refused.add();
  const smtp::Peer peer{peer_, peer_port_};
  session_.emplace(options_, peer);
  session_->end(reply);
  co_await converse();
}

net::Task<bool> SmtpConnection::shake_hands() {
  auto shaken = co_await stream_->accept_tls(tls_context_, plan_->config->tls.handshake_timeout);
  if (!shaken) {
    log::debug("smtp", "{}: {}", peer_text_, shaken.error().to_string());
    co_return false;
  }
  tls_ = std::move(*shaken);
  co_return true;
}

net::Task<> SmtpConnection::converse() {
  while (!lost_) {
    switch (session_->next()) {
      case smtp::ServerStep::Write: {
        const net::Io io = co_await stream_->write(session_->output(), listener_.command_timeout);
        if (io.error || io.closed) co_return;
        command_deadline_.reset();
        session_->on_written();
        break;
      }
      case smtp::ServerStep::Read: co_await read(); break;
      case smtp::ServerStep::CheckSender: check_sender(); break;
      case smtp::ServerStep::CheckRecipient: check_recipient(); break;
      case smtp::ServerStep::CheckClient:
        session_->accept();
        peer_text_ = session_->peer().address.to_string();
        client_unknown_ = client_unknown_ && session_->peer().address == peer_;
        options_.offers.auth_in_clear = !client_unknown_ && session_->peer().address.is_loopback();
        forget_user();
        break;
      case smtp::ServerStep::Authenticate: co_await sign_in(); break;
      case smtp::ServerStep::Handshake:
        if (!co_await shake_hands()) co_return;
        session_->on_tls();
        forget_user();
        break;
      case smtp::ServerStep::Message: co_await take_message(); break;
      case smtp::ServerStep::Refused: record_session_refusal(); break;
      case smtp::ServerStep::Close: co_return co_await close_gently();
    }
  }
}

// A command that drips is as late as one that does not come; so are the pieces of a message, BDAT's too, all together.
Duration SmtpConnection::read_timeout() {
  const Time now = service_.services_.clock.now();
  const bool begun = session_->message_begun();
  if (!begun) message_deadline_.reset();
  if (begun && !message_deadline_) message_deadline_ = now + listener_.message_timeout;
  if (session_->receiving() || !command_deadline_) command_deadline_.emplace(listener_.command_timeout);
  const Duration left = command_deadline_->left();
  return message_deadline_ ? std::min(left, *message_deadline_ - now) : left;
}

net::Task<> SmtpConnection::read() {
  if (service_.draining() && !session_->in_transaction() && !session_->receiving()) {
    co_return session_->end(kShuttingDown);
  }
  reading_ = true;
  const net::Io io = co_await stream_->read_some({buffer_.get(), kReadBytes}, read_timeout());
  reading_ = false;
  if (io.bytes > 0) co_return session_->on_bytes({buffer_.get(), io.bytes});
  if (drained_) co_return session_->end(kShuttingDown);
  if (io.timed_out()) {
    const model::Reply timeout{421, {4, 4, 2}, "timeout, closing the connection"};
    co_return session_->end(timeout);
  }
  lost_ = true;
}

void SmtpConnection::drain() {
  if (!reading_ || session_->in_transaction() || session_->receiving()) return;
  drained_ = true;
  stream_->stop_reading();
}

bool SmtpConnection::is_trusted() const {
  return account_ || (!client_unknown_ && contains(listener_.relay_from, session_->peer().address));
}

bool SmtpConnection::may_relay() const {
  if (is_trusted()) return true;
  const std::string_view address = session_->recipient().address;
  const std::size_t at = address.rfind('@');
  if (names_a_further_host(address.substr(0, at))) return false;
  const std::string_view domain = address.substr(at + 1);
  return std::any_of(listener_.relay_domains.begin(), listener_.relay_domains.end(),
                     [&](const std::string& pattern) { return domain_fits(domain, pattern); });
}

void SmtpConnection::check_sender() {
  message_deadline_.reset();
  if (auto refusal = find_user_refusal()) {
    record_refused(model::Step::Mail, *refusal, session_->envelope().sender, {});
    return session_->refuse(*refusal);
  }
  if (service_.services_.spool.healthy()) return session_->accept();
  // Said before the message is sent: the client need not send what cannot be kept.
  const spool::Health health = service_.services_.spool.health();
  const bool full = health.state == spool::HealthState::Full;
  const model::Reply reply = reply_to({make_error_code(full ? spool::Errc::Full : spool::Errc::Unhealthy), ""});
  service_.services_.probe.store_failures.add();
  record_refused(model::Step::Mail, reply, session_->envelope().sender, {});
  session_->refuse(reply);
}

bool SmtpConnection::is_report(std::string_view address) const {
  return !listener_.report_domains.empty() &&
         is_report_domain(address.substr(address.rfind('@') + 1), listener_.report_domains);
}

void SmtpConnection::check_recipient() {
  const bool report = is_report(session_->recipient().address);
  const auto& before = session_->envelope().recipients;
  if (!before.empty() && is_report(before.front().address) != report) {
    // One answer at the end has to be true of all; the client comes back with the rest (RFC 5321 §4.5.3.1.10).
    const model::Reply apart{452, {4, 5, 3}, "reports and other mail go in transactions apart"};
    return session_->refuse(apart);
  }
  if (report) return session_->accept();
  if (may_relay()) {
    if (const auto suppressed = find_suppression()) return refuse_recipient(*suppressed);
    if (account_ && !service_.services_.sign_in->users.usage().has_recipients(
                        account_->user, session_->envelope().recipients.size() + 1, service_.services_.clock.wall())) {
      return refuse_recipient(over_daily_limit(account_->user));
    }
    if (session_->envelope().recipients.empty()) {
      session_->lend_room(service_.buffers_.take(session_->body_room()));
    }
    return session_->accept();
  }
  const model::Reply denied{550, {5, 7, 1}, "relaying denied"};
  refuse_recipient(denied);
}

void SmtpConnection::refuse_recipient(const model::Reply& reply) {
  record_refused(model::Step::Rcpt, reply, session_->envelope().sender, session_->recipient().address);
  session_->refuse(reply);
}

// The message's own labels are not known yet: the listener's are, and delivery looks again with those of the message.
std::optional<model::Reply> SmtpConnection::find_suppression() const {
  suppression::Guard* guard = service_.services_.guard;
  if (guard == nullptr || listener_.suppressed == config::SuppressedMail::Accept) return std::nullopt;
  const suppression::Where where{listener_.tenant, listener_.stream};
  const auto hit = guard->check(session_->recipient().address, where);
  if (!hit) return model::Reply{451, {4, 3, 0}, "the suppression list cannot be read, try again later"};
  if (!*hit) return std::nullopt;
  const auto code = static_cast<std::uint16_t>(plan_->config->suppression.refuse_code);
  return model::Reply{code, {5, 7, 1}, suppression::describe(**hit)};
}

net::Task<> SmtpConnection::take_message() {
  message_deadline_.reset();
  const Services& services = service_.services_;
  const PlanPtr plan = services.plan.load();
  smtp::ReceivedMessage message = session_->take_message();
  if (!message.envelope.recipients.empty() && is_report(message.envelope.recipients.front().address)) {
    co_return co_await take_report(std::move(message));
  }
  Submission submission;
  submission.envelope = std::move(message.envelope);
  submission.message = message.body;
  submission.listener = service_.listener_;
  submission.host = listener_.hostname;
  submission.default_stream = listener_.stream;
  submission.default_tenant = listener_.tenant;
  submission.client_name = session_->client_name();
  submission.client_address = peer_text_;
  submission.protocol = message.protocol;
  submission.stranger = !is_trusted();
  if (account_) submission.user = &account_->user;
  submission.buffers = &service_.buffers_;
  auto admitted = admit(*plan, submission, services.spool.make_id(), services.clock.wall());
  service_.buffers_.give(std::move(message.body));
  if (!admitted) {
    record_refused(admitted.error(), submission.envelope);
    co_return session_->answer(admitted.error());
  }
  const std::size_t recipients = admitted->envelope.recipients.size();
  if (account_ && !services.sign_in->users.usage().take_recipients(account_->user, recipients, services.clock.wall())) {
    const model::Reply over = over_daily_limit(account_->user);
    record_refused(over, admitted->envelope);
    co_return session_->answer(over);
  }
  const auto stored = co_await store(services.spool, *services.ports[stream_->shard().index()], admitted->envelope,
                                     std::move(admitted->body));
  if (!stored) {
    const model::Reply reply = reply_to(stored.error());
    if (account_) services.sign_in->users.usage().give_back(account_->user, recipients, services.clock.wall());
    services.probe.store_failures.add();
    record_refused(reply, admitted->envelope);
    co_return session_->answer(reply);
  }
  model::Event event = event_of(model::EventType::Accepted);
  event.detail = message.protocol;
  record_accepted(services.probe, services.events, admitted->envelope, event);
  record_bulk_findings(services.probe, services.events, admitted->envelope, admitted->broken_rules, event);
  const model::Reply accepted{250, {2, 0, 0}, "accepted as " + model::format_id(*stored)};
  session_->answer(accepted);
  services.handover.accepted(stream_->shard().index(), admitted->envelope);
}

net::Task<> SmtpConnection::take_report(smtp::ReceivedMessage message) {
  const Services& services = service_.services_;
  feedback::IncomingReport report;
  for (const model::Recipient& recipient : message.envelope.recipients) report.recipients.push_back(recipient.address);
  report.message = std::move(message.body);
  report.client_address = peer_text_;
  report.received = services.clock.wall();
  Result<> kept = fail(feedback::Errc::InboxFull);
  if (services.reports != nullptr) kept = co_await keep_report(*services.reports, std::move(report));
  if (!kept) {
    const model::Reply reply = report_refusal(kept.error());
    services.probe.store_failures.add();
    record_refused(reply, message.envelope);
    co_return session_->answer(reply);
  }
  services.probe.reports.add();
  const model::Reply accepted{250, {2, 0, 0}, "report accepted"};
  session_->answer(accepted);
}

net::Task<> SmtpConnection::close_gently() {
  stream_->stop_writing();
  std::size_t drained = 0;
  const net::Deadline deadline(kLinger);
  while (drained < kLingerBytesMax) {
    const net::Io io = co_await stream_->read_some({buffer_.get(), kReadBytes}, deadline.left());
    if (io.bytes == 0) co_return;
    drained += io.bytes;
  }
}

model::Event SmtpConnection::event_of(model::EventType type) const {
  model::Event event;
  event.type = type;
  event.time = service_.services_.clock.wall();
  event.source_address = stream_->local_address();
  event.peer_address = peer_text_;
  event.peer_host = session_->client_name();
  event.protocol = "smtp";
  event.user = session_->user();
  event.tls_protocol = tls_.protocol;
  event.tls_cipher = tls_.cipher;
  event.tls_verified = tls_.verified;
  return event;
}

// Refusals of mail; a command that we do not know is no mail.
void SmtpConnection::record_session_refusal() {
  const smtp::Refusal& refusal = session_->refusal();
  switch (refusal.step) {
    case model::Step::Mail: return record_refused(refusal.step, refusal.reply, refusal.about, {});
    case model::Step::EndOfData:
      if (!refusal.envelope.recipients.empty()) return record_refused(refusal.reply, refusal.envelope);
      [[fallthrough]];
    case model::Step::Rcpt:
    case model::Step::Data:
      return record_refused(refusal.step, refusal.reply, session_->envelope().sender, refusal.about);
    default: return;
  }
}

void SmtpConnection::record_refused(const model::Reply& reply, const model::Envelope& envelope) {
  model::Event event = event_of(model::EventType::Rejected);
  event.step = model::Step::EndOfData;
  event.has_step = true;
  record_rejected(service_.services_.probe, service_.services_.events, envelope, reply, event);
}

void SmtpConnection::record_refused(model::Step step, const model::Reply& reply, std::string_view sender,
                                    std::string_view recipient) {
  service_.services_.probe.rejected.add();
  model::Event event = event_of(model::EventType::Rejected);
  event.sender = sender;
  event.recipient = recipient;
  event.envelope_id = session_->envelope().envelope_id;
  const std::string domain = model::domain_of(recipient);
  event.domain = domain;
  event.step = step;
  event.has_step = true;
  event.reply = reply;
  event.outcome_class = model::class_by_code(reply, step);
  service_.services_.events.record(event);
}

}  // namespace penstock::ingest
