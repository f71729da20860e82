// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ctime>
#include <exception>

#include "base/log.h"
#include "http/connection_table.h"
#include "http/errc.h"
#include "http/read_message.h"

namespace penstock::http {
namespace {

namespace beast_http = boost::beast::http;
using Parser = beast_http::request_parser<beast_http::string_body>;

constexpr Duration kStopGrace{std::chrono::seconds{3}};

// One connection; lives in its coroutine, and other threads reach it through a weak pointer posted to its shard.
struct Connection {
  explicit Connection(std::unique_ptr<net::Stream> s) : stream(std::move(s)) {}
  const std::unique_ptr<net::Stream> stream;
  bool between_requests = true;  // touched on the shard only
};

Method to_method(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get: return Method::Get;
    case beast_http::verb::head: return Method::Head;
    case beast_http::verb::post: return Method::Post;
    case beast_http::verb::put: return Method::Put;
    case beast_http::verb::delete_: return Method::Delete;
    default: return Method::Other;
  }
}

Request to_request(Parser& parser, const net::Stream& stream) {
  auto& message = parser.get();
  Request request;
  request.method = to_method(message.method());
  request.target = std::string(message.target());
  for (const auto& field : message) request.fields.add(std::string(field.name_string()), std::string(field.value()));
  request.body = std::move(message.body());
  request.peer.address = stream.peer_address();
  request.peer.uid = stream.peer_uid();
  return request;
}

enum class After { KeepAlive, Close };

std::string head_of(const Response& response, After after) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
                  response.status, reason_of(response.status), fmt::gmtime(std::time(nullptr)), response.content_type,
                  response.body.size());
  for (const auto& [name, value] : response.fields.all()) head += name + ": " + value + "\r\n";
  head += after == After::KeepAlive ? "\r\n" : "Connection: close\r\n\r\n";
  return head;
}

Response plain(unsigned status, std::string_view text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::string(text) + "\n";
  return response;
}

// Nothing when there is nobody to tell.
std::optional<Response> answer_to(const Error& error) {
  if (error == make_error_code(Errc::HeaderTooLarge)) return plain(431, "the request's head is too large");
  if (error == make_error_code(Errc::BodyTooLarge)) return plain(413, "the request's body is too large");
  if (error == make_error_code(Errc::BadMessage)) return plain(400, "not an HTTP/1.1 request: " + error.detail);
  if (error == make_error_code(Errc::Timeout)) return plain(408, "the request took too long to arrive");
  return std::nullopt;
}

// For the table: ends the connection on its shard unless it is being answered then. The weak pointer is locked on that
// shard only, so that the connection also ends there.
std::function<void()> close_when_waiting(const std::shared_ptr<Connection>& connection) {
  return [shard = &connection->stream->shard(), weak = std::weak_ptr<Connection>(connection)] {
    shard->post([weak] {
      const auto live = weak.lock();
      if (live && live->between_requests) live->stream->close();
    });
  };
}

ConnectionTable::Bounds bounds_of(const ServerOptions& options) {
  return {options.connections_max, options.connections_per_address_max, options.exempt};
}

}  // namespace

struct Server::State {
  std::string name;
  ServerOptions options;
  Handler handler;
  std::atomic<bool> stopping{false};
  ConnectionTable connections;

  State(std::string n, ServerOptions o, Handler h)
      : name(std::move(n)), options(std::move(o)), handler(std::move(h)), connections(bounds_of(options)) {}

  static net::Task<> serve(std::shared_ptr<State> state, std::unique_ptr<net::Stream> stream);
  net::Task<bool> shake_hands(net::Stream& stream);
  // Handles one request; false ends the connection.
  net::Task<bool> serve_one(Connection& connection, ConnectionTable::Place& place, std::string& leftover);
  net::Task<Response> ask_handler(Request request);
  net::Task<bool> respond(net::Stream& stream, const Response& response, After after, Method method);
};

net::Task<> Server::State::serve(std::shared_ptr<State> state, std::unique_ptr<net::Stream> stream) {
  const auto connection = std::make_shared<Connection>(std::move(stream));
  ConnectionTable::Place place(state->connections, connection->stream->peer_address(), close_when_waiting(connection));
  const bool tls = static_cast<bool>(state->options.tls);
  if (!place.taken()) {
    if (state->options.turned_away != nullptr) state->options.turned_away->add();
    // Who would be told in TLS is not worth the handshake.
    const Response full = plain(503, "too many connections; try again later");
    if (!tls) co_await state->respond(*connection->stream, full, After::Close, Method::Get);
    co_return;
  }
  if (tls && !co_await state->shake_hands(*connection->stream)) co_return;
  std::string leftover;
  while (!state->stopping && co_await state->serve_one(*connection, place, leftover)) {
  }
}

net::Task<bool> Server::State::shake_hands(net::Stream& stream) {
  const net::TlsContextPtr context = options.tls();
  if (!context) co_return false;
  const auto shaken = co_await stream.accept_tls(context, options.tls_timeout);
  if (!shaken) log::debug("http", "{}: {}: {}", name, stream.peer_address(), shaken.error().to_string());
  co_return shaken.has_value();
}

net::Task<bool> Server::State::serve_one(Connection& connection, ConnectionTable::Place& place, std::string& leftover) {
  net::Stream& stream = *connection.stream;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(options.header_bytes_max));
  parser.body_limit(options.body_bytes_max);
  auto expects_continue = [&parser, &connection] {
    connection.between_requests = false;
    return parser.get()[beast_http::field::expect] == "100-continue";
  };
  const ReadLimits limits{options.idle_timeout, options.request_timeout};
  const ReadEnd end = co_await read_message<true>(stream, leftover, parser, limits, expects_continue);
  connection.between_requests = false;
  place.busy();
  if (!end.result) {
    if (!end.began) co_return false;
    if (const auto answer = answer_to(end.result.error())) {
      co_await respond(stream, *answer, After::Close, Method::Get);
    }
    co_return false;
  }
  const Method method = to_method(parser.get().method());
  const bool keep = parser.get().keep_alive();
  Request request = to_request(parser, stream);
  const Response response = co_await ask_handler(std::move(request));
  const After after = keep && !stopping ? After::KeepAlive : After::Close;
  const bool written = co_await respond(stream, response, after, method);
  connection.between_requests = true;
  co_return written&& after == After::KeepAlive&& place.waiting();
}

net::Task<Response> Server::State::ask_handler(Request request) {
  std::string what;
  try {
    co_return co_await handler(std::move(request));
  } catch (const std::exception& e) {
    what = e.what();
  }
  log::error("http", "{}: a handler ended by an exception: {}", name, what);
  co_return plain(500, "internal error; the log has more");
}

net::Task<bool> Server::State::respond(net::Stream& stream, const Response& response, After after, Method method) {
  const std::string head = head_of(response, after);
  const std::array<std::string_view, 2> chunks{
      head, method == Method::Head ? std::string_view{} : std::string_view(response.body)};
  const net::Io io = co_await stream.write(std::span<const std::string_view>(chunks), options.write_timeout);
  co_return !io.error;
}

Server::Server(net::ShardSet& shards, net::Endpoint endpoint, std::string name, ServerOptions options, Handler handler)
    : state_(std::make_shared<State>(name, std::move(options), std::move(handler))) {
  listener_ = std::make_unique<net::Listener>(
      shards, std::move(endpoint), std::move(name),
      [state = state_](std::unique_ptr<net::Stream> stream) { return State::serve(state, std::move(stream)); });
  if (state_->options.unix_mode) listener_->set_unix_mode(*state_->options.unix_mode);
}

Server::~Server() = default;

Result<> Server::open() {
  return listener_->open();
}

void Server::start() {
  listener_->start();
}

void Server::stop() {
  state_->stopping = true;
  listener_->stop();
  state_->connections.close_all();
  state_->connections.wait_until_empty(kStopGrace);
}

const net::Endpoint& Server::endpoint() const {
  return listener_->endpoint();
}

std::size_t Server::connections() const {
  return state_->connections.size();
}

}  // namespace penstock::http
