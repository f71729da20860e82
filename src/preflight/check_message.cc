// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/ascii.h"
#include "bulk/rules.h"
#include "mime/header.h"
#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

// DMARC can pass without either.
bool may_be_missing(bulk::Rule rule) {
  return rule == bulk::Rule::FeedbackId || rule == bulk::Rule::EnvelopeDomain;
}

std::string_view remedy_of(bulk::Rule rule) {
  switch (rule) {
    case bulk::Rule::From: return "give it one From field with one address";
    case bulk::Rule::RepeatedField:
      return "write each of these fields once; bulk_rules = \"fix\" takes repetitions away that say the same";
    case bulk::Rule::Date: return "add a Date as RFC 5322 writes it, or set bulk_rules = \"fix\" or headers.add_date";
    case bulk::Rule::MessageId: return "add a Message-ID, or set bulk_rules = \"fix\" or headers.add_message_id";
    case bulk::Rule::LineLength: return "wrap the lines, or encode the part as quoted-printable or base64";
    case bulk::Rule::ListUnsubscribe:
      return "add List-Unsubscribe with an https address, or set unsubscribe = { add = \"missing\", url = "
             "\"https://…\" }";
    case bulk::Rule::OneClick:
      return "add \"List-Unsubscribe-Post: List-Unsubscribe=One-Click\", or let unsubscribe.add do it";
    case bulk::Rule::FeedbackId: return "set feedback_id and bulk_rules = \"fix\", or add the field";
    case bulk::Rule::Dkim: return "dkim = \"from\" and a [[dkim]] key of the From domain that is in force";
    case bulk::Rule::EnvelopeDomain: return "set return_path to an address below the organisation of the From domain";
  }
  return {};
}

// Of the envelope; nothing when nobody tells it.
std::optional<std::string> sender_of(const Sample& sample) {
  if (!sample.sender.empty()) return sample.sender;
  const auto field = mime::find_field(sample.message, "Return-Path");
  if (!field) return std::nullopt;
  std::string path = mime::unfold(field->value);
  const std::size_t begin = path.find('<'), end = path.rfind('>');
  if (begin != std::string::npos && end != std::string::npos && begin < end)
    path = path.substr(begin + 1, end - begin - 1);
  return std::string(ascii::trim(path));
}

}  // namespace

Findings check_message(const config::Config& config, config::Stream stream, const Sample& sample, Time now) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string_view mend = {}) {
    found.push_back({level, Check::Message, std::move(what), std::string(mend)});
  };
  const bool refuses = stream.bulk_rules == config::BulkRules::Refuse;
  if (stream.bulk_rules == config::BulkRules::Off) stream.bulk_rules = config::BulkRules::Warn;
  const bulk::Rules rules(config, stream);
  model::Envelope envelope;
  envelope.labels.stream = stream.name;
  envelope.labels.tenant = stream.tenant;
  const std::optional<std::string> sender = sender_of(sample);
  // Any sender has the stream's return_path, if it has one.
  const std::string domain = rules.leaving_domain(sender.value_or("unknown"));
  const bulk::Findings faults = rules.check({sample.message, envelope, domain, config.node.name, now});
  for (const bulk::Fault& fault : faults.faults) {
    const bool fails = refuses || !may_be_missing(fault.rule);
    add(fails ? Level::Fail : Level::Warn,
        fmt::format("{}: {}{}", to_string(fault.rule), fault.words, refuses ? "; it would be refused" : ""),
        remedy_of(fault.rule));
  }
  for (const bulk::Rule rule : faults.fixed) {
    add(Level::Pass, fmt::format("{}: mended when it is taken (bulk_rules = \"fix\")", to_string(rule)));
  }
  if (domain.empty() && !sender) {
    add(Level::Skip, "envelope-domain: neither stream, message nor --sender tells the envelope sender");
  }
  if (faults.faults.empty())
    add(Level::Pass, fmt::format("it is as stream {} and large receivers want it", stream.name));
  return found;
}

}  // namespace penstock::preflight
