// SPDX-License-Identifier: Apache-2.0
// The readers of text inside a report, each by itself: fields, notices, HTML, codes, references.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "feedback/reference.h"
#include "report/html_text.h"
#include "report/notice_text.h"
#include "report/provider_notice.h"
#include "report/status_fields.h"
#include "report/status_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
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

  // Without the key nobody makes a reference.
  feedback::ReferenceKeys keys;
  keys.current.fill(7);
  for (const std::string_view candidate : feedback::reference_candidates(text)) {
    (void)feedback::verify_reference(keys, candidate);
  }
  return 0;
}
