// SPDX-License-Identifier: Apache-2.0
#include "ingest/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "ingest/reference_mark.h"
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
std::vector<mime::ByteRange> removals(std::string_view message, const Plan& plan, const ReferenceMark& mark, bool links,
                                      std::vector<mime::ByteRange> found) {
  if (plan.removed.empty() && mark.added.empty() && !links) return found;
  mime::HeaderScanner scan(message);
  for (mime::HeaderField field; scan.next(field);) {
    const std::string name = ascii::lower(field.name);
    const bool listed = std::find(plan.removed.begin(), plan.removed.end(), name) != plan.removed.end();
    const bool replaced = links && (name == "list-unsubscribe" || name == "list-unsubscribe-post");
    if (!listed && !replaced && !mark.replaces(name)) continue;
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

// Nothing, or why the labels cannot be served. Falling back silently would send mail from the wrong address.
std::optional<Refusal> set_labels(const Plan& plan, const Submission& submission, const mime::Examination& found,
                                  model::Envelope& envelope) {
  if (!found.problems.empty()) {
    const auto& problem = found.problems.front();
    return refuse(554, {5, 6, 0},
                  fmt::format("the header that names the {} is {}", mime::to_string(problem.label),
                              mime::to_string(problem.fault)));
  }
  envelope.labels = found.labels;
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
  if (envelope.labels.tenant.empty()) {
    const config::Stream* configured = plan.config->find_stream(stream);
    if (configured != nullptr) envelope.labels.tenant = configured->tenant;
  }
  if (envelope.labels.tenant.empty()) envelope.labels.tenant = submission.default_tenant;
  return std::nullopt;
}

// What the stream's rules for bulk mail say; nothing when it has none.
BulkFindings find_bulk_faults(const BulkRules& rules, const Submission& submission, const model::Envelope& envelope) {
  const std::string& return_path = rules.return_path_domain();
  const bool replaced = !return_path.empty() && !envelope.sender.empty();
  const std::string sender_domain = replaced ? return_path : model::domain_of(envelope.sender);
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
  if (found.facts.over_limit) return refuse(554, {5, 6, 0}, "the message's header is too large");
  if (found.facts.received >= mime::kReceivedMax) {
    return refuse(554, {5, 4, 6}, fmt::format("mail loop: the message has passed {} hosts", found.facts.received));
  }
  Admitted admitted;
  model::Envelope& envelope = admitted.envelope;
  envelope = std::move(submission.envelope);
  envelope.id = id;
  envelope.received = wall;
  envelope.first_attempt = found.first_attempt;
  envelope.peer = submission.client_address.empty() ? std::string("pickup") : std::string(submission.client_address);
  auto refusal = check_author(submission);
  if (!refusal) refusal = set_labels(plan, submission, found, envelope);
  if (refusal) {
    submission.envelope = std::move(envelope);
    return *refusal;
  }

  set_tls_wish(submission, found.facts, envelope);
  if (const BulkRules* rules = plan.find_bulk_rules(envelope.labels.stream)) {
    admitted.bulk = find_bulk_faults(*rules, submission, envelope);
    if (rules->mode() == config::BulkRules::Refuse && !admitted.bulk.faults.empty()) {
      submission.envelope = std::move(envelope);
      return refuse(550, {5, 7, 1}, "the message breaks rules for bulk mail\n" + admitted.bulk.sentence("\n"));
    }
  }

  const ReferenceMark mark = mark_with_reference(plan, envelope);
  const std::string added =
      added_fields(plan, found.facts, envelope, submission.host) + admitted.bulk.added + mark.added;
  const std::string received =
      plan.config->headers.add_received ? received_field(submission, envelope, wall) : std::string();
  std::vector<mime::ByteRange> removed =
      removals(submission.message, plan, mark, replaces_links(plan, envelope), found.remove);
  merge(removed, admitted.bulk.removed);
  mime::HeaderEdit edit;
  edit.received = received;
  edit.added = added;
  edit.remove = removed;
  admitted.body = std::make_shared<const std::string>(mime::apply_edit(submission.message, found.facts, edit));
  envelope.body_bytes = admitted.body->size();
  return admitted;
}

}  // namespace penstock::ingest
