// SPDX-License-Identifier: Apache-2.0
#include "ingest/report_intake.h"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <memory>
#include <optional>

#include "base/ascii.h"
#include "feedback/errc.h"

namespace penstock::ingest {

bool is_report_domain(std::string_view domain, std::span<const std::string> report_domains) {
  return std::any_of(report_domains.begin(), report_domains.end(),
                     [&](const std::string& name) { return ascii::equal_ignoring_case(domain, name); });
}

net::Task<Result<>> keep_report(feedback::Inbox& inbox, feedback::IncomingReport report) {
  std::optional<Result<>> answer;
  auto initiate = [&](auto handler) {
    // The inbox answers on a thread of its own; the coroutine goes on where it was. Handlers can only be moved, and
    // std::function copies.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto work = net::asio::make_work_guard(net::asio::get_associated_executor(*shared));
    inbox.submit(std::move(report), [&answer, shared, work](Result<> result) {
      net::asio::dispatch(work.get_executor(), [&answer, shared, result = std::move(result)]() mutable {
        answer.emplace(std::move(result));
        std::move (*shared)();
      });
    });
  };
  co_await net::asio::async_initiate<const net::asio::use_awaitable_t<net::Executor>, void()>(
      initiate, net::asio::use_awaitable_t<net::Executor>{});
  co_return std::move(*answer);
}

model::Reply report_refusal(const Error& error) {
  if (error == make_error_code(feedback::Errc::InboxFull)) {
    return {452, {4, 3, 1}, "too many reports wait, try again later"};
  }
  return {451, {4, 3, 0}, "the report could not be stored, try again later"};
}

}  // namespace penstock::ingest
