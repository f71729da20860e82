// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <fmt/format.h>
#include <netdb.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstring>
#include <future>

#include "http/errc.h"
#include "http/read_message.h"

namespace penstock::http {
namespace {

namespace beast_http = boost::beast::http;
using Parser = beast_http::response_parser<beast_http::string_body>;

std::string format_request(const Request& request, const std::string& host) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", to_string(request.method),
                                 request.target, host, request.body.size());
  for (const auto& [name, value] : request.fields.all()) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

Response to_response(Parser& parser) {
  auto& message = parser.get();
  Response response;
  response.status = message.result_int();
  response.content_type.clear();
  for (const auto& field : message) {
    if (field.name() == beast_http::field::content_type) response.content_type = std::string(field.value());
    response.fields.add(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(message.body());
  return response;
}

}  // namespace

Client::Client(net::Shard& shard, net::Endpoint endpoint, std::string host, ClientOptions options)
    : shard_(shard), endpoint_(std::move(endpoint)), host_(std::move(host)), options_(options) {}

net::Task<Result<Response>> Client::send(Request request) {
  if (stream_) {
    auto answer = co_await exchange(request);
    const bool harmless = request.method == Method::Get || request.method == Method::Head;
    if (answer || !harmless || !(answer.error() == make_error_code(Errc::ConnectionLost))) co_return answer;
  }
  auto connected = co_await net::connect(shard_, endpoint_, std::string(), options_.connect_timeout);
  if (!connected) co_return fail(Errc::NoAnswer, connected.error().to_string());
  stream_ = std::move(*connected);
  if (options_.tls) {
    if (auto secured = co_await shake_hands(); !secured) {
      stream_.reset();
      co_return fail(secured.error());
    }
  }
  co_return co_await exchange(request);
}

net::Task<Result<>> Client::shake_hands() {
  net::TlsAsk ask;
  const std::size_t colon = host_.rfind(':');
  const bool has_port = colon != std::string::npos && host_.find(']', colon) == std::string::npos;
  ask.name = has_port ? host_.substr(0, colon) : host_;
  ask.must_verify = true;
  auto shaken = co_await stream_->start_tls(options_.tls, std::move(ask), options_.connect_timeout);
  if (shaken) co_return Result<>();
  if (shaken.error().code == std::errc::timed_out) co_return fail(Errc::Timeout, shaken.error().detail);
  co_return fail(Errc::NotTrusted, shaken.error().detail);
}

net::Task<Result<Response>> Client::exchange(const Request& request) {
  std::unique_ptr<net::Stream> stream = std::move(stream_);
  const std::string head = format_request(request, host_);
  const std::array<std::string_view, 2> chunks{head, request.body};
  const net::Io sent = co_await stream->write(std::span<const std::string_view>(chunks), options_.answer_timeout);
  // A server that refuses a body answers and closes while we still send: read what it said.
  std::string leftover;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
  parser.body_limit(options_.body_bytes_max);
  parser.skip(request.method == Method::Head);
  const ReadLimits limits{options_.answer_timeout, options_.whole_timeout};
  ReadEnd end = co_await read_message<false>(*stream, leftover, parser, limits, nullptr);
  if (!end.result) co_return fail(sent.timed_out() ? Error{Errc::Timeout, "sending"} : end.result.error());
  const bool keep = parser.get().keep_alive() && !sent.error;
  Response response = to_response(parser);
  if (keep) stream_ = std::move(stream);
  co_return response;
}

Result<ServerAddress> resolve_server(std::string_view url) {
  if (url.starts_with("unix:")) {
    if (url.size() < 6 || url.size() - 5 > 107) {
      return fail(Errc::BadUrl, "the path of a socket has 1 to 107 characters");
    }
    const auto endpoint = net::parse_endpoint(url);
    if (!endpoint) return fail(Errc::BadUrl, endpoint.error().detail);
    return ServerAddress{*endpoint, "localhost"};
  }
  if (url.starts_with("https://")) {
    return fail(Errc::BadUrl,
                "https is not spoken to a daemon: use a unix socket, http:// on a trusted network, or a tunnel");
  }
  if (!url.starts_with("http://")) return fail(Errc::BadUrl, "expected http://host[:port] or unix:/path");
  std::string_view rest = url.substr(7);
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    if (slash + 1 != rest.size()) return fail(Errc::BadUrl, "a path after the host is not supported");
    rest = rest.substr(0, slash);
  }
  const std::size_t colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
  std::string name(rest.substr(0, has_port ? colon : std::string_view::npos));
  const std::string port(has_port ? rest.substr(colon + 1) : "80");
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(name.c_str(), port.c_str(), &hints, &found); code != 0 || name.empty()) {
    return fail(Errc::BadUrl, fmt::format("\"{}\": {}", rest, name.empty() ? "no host" : ::gai_strerror(code)));
  }
  net::Endpoint endpoint(found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return ServerAddress{endpoint, std::string(rest)};
}

namespace {

net::Task<> fetch_into(net::Shard& shard, ServerAddress server, Request request, ClientOptions options,
                       std::promise<Result<Response>>& promise) {
  Client client(shard, server.endpoint, server.host, options);
  promise.set_value(co_await client.send(std::move(request)));
}

}  // namespace

Result<Response> fetch(const ServerAddress& server, Request request, ClientOptions options) {
  std::promise<Result<Response>> promise;
  auto future = promise.get_future();
  net::ShardSet shards(1);
  shards[0].spawn("fetch", fetch_into(shards[0], server, std::move(request), options, promise));
  shards.start();
  Result<Response> answer = future.get();
  shards.stop();
  return answer;
}

}  // namespace penstock::http
