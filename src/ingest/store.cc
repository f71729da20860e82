// SPDX-License-Identifier: Apache-2.0
#include "ingest/store.h"

#include <boost/asio/async_result.hpp>
#include <optional>

namespace penstock::ingest {

net::Task<Result<model::MessageId>> store(spool::Spool& spool, spool::CompletionPort& port,
                                          const model::Envelope& envelope, std::shared_ptr<const std::string> body) {
  std::optional<Result<model::MessageId>> answer;
  spool::AcceptRequest request;
  request.envelope = envelope;
  request.body = std::move(body);
  request.port = &port;
  // Called once the coroutine is suspended, with the handler that resumes it; the port runs it on this shard.
  auto initiate = [&](auto handler) {
    request.done =
        spool::AcceptHandler([&answer, handler = std::move(handler)](Result<model::MessageId> result) mutable {
          answer.emplace(std::move(result));
          std::move(handler)();
        });
    spool.accept(std::move(request));
  };
  co_await net::asio::async_initiate<const net::asio::use_awaitable_t<net::Executor>, void()>(
      initiate, net::asio::use_awaitable_t<net::Executor>{});
  co_return std::move(*answer);
}

model::Reply reply_to(const Error& error) {
  if (error == make_error_code(spool::Errc::Full)) {
    return {452, {4, 3, 1}, "insufficient storage, try again later"};
  }
  if (error == make_error_code(spool::Errc::TooLarge)) return {552, {5, 3, 4}, "the message is too large to be stored"};
  if (error == make_error_code(spool::Errc::Closed)) return {421, {4, 3, 2}, "shutting down, try again later"};
  return {451, {4, 3, 0}, "the message could not be stored, try again later"};
}

}  // namespace penstock::ingest
