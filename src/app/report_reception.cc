// SPDX-License-Identifier: Apache-2.0
#include "app/report_reception.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <future>

#include "base/ascii.h"
#include "base/log.h"
#include "dkim/verification.h"
#include "dns/name.h"
#include "eventlog/event_query.h"
#include "feedback/key_file.h"

namespace penstock::app {
namespace {

namespace json = boost::json;

// For the keys of a signature; a feedback loop sends again.
constexpr std::chrono::seconds kKeyWait{10};
// Labels are looked up for their own sake while no more than this wait.
constexpr std::uint64_t kBusyWaiting = 50;
// Events of one message: 1,000 recipients with a few attempts each.
constexpr std::uint32_t kTraceMax = 5'000;

std::string text_of(const json::object& event, std::string_view name) {
  const json::value* value = event.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool is_one_of(std::string_view address, const std::vector<std::string>& addresses) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const std::string& other) { return ascii::equal_ignoring_case(address, other); });
}

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

ReportReception::ReportReception(Parts parts) : parts_(parts), settings_(std::make_shared<const Settings>()) {
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
  auto keys = feedback::load_or_make_keys(folder + "/reference.keys");
  if (!keys) return fail(keys.error());
  reception->keys_ = *keys;
  auto used = feedback::UsedReferences::open(folder + "/reference.used");
  if (!used) return fail(used.error());
  reception->used_ = std::move(*used);
  reception->desk_ = std::make_unique<feedback::ReportDesk>(*reception->used_, *reception);
  reception->keys_file_ = folder + "/reference.keys";
  reception->reload(config, std::move(classifier));
  feedback::InboxLimits limits;
  limits.file_bytes_max = config.feedback.waiting_bytes;
  auto handle = [desk = reception->desk_.get()](const feedback::IncomingReport& report, std::uint64_t waiting) {
    desk->handle(report, waiting > kBusyWaiting);
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
  desk.policy.complaint_global = config.feedback.complaint_global;
  desk_->configure(std::move(desk));
  auto made = std::make_shared<Settings>();
  made->trusted_domains = config.feedback.trusted_domains;
  made->trusted_networks = config.feedback.trusted_networks;
  for (const config::Stream& stream : config.streams) made->streams.push_back(stream.name);
  const std::lock_guard lock(mutex_);
  settings_ = std::move(made);
}

void ReportReception::stop() {
  if (inbox_) inbox_->stop();
}

std::shared_ptr<const ReportReception::Settings> ReportReception::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

std::optional<feedback::SentRecipient> ReportReception::find_sent(model::RecipientId recipient,
                                                                  const std::vector<std::string>& addresses) {
  eventlog::TraceQuery query;
  query.message = recipient.message;
  query.limit = kTraceMax;
  const auto found = eventlog::trace(parts_.log, query);
  if (!found) {
    log::warn("feedback", "the event log cannot be asked: {}", found.error().to_string());
    return std::nullopt;
  }
  std::optional<feedback::SentRecipient> sent;
  for (const std::string& line : found->lines) {
    boost::system::error_code error;
    const json::value value = json::parse(line, error);
    const json::object* event = error ? nullptr : value.if_object();
    const json::value* index = event == nullptr ? nullptr : event->if_contains("rcpt_index");
    if (index == nullptr || !index->is_int64()) continue;
    const std::string address = text_of(*event, "recipient");
    const auto number = static_cast<std::uint32_t>(index->get_int64());
    const bool whole = recipient.index == feedback::kWholeMessage;
    if (address.empty() || (whole ? !is_one_of(address, addresses) : number != recipient.index)) continue;
    if (sent && sent->index != number) continue;
    if (!sent) sent = feedback::SentRecipient{.address = address, .index = number};
    // Later events know more: the provider and the vMTA of the attempt.
    for (const auto& [name, member] :
         {std::pair{"stream", &feedback::SentRecipient::stream}, std::pair{"tenant", &feedback::SentRecipient::tenant},
          std::pair{"campaign", &feedback::SentRecipient::campaign},
          std::pair{"provider", &feedback::SentRecipient::provider},
          std::pair{"vmta", &feedback::SentRecipient::vmta}}) {
      if (std::string text = text_of(*event, name); !text.empty()) (*sent).*member = std::move(text);
    }
  }
  return sent;
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

feedback::Suppressing ReportReception::suppress(const feedback::HandledRecipient& handled) {
  if (parts_.guard == nullptr) return feedback::Suppressing::NotWanted;
  suppression::Bounce bounce;
  bounce.address = handled.effect.address;
  bounce.outcome_class = handled.effect.outcome_class;
  bounce.reason = handled.effect.diagnostic;
  bounce.source = handled.decision.recipient ? "report " + model::format_id(*handled.decision.recipient)
                                             : "report from " + handled.report.from;
  bounce.who = "feedback";
  bounce.stream = stream_of(handled);
  if (handled.sent != nullptr) bounce.tenant = handled.sent->tenant;
  // The writer's thread answers; what waits here is the inbox's own thread.
  auto answered = std::make_shared<std::promise<Result<>>>();
  auto answer = answered->get_future();
  const auto done = [answered](const Result<suppression::Added>& added) {
    answered->set_value(added ? Result<>() : fail(added.error()));
  };
  if (handled.report.kind == report::ReportKind::Complaint) {
    bounce.reason = "complaint: " + handled.report.feedback_type;
    auto entries = suppression::Policy::on_complaint(bounce, handled.effect.global_scope, parts_.clock.wall());
    parts_.guard->list().add(std::move(entries), suppression::Overwrite::Weaker, done);
  } else {
    if (!parts_.guard->concerns(bounce)) return feedback::Suppressing::NotWanted;
    parts_.guard->learn({bounce}, done);
  }
  const Result<> stored = answer.get();
  if (stored) return feedback::Suppressing::Stored;
  log::error("feedback", "{} cannot be suppressed: {}", handled.effect.address, stored.error().to_string());
  return feedback::Suppressing::Failed;
}

void ReportReception::record(const feedback::HandledRecipient& handled) {
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
    event.has_recipient = event.recipient_index != feedback::kWholeMessage;
  }
  if (handled.sent != nullptr) {
    event.tenant = handled.sent->tenant;
    event.campaign = handled.sent->campaign;
    event.provider = handled.sent->provider;
    event.vmta = handled.sent->vmta;
  }
  event.peer_address = handled.incoming.client_address;
  event.peer_host = handled.report.reporting_host;
  event.reply = handled.effect.reply;
  event.outcome_class = handled.effect.outcome_class;
  event.bytes = handled.incoming.message.size();
  if (!dkim_domains.empty()) event.dkim_domain = dkim_domains.front();
  event.detail = detail;
  parts_.events.record(event);
}

void ReportReception::count(report::ReportKind kind, feedback::Proof proof) {
  counters_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(proof)]->add();
}

}  // namespace penstock::app
