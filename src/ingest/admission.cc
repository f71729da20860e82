// SPDX-License-Identifier: Apache-2.0
#include "ingest/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "ingest/report_fields.h"
#include "mime/date.h"
#include "mime/edit.h"
#include "mime/from_domains.h"
#include "mime/header.h"
#include "mime/received.h"

namespace penstock::ingest {
namespace {

using Refusal = tl::unexpected<model::Reply>;

Refusal refuse(std::uint16_t code, model::EnhancedStatus enhanced, std::string text) {
  return Refusal(model::Reply{code, enhanced, std::move(text)});
}

void merge(std::vector<mime::ByteRange>& into, const std::vector<mime::ByteRange>& more) {
  if (more.empty()) return;
  into.insert(into.end(), more.begin(), more.end());
  std::sort(into.begin(), into.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  into.erase(std::unique(into.begin(), into.end()), into.end());
}

// The further fields that the configuration says must not leave, merged into the ranges of the labels' fields.
// `links`: delivery puts links to unsubscribe of our own in place of theirs.
std::vector<mime::ByteRange> removals(std::string_view message, const Plan& plan, const ReportFields& fields,
                                      bool links, std::vector<mime::ByteRange> found) {
  if (plan.removed.empty() && !fields.any() && !links) return found;
  mime::HeaderScanner scan(message);
  for (mime::HeaderField field; scan.next(field);) {
    const std::string name = ascii::lower(field.name);
    const bool listed = std::find(plan.removed.begin(), plan.removed.end(), name) != plan.removed.end();
    const bool replaced = links && (name == "list-unsubscribe" || name == "list-unsubscribe-post");
    if (!listed && !replaced && !fields.replaces(name)) continue;
    if (std::find(found.begin(), found.end(), field.bytes) == found.end()) found.push_back(field.bytes);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  return found;
}

bool replaces_links(const Plan& plan, const model::Envelope& envelope) {
  const config::Stream* stream = plan.config->find_stream(envelope.labels.stream);
  return stream != nullptr && stream->unsubscribe.add == config::UnsubscribeAdd::Replace && !envelope.sender.empty();
}

std::string added_fields(const Plan& plan, const mime::HeaderFacts& facts, const model::Envelope& envelope,
                         std::string_view host) {
  std::string added;
  if (facts.message_id == 0 && plan.config->headers.add_message_id) {
    added += mime::format_field("Message-ID", mime::make_message_id(model::format_id(envelope.id), host));
  }
  if (facts.date == 0 && plan.config->headers.add_date) {
    added += mime::format_field("Date", mime::format_date(envelope.received));
  }
  return added;
}

// The From field is what a reader sees; the envelope's sender was looked at when it was given.
std::optional<Refusal> check_author(const Submission& submission) {
  if (submission.user == nullptr || submission.user->sender_domains.empty()) return std::nullopt;
  const std::vector<std::string> domains = mime::from_domains(submission.message);
  const bool fits = !domains.empty() && std::all_of(domains.begin(), domains.end(), [&](const std::string& domain) {
    return users::may_send_from(*submission.user, "@" + domain);
  });
  if (fits) return std::nullopt;
  return refuse(554, {5, 7, 1},
                fmt::format("user {} may not send with this From field; his domains are {}", submission.user->name,
                            fmt::join(submission.user->sender_domains, ", ")));
}

std::string received_field(const Submission& submission, const model::Envelope& envelope, Time wall) {
  const std::string id = model::format_id(envelope.id);
  mime::ReceivedLine line;
  line.client_name = submission.client_name;
  line.client_address = submission.client_address;
  line.host = submission.host;
  line.protocol = submission.protocol;
  line.id = id;
  if (envelope.recipients.size() == 1) line.recipient = envelope.recipients.front().address;
  line.time = wall;
  return mime::format_received(line);
}

bool is_of_pool(const config::Pool& pool, std::string_view vmta) {
  return vmta == pool.name ||
         std::any_of(pool.members.begin(), pool.members.end(), [&](const auto& member) { return member.vmta == vmta; });
}

// A user held to streams is held to the addresses and the tenant that go with them: else a label would let him send
// from another customer's address, or count as another customer.
std::optional<Refusal> check_reach(const Plan& plan, const Submission& submission, const model::Labels& labels) {
  if (submission.user == nullptr || submission.user->streams.empty()) return std::nullopt;
  const config::Stream* stream = plan.config->find_stream(labels.stream);
  const config::Pool* pool = stream == nullptr ? nullptr : plan.config->find_pool(stream->pool);
  if (!labels.vmta.empty() && (pool == nullptr || !is_of_pool(*pool, labels.vmta))) {
    return refuse(554, {5, 7, 1},
                  fmt::format("user {} may not send from vMTA or pool \"{}\": it is not of stream \"{}\"",
                              submission.user->name, labels.vmta, labels.stream));
  }
  const bool own_tenant = labels.tenant.empty() || (stream != nullptr && labels.tenant == stream->tenant) ||
                          labels.tenant == submission.default_tenant;
  if (own_tenant) return std::nullopt;
  return refuse(554, {5, 7, 1},
                fmt::format("user {} may not send for tenant \"{}\"", submission.user->name, labels.tenant));
}

// Nothing, or why the labels cannot be served. Falling back silently would send mail from the wrong address.
std::optional<Refusal> set_labels(const Plan& plan, const Submission& submission, const mime::Examination& found,
                                  model::Envelope& envelope) {
  if (!submission.stranger && !found.problems.empty()) {
    const auto& problem = found.problems.front();
    return refuse(554, {5, 6, 0},
                  fmt::format("the header that names the {} is {}", mime::to_string(problem.label),
                              mime::to_string(problem.fault)));
  }
  if (!submission.stranger) envelope.labels = found.labels;
  std::string& stream = envelope.labels.stream;
  if (!stream.empty() && !plan.streams.known(stream)) {
    return refuse(554, {5, 7, 1}, fmt::format("no stream \"{}\" is configured", stream));
  }
  const bool named = !stream.empty();
  if (stream.empty()) stream = submission.default_stream;
  if (stream.empty()) {
    const std::string_view user = submission.user == nullptr ? std::string_view() : submission.user->name;
    stream = plan.streams.find({submission.message, envelope.sender, submission.listener, user});
  }
  if (submission.user != nullptr && !users::may_use_stream(*submission.user, stream)) {
    // Whoever is held to streams and names none means his own.
    const std::string& own = submission.user->streams.front();
    if (named || !plan.streams.known(own)) {
      return refuse(554, {5, 7, 1},
                    fmt::format("user {} may not send in stream \"{}\"", submission.user->name, stream));
    }
    stream = own;
  }
  const std::string& vmta = envelope.labels.vmta;
  if (!vmta.empty() && plan.config->find_vmta(vmta) == nullptr && plan.config->find_pool(vmta) == nullptr) {
    return refuse(554, {5, 7, 1}, fmt::format("no vMTA or pool \"{}\" is configured", vmta));
  }
  if (auto refusal = check_reach(plan, submission, envelope.labels)) return refusal;
  if (envelope.labels.tenant.empty()) {
    const config::Stream* configured = plan.config->find_stream(stream);
    if (configured != nullptr) envelope.labels.tenant = configured->tenant;
  }
  if (envelope.labels.tenant.empty()) envelope.labels.tenant = submission.default_tenant;
  return std::nullopt;
}

// What the stream's rules for bulk mail say; nothing when it has none.
bulk::Findings find_bulk_faults(const bulk::Rules& rules, const Submission& submission,
                                const model::Envelope& envelope) {
  const std::string sender_domain = rules.leaving_domain(envelope.sender);
  return rules.check({submission.message, envelope, sender_domain, submission.host, envelope.received});
}

// "TLS-Required: No" (RFC 8689 §3), once; REQUIRETLS of the command goes before it.
void set_tls_wish(const Submission& submission, const mime::HeaderFacts& facts, model::Envelope& envelope) {
  if (facts.tls_required != 1 || envelope.tls != model::TlsWish::Usual) return;
  const auto field = mime::find_field(submission.message, "TLS-Required");
  if (field && ascii::equal_ignoring_case(ascii::trim(mime::unfold(field->value)), "No")) {
    envelope.tls = model::TlsWish::Optional;
  }
}

}  // namespace

tl::expected<Admitted, model::Reply> admit(const Plan& plan, Submission& submission, model::MessageId id, Time wall) {
  const mime::Examination found = mime::examine(submission.message, plan.labels);
  submission.envelope.id = id;
  submission.envelope.received = wall;
  submission.envelope.body_bytes = submission.message.size();
  if (found.facts.over_limit) return refuse(554, {5, 6, 0}, "the message's header is too large");
  if (found.facts.received >= mime::kReceivedMax) {
    return refuse(554, {5, 4, 6}, fmt::format("mail loop: the message has passed {} hosts", found.facts.received));
  }
  Admitted admitted;
  model::Envelope& envelope = admitted.envelope;
  envelope = std::move(submission.envelope);
  if (!submission.stranger) envelope.first_attempt = found.first_attempt;
  envelope.peer = submission.client_address.empty() ? std::string("pickup") : std::string(submission.client_address);
  auto refusal = check_author(submission);
  if (!refusal) refusal = set_labels(plan, submission, found, envelope);
  if (refusal) {
    submission.envelope = std::move(envelope);
    return *refusal;
  }

  set_tls_wish(submission, found.facts, envelope);
  if (const bulk::Rules* rules = plan.find_bulk_rules(envelope.labels.stream)) {
    admitted.broken_rules = find_bulk_faults(*rules, submission, envelope);
    if (rules->mode() == config::BulkRules::Refuse && !admitted.broken_rules.faults.empty()) {
      submission.envelope = std::move(envelope);
      return refuse(550, {5, 7, 1}, "the message breaks rules for bulk mail\n" + admitted.broken_rules.sentence("\n"));
    }
  }

  const ReportFields fields = report_fields(plan, envelope);
  const std::string added =
      added_fields(plan, found.facts, envelope, submission.host) + admitted.broken_rules.added + fields.added;
  const std::string received =
      plan.config->headers.add_received ? received_field(submission, envelope, wall) : std::string();
  std::vector<mime::ByteRange> removed =
      removals(submission.message, plan, fields, replaces_links(plan, envelope), found.remove);
  merge(removed, admitted.broken_rules.removed);
  mime::HeaderEdit edit;
  edit.received = received;
  edit.added = added;
  edit.remove = removed;
  const std::size_t room = submission.message.size() + received.size() + added.size() + 2;
  auto body = submission.buffers == nullptr ? std::make_shared<std::string>() : submission.buffers->share(room);
  mime::append_edited(submission.message, found.facts, edit, *body);
  envelope.body_bytes = body->size();
  admitted.body = std::move(body);
  return admitted;
}

}  // namespace penstock::ingest
