// SPDX-License-Identifier: Apache-2.0
// Task<T>: a coroutine on a shard. The executor type is fixed, which spares the type erasure of any_io_executor.
//
// A Task starts when it is awaited or spawned (Shard::spawn). Asio operations are awaited with kAwait and hand back
// their error code as a value:  auto [error, bytes] = co_await socket.async_read_some(buffer, kAwait);
// Parameters of coroutines are taken by value or refer to objects that outlive the coroutine; lambdas that are
// coroutines capture nothing. GCC 12 copies a braced aggregate temporary inside a co_await expression bit by bit: give
// such a value a name first.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace penstock::net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

inline constexpr asio::as_tuple_t<asio::use_awaitable_t<Executor>> kAwait{};

}  // namespace penstock::net
