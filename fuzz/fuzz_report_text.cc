// SPDX-License-Identifier: Apache-2.0
// The readers of text inside a report, each by itself: fields, notices, HTML, codes, references. And two round trips:
// a header field that is folded reads back, and so does a report from the inbox's file.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "feedback/inbox.h"
#include "feedback/reference.h"
#include "report/harmless.h"
#include "report/html_text.h"
#include "report/notice_text.h"
#include "report/provider_notice.h"
#include "report/status_fields.h"
#include "report/status_text.h"

namespace {

using namespace penstock;

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ') out += c;
  }
  return out;
}

void check_folding(std::string_view text) {
  constexpr std::size_t kLineMax = 998;  // RFC 5322 §2.1.1
  const std::string value = report::one_line(text, report::Charset::Utf8, 4000);
  std::string folded;
  report::append_folded(folded, "X-Field", value);
  PENSTOCK_CHECK(value.empty() == folded.empty());
  if (value.empty()) return;
  PENSTOCK_CHECK(folded.ends_with("\r\n"));
  for (std::size_t begin = 0; begin < folded.size();) {
    const std::size_t end = folded.find("\r\n", begin);
    PENSTOCK_CHECK(end - begin <= kLineMax && (begin == 0 || folded[begin] == ' '));
    begin = end + 2;
  }
  const report::HeaderFields fields = report::read_header_text(folded);
  PENSTOCK_CHECK(fields.size() == 1 && without_blanks(fields[0].second) == without_blanks(value));
}

void check_record(std::string_view bytes) {
  feedback::IncomingReport report;
  if (feedback::decode_report(bytes, report)) {
    PENSTOCK_CHECK(feedback::encoded_size(report) == bytes.size() && feedback::encode_report(report) == bytes);
  }
  report = {std::string(bytes), {"b@example.com", std::string(bytes.substr(0, 60))}, "192.0.2.1", Time{}};
  feedback::IncomingReport again;
  PENSTOCK_CHECK(feedback::decode_report(feedback::encode_report(report), again) && again == report);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  report::Report report;
  report::add_status_groups(report::read_groups(text), report);
  report::add_feedback_groups(report::read_groups(text), report);
  (void)report::add_provider_notice(text, report);

  const std::vector<std::string> own = {"sender@example.com"};
  const report::NoticeText notice = report::split_notice(report::html_to_text(text));
  for (const report::ListedAddress& listed : report::find_listed(notice.head, own)) {
    PENSTOCK_CHECK(listed.address.find('@') != std::string::npos);
  }
  (void)report::read_header_text(notice.original);
  const report::QuotedReply quoted = report::find_reply(text);
  PENSTOCK_CHECK(quoted.begin <= text.size());
  PENSTOCK_CHECK(report::squeeze(text, 100).size() <= 100);

  check_folding(text);
  check_record(text);

  // Without the key nobody makes a reference.
  feedback::ReferenceKeys keys;
  keys.current.fill(7);
  for (const std::string_view candidate : feedback::reference_candidates(text)) {
    (void)feedback::verify_reference(keys, candidate);
  }
  return 0;
}
