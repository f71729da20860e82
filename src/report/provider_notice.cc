// SPDX-License-Identifier: Apache-2.0
#include "report/provider_notice.h"

#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>

#include "base/ascii.h"
#include "mime/date.h"
#include "report/status_fields.h"
#include "report/status_text.h"

namespace penstock::report {
namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

const json::object* object_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

// The first value of the text; words after it (the service's footer) are nothing to us. Mail breaks long lines, in the
// middle of strings too, so line ends go first.
json::value parse_first(std::string_view broken) {
  std::string text;
  text.reserve(broken.size());
  for (const char c : broken) {
    if (c != '\n' && c != '\r') text += c;
  }
  json::stream_parser parser;
  boost::system::error_code error;
  (void)parser.write_some(text.data(), text.size(), error);
  if (error || !parser.done()) return {};
  return parser.release();
}

void add_recipients(const json::array& recipients, ReportAction otherwise, Report& report) {
  for (const json::value& value : recipients) {
    const json::object* object = value.if_object();
    if (object == nullptr || report.recipients.size() >= kReadRecipientsMax) continue;
    ReportedRecipient recipient;
    recipient.address = address_of(text_of(*object, "emailAddress"));
    if (recipient.address.empty()) continue;
    recipient.found = FoundBy::ProviderFields;
    recipient.action = text_of(*object, "action") == "delayed" ? ReportAction::Delayed : otherwise;
    recipient.status = find_status(text_of(*object, "status"));
    std::string_view diagnostic = text_of(*object, "diagnosticCode");
    if (ascii::starts_with_ignoring_case(diagnostic, "smtp;")) diagnostic.remove_prefix(5);
    recipient.diagnostic = squeeze(diagnostic, kDiagnosticBytesMax);
    recipient.reply = find_reply(recipient.diagnostic).reply;
    report.recipients.push_back(std::move(recipient));
  }
}

void add_mail(const json::object& mail, Report& report) {
  report.envelope_sender = address_of(text_of(mail, "source"));
  const json::array* headers = array_of(mail, "headers");
  if (headers == nullptr) return;
  for (const json::value& value : *headers) {
    const json::object* header = value.if_object();
    if (header == nullptr) continue;
    const std::string_view name = text_of(*header, "name");
    const std::string content = squeeze(text_of(*header, "value"), kDiagnosticBytesMax);
    if (ascii::equal_ignoring_case(name, "Message-ID")) report.original.message_id = content;
    if (ascii::equal_ignoring_case(name, "X-Penstock-Ref")) report.original.reference = content;
    if (ascii::equal_ignoring_case(name, "From")) report.original.from = content;
    if (ascii::equal_ignoring_case(name, "To")) report.original.to = content;
  }
}

void add_delivered(const json::object& delivery, Report& report) {
  const json::array* recipients = array_of(delivery, "recipients");
  if (recipients == nullptr) return;
  for (const json::value& value : *recipients) {
    if (!value.is_string() || report.recipients.size() >= kReadRecipientsMax) continue;
    ReportedRecipient recipient;
    recipient.address = address_of({value.get_string().data(), value.get_string().size()});
    recipient.found = FoundBy::ProviderFields;
    recipient.action = ReportAction::Delivered;
    recipient.diagnostic = squeeze(text_of(delivery, "smtpResponse"), kDiagnosticBytesMax);
    recipient.reply.text = recipient.diagnostic;
    recipient.status = find_status(recipient.diagnostic);
    if (!recipient.address.empty()) report.recipients.push_back(std::move(recipient));
  }
}

bool add_notification(const json::object& notice, Report& report) {
  std::string_view type = text_of(notice, "notificationType");
  if (type.empty()) type = text_of(notice, "eventType");
  if (const json::object* bounce = object_of(notice, "bounce"); type == "Bounce" && bounce != nullptr) {
    report.kind = ReportKind::Bounce;
    if (const auto* list = array_of(*bounce, "bouncedRecipients")) add_recipients(*list, ReportAction::Failed, report);
    std::string_view host = text_of(*bounce, "reportingMTA");
    if (const std::size_t semicolon = host.find(';'); semicolon != std::string_view::npos) {
      host.remove_prefix(semicolon + 1);
    }
    report.reporting_host = squeeze(host, 255);
    report.arrival_date = mime::parse_date(text_of(*bounce, "timestamp"));
  } else if (const json::object* complaint = object_of(notice, "complaint"); type == "Complaint" && complaint) {
    report.kind = ReportKind::Complaint;
    report.feedback_type = ascii::lower(squeeze(text_of(*complaint, "complaintFeedbackType"), 60));
    if (report.feedback_type.empty()) report.feedback_type = "abuse";
    if (const auto* list = array_of(*complaint, "complainedRecipients")) {
      add_recipients(*list, ReportAction::Unknown, report);
    }
  } else if (const json::object* delivery = object_of(notice, "delivery"); type == "Delivery" && delivery) {
    add_delivered(*delivery, report);
  } else {
    return false;
  }
  if (const json::object* mail = object_of(notice, "mail")) add_mail(*mail, report);
  return true;
}

}  // namespace

bool add_provider_notice(std::string_view text, Report& report) {
  text = ascii::trim(text);
  if (!text.starts_with('{')) return false;
  const json::value outer = parse_first(text);
  const json::object* object = outer.if_object();
  if (object == nullptr) return false;
  if (add_notification(*object, report)) return true;
  const std::string_view inner_text = text_of(*object, "Message");
  const json::value inner = inner_text.starts_with('{') ? parse_first(inner_text) : json::value();
  const json::object* notice = inner.if_object();
  return notice != nullptr && add_notification(*notice, report);
}

}  // namespace penstock::report
