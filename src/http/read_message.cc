// SPDX-License-Identifier: Apache-2.0
#include "http/read_message.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace penstock::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;
using Instant = std::chrono::steady_clock::time_point;

constexpr std::size_t kReadBytes = 16 * 1024;

Error to_error(const error_code& error) {
  if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow) {
    return Error{Errc::HeaderTooLarge, {}};
  }
  if (error == beast_http::error::body_limit) return Error{Errc::BodyTooLarge, {}};
  if (error == beast_http::error::partial_message) return Error{Errc::ConnectionLost, "in the middle of a message"};
  return Error{Errc::BadMessage, error.message()};
}

// Gives the parser what there is. True when it wants more.
template <bool kIsRequest>
Result<bool> feed(std::string& leftover, beast_http::basic_parser<kIsRequest>& parser) {
  while (!leftover.empty() && !parser.is_done()) {
    error_code error;
    const std::size_t used = parser.put(net::asio::buffer(leftover), error);
    leftover.erase(0, used);
    if (error == beast_http::error::need_more) return true;
    if (error) return fail(to_error(error));
    if (used == 0) return true;
  }
  return !parser.is_done();
}

Duration time_left(const ReadLimits& limits, bool began, Instant start) {
  if (!began || limits.whole == Duration::zero()) return limits.first_byte;
  const auto gone = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
  return gone < limits.whole ? limits.whole - gone : Duration::zero();
}

Error lost(const net::Io& io) {
  if (io.timed_out()) return Error{Errc::Timeout, {}};
  return Error{Errc::ConnectionLost, io.to_string()};
}

}  // namespace

template <bool kIsRequest>
net::Task<ReadEnd> read_message(net::Stream& stream, std::string& leftover,
                                beast_http::basic_parser<kIsRequest>& parser, ReadLimits limits,
                                std::function<bool()> on_head) {
  ReadEnd end;
  parser.eager(true);
  bool head_told = false;
  Instant start = std::chrono::steady_clock::now();
  std::vector<char> buffer(kReadBytes);
  while (true) {
    end.began = end.began || !leftover.empty();
    const auto wants_more = feed(leftover, parser);
    if (!wants_more) {
      end.result = fail(wants_more.error());
      co_return end;
    }
    if (!*wants_more) co_return end;
    if (parser.is_header_done() && !head_told) {
      head_told = true;
      if (on_head && on_head()) co_await stream.write("HTTP/1.1 100 Continue\r\n\r\n", limits.first_byte);
    }
    const Duration wait = time_left(limits, end.began, start);
    if (wait == Duration::zero()) {
      end.result = fail(Errc::Timeout);
      co_return end;
    }
    const net::Io got = co_await stream.read_some(buffer, wait);
    if (got.bytes == 0) {
      error_code error;
      // A response without a length ends with its connection.
      if (got.closed && end.began) parser.put_eof(error);
      if (!(got.closed && parser.is_done() && !error)) end.result = fail(lost(got));
      co_return end;
    }
    if (!end.began) start = std::chrono::steady_clock::now();
    leftover.append(buffer.data(), got.bytes);
  }
}

template net::Task<ReadEnd> read_message<true>(net::Stream&, std::string&, beast_http::basic_parser<true>&, ReadLimits,
                                               std::function<bool()>);
template net::Task<ReadEnd> read_message<false>(net::Stream&, std::string&, beast_http::basic_parser<false>&,
                                                ReadLimits, std::function<bool()>);

}  // namespace penstock::http
