// SPDX-License-Identifier: Apache-2.0
// Taking mail for a listener's report domains: kept durably in the inbox, answered like any other mail, never relayed.
//
// Use:  const Result<> kept = co_await keep_report(*services.reports, std::move(report));
//       if (!kept) reply with report_refusal(kept.error())
// Threads: any shard; the coroutine goes on there.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "feedback/inbox.h"
#include "model/reply.h"
#include "net/task.h"

namespace penstock::ingest {

[[nodiscard]] bool is_report_domain(std::string_view domain, std::span<const std::string> report_domains);

[[nodiscard]] net::Task<Result<>> keep_report(feedback::Inbox& inbox, feedback::IncomingReport report);

// 452 while too many wait, 451 for trouble with the disk.
[[nodiscard]] model::Reply report_refusal(const Error& error);

}  // namespace penstock::ingest
