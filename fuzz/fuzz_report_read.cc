// SPDX-License-Identifier: Apache-2.0
// A mail that came to a report address, whole: MIME, delivery status, complaint, notice for people, JSON.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "mime/text.h"
#include "report/reading.h"

namespace {

using namespace penstock;

// What leaves the reader can go on a line of a log or into JSON, and is no longer than promised.
void check_line(const std::string& text, std::size_t bytes_max) {
  PENSTOCK_CHECK(text.size() <= bytes_max);
  PENSTOCK_CHECK(text.find('\n') == std::string::npos && text.find('\r') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const report::Report report = report::read_report(message);
  PENSTOCK_CHECK(report.recipients.size() <= report::kReadRecipientsMax);
  for (const report::ReportedRecipient& recipient : report.recipients) {
    PENSTOCK_CHECK(!recipient.address.empty());
    check_line(recipient.address, 320);
    check_line(recipient.original, 320);
    check_line(recipient.diagnostic, report::kDiagnosticBytesMax);
    PENSTOCK_CHECK(mime::is_utf8(recipient.diagnostic));
  }
  const bool harmless = report.kind == report::ReportKind::AutoReply || report.kind == report::ReportKind::Challenge;
  PENSTOCK_CHECK(!harmless || report.recipients.empty());
  return 0;
}
