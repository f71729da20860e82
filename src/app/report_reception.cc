// SPDX-License-Identifier: Apache-2.0
#include "app/report_reception.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "app/sent_lookup.h"
#include "base/ascii.h"
#include "base/log.h"
#include "dkim/verification.h"
#include "dns/name.h"
#include "eventlog/event_line.h"
#include "eventlog/event_query.h"
#include "feedback/key_file.h"

namespace penstock::app {
namespace {

// For the keys of a signature; a feedback loop sends again.
constexpr std::chrono::seconds kKeyWait{10};

// "example.com" trusts signatures of example.com and of what is below it.
bool is_within(std::string_view domain, std::string_view trusted) {
  if (ascii::equal_ignoring_case(domain, trusted)) return true;
  return domain.size() > trusted.size() + 1 && domain[domain.size() - trusted.size() - 1] == '.' &&
         ascii::equal_ignoring_case(domain.substr(domain.size() - trusted.size()), trusted);
}

dkim::KeyAnswer ask_key(net::Shard& shard, dns::Resolver& resolver, const std::string& name) {
  dkim::KeyAnswer key;
  auto normal = dns::normalize_name(name);
  if (!normal) return key;
  auto answered = std::make_shared<std::promise<dkim::KeyAnswer>>();
  auto answer = answered->get_future();
  shard.post(
      [&shard, &resolver, question = dns::Question{std::move(*normal), dns::RecordType::Txt}, answered]() mutable {
        resolver.ask(shard, std::move(question), [answered](Result<dns::AnswerPtr> got) {
          dkim::KeyAnswer found;
          found.temporary = !got || dns::is_temporary((*got)->status);
          if (got) {
            for (const dns::Record& record : (*got)->records) found.records.push_back(record.value);
          }
          answered->set_value(std::move(found));
        });
      });
  if (answer.wait_for(kKeyWait) != std::future_status::ready) {
    key.temporary = true;
    return key;
  }
  return answer.get();
}

}  // namespace

ReportReception::ReportReception(Parts parts)
    : parts_(parts), opened_(parts.clock.wall()), settings_(std::make_shared<const Settings>()) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (std::size_t proof = 0; proof < kProofs; ++proof) {
      const std::string kind_name(report::to_string(static_cast<report::ReportKind>(kind)));
      const std::string proof_name(feedback::to_string(static_cast<feedback::Proof>(proof)));
      counters_[kind][proof] =
          &parts_.metrics.counter("penstock_reports_total", "Reports that came by mail and were dealt with",
                                  {{"kind", kind_name}, {"proof", proof_name}});
    }
  }
}

ReportReception::~ReportReception() {
  stop();
}

Result<std::unique_ptr<ReportReception>> ReportReception::open(Parts parts, const config::Config& config,
                                                               ClassifierPtr classifier) {
  const std::string& folder = config.node.data_dir;
  std::unique_ptr<ReportReception> reception(new ReportReception(parts));
  reception->keys_file_ = folder + "/reference.keys";
  auto keys = feedback::load_or_make_keys(reception->keys_file_);
  if (!keys) return fail(keys.error());
  reception->keys_ = *keys;
  auto used = feedback::UsedReferences::open(parts.state, parts.clock);
  if (!used) return fail(used.error());
  reception->used_ = std::move(*used);
  reception->desk_ = std::make_unique<feedback::ReportDesk>(*reception->used_, *reception);
  reception->reload(config, std::move(classifier));
  feedback::InboxLimits limits;
  limits.file_bytes_max = config.feedback.waiting_bytes;
  auto handle = [desk = reception->desk_.get()](std::span<const feedback::IncomingReport> reports) {
    desk->handle(reports);
  };
  auto inbox = feedback::Inbox::open(folder + "/reports", handle, limits);
  if (!inbox) return fail(inbox.error());
  reception->inbox_ = std::move(*inbox);
  return reception;
}

void ReportReception::reload(const config::Config& config, ClassifierPtr classifier) {
  // A rotation replaces the file while we run.
  if (auto keys = feedback::load_or_make_keys(keys_file_)) {
    keys_ = *keys;
  } else {
    log::error("feedback", "the keys of references stay as they were: {}", keys.error().to_string());
  }
  feedback::DeskSettings desk;
  desk.keys = keys_;
  desk.classifier = std::move(classifier);
  desk.policy.act_without_reference = config.feedback.act_without_reference;
  desk.policy.complaint_types = config.feedback.complaint_types;
  desk.policy.complaint_suppress = config.feedback.complaint_suppress;
  desk.policy.complaint_global = config.feedback.complaint_global;
  desk_settings_ = std::move(desk);
  desk_->configure(desk_settings_);
  auto made = std::make_shared<Settings>();
  made->trusted_domains = config.feedback.trusted_domains;
  made->trusted_networks = config.feedback.trusted_networks;
  made->complaint_lasts = config.feedback.complaint_lasts;
  for (const config::Stream& stream : config.streams) made->streams.push_back(stream.name);
  const std::lock_guard lock(mutex_);
  settings_ = std::move(made);
}

Result<> ReportReception::rotate_keys() {
  auto rotated = feedback::rotate_keys(keys_file_);
  if (!rotated) return fail(rotated.error());
  keys_ = std::move(*rotated);
  desk_settings_.keys = keys_;
  desk_->configure(desk_settings_);
  return {};
}

void ReportReception::stop() {
  if (inbox_) inbox_->stop();
}

std::shared_ptr<const ReportReception::Settings> ReportReception::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

std::vector<std::optional<feedback::SentRecipient>> ReportReception::find_sent(
    std::span<const model::RecipientId> wanted) {
  SentLookup lookup(wanted);
  const auto looked = eventlog::visit_messages(parts_.log, lookup.messages(), lookup.since(),
                                               [&lookup](std::string_view line) { lookup.take(line); });
  if (!looked) log::warn("feedback", "the event log cannot be asked: {}", looked.error().to_string());
  return lookup.found();
}

std::optional<feedback::SentRecipient> ReportReception::find_sent(model::RecipientId recipient) {
  return find_sent({&recipient, 1}).front();
}

bool ReportReception::is_trusted(const feedback::IncomingReport& incoming, const report::Report&) {
  const auto in_force = settings();
  const auto client = IpAddress::parse(incoming.client_address);
  if (client && contains(in_force->trusted_networks, *client)) return true;
  return !in_force->trusted_domains.empty() && is_signed_by(incoming.message, in_force->trusted_domains);
}

bool ReportReception::is_signed_by(const std::string& message, const std::vector<std::string>& domains) {
  const dkim::Verification verification(message);
  dkim::KeyAnswers keys;
  for (const std::string& name : verification.key_names()) {
    // Strangers' keys need not be asked for.
    const bool wanted =
        std::any_of(domains.begin(), domains.end(), [&](const std::string& domain) { return is_within(name, domain); });
    if (wanted) keys[name] = ask_key(parts_.shard, parts_.resolver, name);
  }
  if (keys.empty()) return false;
  const dkim::Report verified = verification.finish(keys, parts_.clock.wall());
  return std::any_of(verified.signatures.begin(), verified.signatures.end(), [&](const dkim::SignatureReport& one) {
    if (one.verdict != dkim::Verdict::Pass || !one.signature || one.unsigned_body_bytes > 0) return false;
    return std::any_of(domains.begin(), domains.end(),
                       [&](const std::string& domain) { return is_within(one.signature->domain, domain); });
  });
}

std::string ReportReception::stream_of(const feedback::HandledRecipient& handled) const {
  if (handled.sent != nullptr && !handled.sent->stream.empty()) return handled.sent->stream;
  if (handled.reference == nullptr) return {};
  for (const std::string& stream : settings()->streams) {
    if (handled.reference->is_of_stream(stream)) return stream;
  }
  return {};
}

// What the list is asked for; nothing when the class does not suppress. `done` runs on the writer's thread.
bool ReportReception::submit(const feedback::HandledRecipient& handled, suppression::Suppression::AddDone done) {
  suppression::Bounce bounce;
  bounce.address = handled.effect.address;
  bounce.outcome_class = handled.effect.outcome_class;
  bounce.reason = handled.effect.diagnostic;
  bounce.source = handled.decision.recipient ? "report " + model::format_id(*handled.decision.recipient)
                                             : "report from " + handled.report.from;
  bounce.who = "feedback";
  bounce.stream = stream_of(handled);
  if (handled.sent != nullptr) bounce.tenant = handled.sent->tenant;
  if (handled.report.kind == report::ReportKind::Complaint) {
    bounce.reason = "complaint: " + handled.report.feedback_type;
    auto entries = suppression::Policy::on_complaint(bounce, handled.effect.global_scope, settings()->complaint_lasts,
                                                     parts_.clock.wall());
    parts_.guard->list().add(std::move(entries), suppression::Overwrite::Weaker, std::move(done));
    return true;
  }
  if (!parts_.guard->concerns(bounce)) return false;
  parts_.guard->learn({bounce}, std::move(done));
  return true;
}

std::vector<feedback::Suppressing> ReportReception::suppress(std::span<const feedback::HandledRecipient> handled) {
  std::vector<feedback::Suppressing> became(handled.size(), feedback::Suppressing::NotWanted);
  if (parts_.guard == nullptr) return became;
  // All are submitted before the first is waited for, so that few commits serve them; what waits is the inbox's thread.
  std::vector<std::future<Result<>>> answers(handled.size());
  for (std::size_t i = 0; i < handled.size(); ++i) {
    auto answered = std::make_shared<std::promise<Result<>>>();
    auto answer = answered->get_future();
    const bool wanted = submit(handled[i], [answered](const Result<suppression::Added>& added) {
      answered->set_value(added ? Result<>() : fail(added.error()));
    });
    if (wanted) answers[i] = std::move(answer);
  }
  for (std::size_t i = 0; i < handled.size(); ++i) {
    if (!answers[i].valid()) continue;
    const Result<> stored = answers[i].get();
    became[i] = stored ? feedback::Suppressing::Stored : feedback::Suppressing::Failed;
    if (!stored) {
      log::error("feedback", "{} cannot be suppressed: {}", handled[i].effect.address, stored.error().to_string());
    }
  }
  return became;
}

// Whether an earlier life recorded it: it was killed before the inbox was emptied.
bool ReportReception::is_recorded(const feedback::HandledRecipient& handled, const std::string& name) {
  if (handled.incoming.received >= opened_) return false;
  if (!recorded_) {
    recorded_.emplace();
    eventlog::EventLine event;
    const auto looked = eventlog::visit_since(parts_.log, handled.incoming.received, [&](std::string_view line) {
      if (line.find("\"report\":\"") == std::string_view::npos || !event.parse(line)) return;
      recorded_->insert(std::string(event.raw(eventlog::Field::Report)));
    });
    if (!looked) log::warn("feedback", "the event log cannot be asked: {}", looked.error().to_string());
  }
  return recorded_->contains(name);
}

void ReportReception::record(const feedback::HandledRecipient& handled) {
  const std::string name = fmt::format("{:016x}.{}", handled.report_id, handled.number);
  if (is_recorded(handled, name)) return;
  const std::string stream = stream_of(handled);
  const std::string domain = model::domain_of(handled.effect.address);
  const auto& dkim_domains = handled.report.original.dkim_domains;
  std::string detail(handled.decision.why);
  if (handled.suppressing == feedback::Suppressing::Stored) detail += "; suppressed";
  if (handled.suppressing == feedback::Suppressing::Failed) detail += "; the suppression could not be stored";
  if (!handled.report.feedback_type.empty()) detail = handled.report.feedback_type + "; " + detail;
  model::Event event;
  event.type = handled.report.kind == report::ReportKind::Complaint ? model::EventType::Complaint
                                                                    : model::EventType::BounceReport;
  event.time = parts_.clock.wall();
  event.stream = stream;
  event.recipient = handled.effect.address;
  event.domain = domain;
  if (handled.decision.recipient) {
    event.message = handled.decision.recipient->message;
    event.recipient_index = handled.decision.recipient->index;
    event.has_recipient = true;
  }
  if (handled.sent != nullptr) {
    event.tenant = handled.sent->tenant;
    event.campaign = handled.sent->campaign;
    event.list = handled.sent->list;
    event.provider = handled.sent->provider;
    event.vmta = handled.sent->vmta;
    event.pool = handled.sent->pool;
    event.sender = handled.sent->sender;
    const bool complained = handled.effect.acting && event.type == model::EventType::Complaint;
    if (complained && parts_.warmups != nullptr) parts_.warmups->complained(event.vmta, event.provider);
  }
  event.peer_address = handled.incoming.client_address;
  event.peer_host = handled.report.reporting_host;
  event.reply = handled.effect.reply;
  event.outcome_class = handled.effect.outcome_class;
  event.rule = handled.effect.rule;
  event.scope = handled.effect.scope;
  event.blocklist = handled.effect.blocklist;
  event.bytes = handled.incoming.message.size();
  event.queued = std::max(event.time - handled.incoming.received, Duration::zero());
  // What we know goes before what the report says.
  if (handled.sent != nullptr && !handled.sent->dkim_domain.empty()) {
    event.dkim_domain = handled.sent->dkim_domain;
  } else if (!dkim_domains.empty()) {
    event.dkim_domain = dkim_domains.front();
  }
  event.report = name;
  event.detail = detail;
  parts_.events.record(event);
  if (handled.effect.acting && event.type == model::EventType::BounceReport) tell_limits(handled);
}

// Limits, warm-ups and alarms hear of a failure that came late as of one that was said at once.
void ReportReception::tell_limits(const feedback::HandledRecipient& handled) {
  const feedback::Effect& effect = handled.effect;
  delivery::LateFailure failure;
  failure.recipient_domain = model::domain_of(effect.address);
  model::Outcome& outcome = failure.outcome;
  outcome.kind = model::OutcomeKind::Bounced;
  outcome.outcome_class = effect.outcome_class;
  outcome.rule = effect.rule;
  outcome.scope = effect.scope;
  outcome.step = model::Step::Rcpt;
  outcome.reply = effect.reply;
  outcome.alarm = effect.alarm;
  outcome.blocklist = effect.blocklist;
  // A host that quotes no reply has a status and words.
  if (outcome.reply.code == 0) {
    outcome.reply.code = outcome.reply.enhanced.status_class == 4 ? 450 : 550;
    outcome.reply.text = effect.diagnostic;
  }
  if (handled.sent != nullptr) {
    const feedback::SentRecipient& sent = *handled.sent;
    failure.vmta = sent.vmta;
    failure.provider = sent.provider;
    failure.site = sent.site;
    failure.stream = sent.stream;
    failure.tenant = sent.tenant;
    failure.campaign = sent.campaign;
    failure.pool = sent.pool;
    failure.sender_domain = model::domain_of(sent.sender);
    failure.dkim_domain = sent.dkim_domain;
    if (parts_.warmups != nullptr) parts_.warmups->failed_late(sent.vmta, sent.provider, outcome);
  }
  if (parts_.heard && (effect.alarm || effect.about_us)) parts_.heard(std::move(failure), effect.about_us);
}

void ReportReception::finished() {
  // The inbox forgets what is handled; a kill must not forget what was recorded.
  parts_.log.flush();
}

void ReportReception::count(report::ReportKind kind, feedback::Proof proof) {
  counters_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(proof)]->add();
}

}  // namespace penstock::app
