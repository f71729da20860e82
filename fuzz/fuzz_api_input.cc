// SPDX-License-Identifier: Apache-2.0
// What a client of the admin API can send us beyond HTTP itself: a target, and parameters in a query or a body.
#include <cstdint>
#include <string_view>

#include "api/input.h"
#include "api/routes.h"
#include "api/time_text.h"
#include "base/check.h"
#include "http/target.h"

namespace {

using namespace penstock;

void read_all(api::Input& input) {
  (void)input.selection();
  (void)input.text("reason");
  (void)input.flag("dry_run");
  (void)input.list("type");
  (void)input.number("limit", 1, 1, 10);
  (void)input.duration("wait", Duration::zero(), Duration{1'000'000});
  (void)input.time_before("since", Time{});
  (void)input.word<api::QueueGroup>("by");
  const auto read = input.finish();
  PENSTOCK_CHECK(read || !read.error().message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto target = http::parse_target(text)) {
    for (const auto& [name, value] : target->query) PENSTOCK_CHECK(http::parse_target("/?" + http::encode(name)));
    auto input = api::Input::from_query(target->query);
    read_all(input);
    (void)api::find_route(api::Audience::Admin, http::Method::Get, target->segments);
  }
  if (auto input = api::Input::from_body(text)) read_all(*input);
  if (const auto time = api::parse_time(text)) {
    // What we write of a time reads back as the same millisecond.
    const auto again = api::parse_time(api::format_time(*time));
    PENSTOCK_CHECK(again && *time - *again < Duration{1'000} && *time >= *again);
  }
  return 0;
}
