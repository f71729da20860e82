// SPDX-License-Identifier: Apache-2.0
// Notices that a sending service mails as JSON text (Amazon SES through SNS): bounces, complaints, deliveries.
// Pure; any thread.
#pragma once

#include <string_view>

#include "report/reading.h"

namespace penstock::report {

// Adds what the text says and returns true, or leaves the report alone when the text is no such notice. Bounded by
// Boost.JSON's depth limit.
bool add_provider_notice(std::string_view text, Report& report);

}  // namespace penstock::report
