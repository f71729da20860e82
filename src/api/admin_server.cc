// SPDX-License-Identifier: Apache-2.0
#include "api/admin_server.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/object.hpp>
#include <exception>

#include "api/routes.h"
#include "base/check.h"
#include "base/log.h"
#include "base/plain_json.h"
#include "http/server.h"
#include "http/target.h"
#include "http/workers.h"

namespace penstock::api {
namespace {

constexpr Duration kPollInterval{std::chrono::milliseconds{150}};
constexpr std::size_t kSocketPathMax = 107;  // sun_path of unix(7), less its NUL

std::string user_name(const http::Peer& peer) {
  if (!peer.uid) return peer.address;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(*peer.uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return entry.pw_name;
  }
  return fmt::format("uid {}", *peer.uid);
}

http::Response to_response(const Problem& problem) {
  boost::json::object error{
      {"code", boost::json::string_view(word_of(problem.code).data(), word_of(problem.code).size())},
      {"message", problem.message}};
  if (!problem.hint.empty()) error["hint"] = problem.hint;
  http::Response response;
  response.status = status_of(problem.code);
  response.body = plain_json(boost::json::object{{"error", std::move(error)}}) + "\n";
  return response;
}

http::Response to_response(Answer answer) {
  http::Response response;
  response.status = answer.status;
  response.content_type = std::move(answer.content_type);
  response.body = std::move(answer.body);
  if (response.content_type == "application/json") response.body += '\n';
  response.fields.add("Cache-Control", "no-store");
  return response;
}

// One request with its route found; kept while its handler is asked again and again.
struct Prepared {
  Match match;
  http::Target target;
  http::Request request;
  Actor actor;
};

Asked<Prepared> prepare(Audience audience, http::Request request) {
  auto target = http::parse_target(request.target);
  if (!target) return refuse(Errc::BadRequest, "the request's target is not a path with an optional query");
  auto match = find_route(audience, request.method, target->segments);
  if (!match) return tl::unexpected<Problem>(match.error());
  Actor actor{user_name(request.peer), request.peer.address};
  return Prepared{std::move(*match), std::move(*target), std::move(request), std::move(actor)};
}

Asked<Answer> ask(Operations& operations, const Prepared& prepared, Time now) {
  const bool has_body = prepared.match.route->method == http::Method::Post;
  if (has_body && !prepared.target.query.empty()) {
    return refuse(Errc::BadRequest, "this request takes its parameters in the body, not in the query");
  }
  auto input = has_body ? Input::from_body(prepared.request.body) : Input::from_query(prepared.target.query);
  if (!input) return tl::unexpected<Problem>(input.error());
  Call call{operations, *input, prepared.match.captures, prepared.actor, now};
  try {
    return prepared.match.route->handler(call);
  } catch (const std::exception& e) {
    log::error("api", "{} ended by an exception: {}", prepared.match.route->path, e.what());
    return refuse(Errc::Internal, "internal error", "the daemon's log has more");
  }
}

}  // namespace

struct AdminServer::Parts {
  Parts(Operations& o, AdminOptions p)
      : operations(o),
        options(std::move(p)),
        clock(options.clock != nullptr ? *options.clock : system_clock),
        workers(options.worker_threads, "api-worker"),
        shards(1) {}

  net::Task<http::Response> respond(Audience audience, http::Request request);
  std::unique_ptr<http::Server> make_server(net::Endpoint endpoint, Audience audience, const char* name);

  Operations& operations;
  const AdminOptions options;
  const SystemClock system_clock;
  const Clock& clock;
  std::atomic<bool> stopping{false};
  http::Workers workers;
  net::ShardSet shards;  // destroyed before the workers' object, after their threads: see stop()
  std::unique_ptr<http::Server> admin;
  std::unique_ptr<http::Server> metrics;
  bool open = false;
};

net::Task<http::Response> AdminServer::Parts::respond(Audience audience, http::Request request) {
  auto prepared = prepare(audience, std::move(request));
  if (!prepared) co_return to_response(prepared.error());
  const auto start = std::chrono::steady_clock::now();
  while (true) {
    auto answer = co_await workers.run([&] { return ask(operations, *prepared, clock.wall()); });
    if (!answer) co_return to_response(answer.error());
    const auto waited = std::chrono::steady_clock::now() - start;
    if (answer->wait <= waited || stopping) co_return to_response(std::move(*answer));
    co_await net::sleep_for(kPollInterval);
  }
}

std::unique_ptr<http::Server> AdminServer::Parts::make_server(net::Endpoint endpoint, Audience audience,
                                                              const char* name) {
  http::ServerOptions server_options;
  if (audience == Audience::Admin) server_options.unix_mode = options.socket_mode;
  return std::make_unique<http::Server>(
      shards, std::move(endpoint), name, server_options,
      [this, audience](http::Request request) { return respond(audience, std::move(request)); });
}

AdminServer::AdminServer(Operations& operations, AdminOptions options)
    : parts_(std::make_unique<Parts>(operations, std::move(options))) {}

AdminServer::~AdminServer() {
  stop();
}

Result<> AdminServer::open() {
  const AdminOptions& options = parts_->options;
  if (options.socket.empty() || options.socket.size() > kSocketPathMax) {
    return fail(Errc::Unavailable, fmt::format("the path of the admin socket has 1 to {} characters: \"{}\"",
                                               kSocketPathMax, options.socket));
  }
  const auto endpoint = net::parse_endpoint("unix:" + options.socket);
  if (!endpoint) return fail(endpoint.error());
  parts_->admin = parts_->make_server(*endpoint, Audience::Admin, "admin");
  if (auto opened = parts_->admin->open(); !opened) {
    return fail(Errc::Unavailable,
                fmt::format("cannot listen on the admin socket {}: {}; make its folder, or set admin.socket",
                            options.socket, opened.error().code.message()));
  }
  parts_->open = true;
  if (!options.metrics) return {};
  parts_->metrics = parts_->make_server(*options.metrics, Audience::Everyone, "metrics");
  if (auto opened = parts_->metrics->open(); !opened) {
    return fail(Errc::Unavailable,
                fmt::format("cannot listen on {} for metrics: {}; set admin.metrics to a free address of this machine",
                            net::format_endpoint(*options.metrics), opened.error().code.message()));
  }
  return {};
}

void AdminServer::start() {
  PENSTOCK_CHECK(parts_->open);
  parts_->admin->start();
  if (parts_->metrics) parts_->metrics->start();
  parts_->shards[0].post([] { ::pthread_setname_np(::pthread_self(), "api"); });
  parts_->shards.start();
}

void AdminServer::stop() {
  if (parts_->stopping.exchange(true)) return;
  if (parts_->admin) parts_->admin->stop();
  if (parts_->metrics) parts_->metrics->stop();
  parts_->shards.stop();
  parts_->workers.stop();
  if (parts_->open) ::unlink(parts_->options.socket.c_str());
}

std::optional<net::Endpoint> AdminServer::metrics_endpoint() const {
  if (!parts_->metrics) return std::nullopt;
  return parts_->metrics->endpoint();
}

}  // namespace penstock::api
