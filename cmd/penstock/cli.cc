// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/cli.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/plain_json.h"
#include "cmd/penstock/json_read.h"
#include "http/errc.h"
#include "http/target.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;

constexpr const char* kDefaultSocket = "/run/penstock/admin.sock";
constexpr std::array<const char*, 9> kCriteria{"stream", "tenant", "campaign", "domain",   "provider",
                                               "vmta",   "path",   "message",  "recipient"};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// "unix:/run/penstock/admin.sock" or a URL, by option, environment or default.
std::string where_from(const Arguments& arguments) {
  if (arguments.has("--url")) return arguments.text("--url");
  if (arguments.has("--socket")) return "unix:" + arguments.text("--socket");
  if (std::string url = environment("PENSTOCK_URL"); !url.empty()) return url;
  if (const std::string socket = environment("PENSTOCK_SOCKET"); !socket.empty()) return "unix:" + socket;
  return std::string("unix:") + kDefaultSocket;
}

Failure refused(const http::Response& response) {
  boost::system::error_code error;
  const json::value value = json::parse(response.body, error);
  const json::object* object = !error && value.is_object() ? value.if_object() : nullptr;
  const json::object problem = object != nullptr ? child(*object, "error") : json::object();
  const std::string message = text_of(problem, "message");
  if (message.empty()) {
    return {kExitRefused, fmt::format("the daemon answered {} {}", response.status, http::reason_of(response.status)),
            ""};
  }
  return {kExitRefused, message, text_of(problem, "hint")};
}

}  // namespace

Failure Cli::unreachable(const std::string& where, const Error& error) const {
  const bool timed_out = error == make_error_code(http::Errc::Timeout);
  if (timed_out) return {kExitUnreachable, "the daemon at " + where + " does not answer in time", "see its log"};
  if (!where.starts_with("unix:")) {
    return {kExitUnreachable, fmt::format("no daemon answers at {}: {}", where, error.to_string()),
            "check the address, and that penstockd runs there"};
  }
  const std::string path = where.substr(5);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return {kExitUnreachable, fmt::format("no daemon listens at {}: there is no such socket", path),
            "start it (systemctl start penstockd), or name its socket: --socket PATH, or PENSTOCK_SOCKET"};
  }
  if (::access(path.c_str(), W_OK) != 0) {
    return {kExitUnreachable, fmt::format("you may not use the socket {}", path),
            "run this as root or as a member of the socket's group"};
  }
  return {kExitUnreachable, fmt::format("no daemon listens at {}", path),
          "its socket is there but nobody answers: start it (systemctl start penstockd)"};
}

Got<http::Response> Cli::send(http::Request request) {
  const std::string where = where_from(arguments);
  const auto server = http::resolve_server(where);
  if (!server) return fail_with(kExitUsage, server.error().detail, "as --url http://127.0.0.1:8025 or --socket PATH");
  std::string token = arguments.text("--token");
  if (token.empty()) token = environment("PENSTOCK_TOKEN");
  if (token.find_first_of("\r\n") != std::string::npos) return fail_with(kExitUsage, "a token is one line");
  if (!token.empty()) request.fields.add("Authorization", "Bearer " + token);
  auto response = http::fetch(*server, std::move(request));
  if (!response) return tl::unexpected<Failure>(unreachable(where, response.error()));
  if (response->status >= 400) return tl::unexpected<Failure>(refused(*response));
  return std::move(*response);
}

namespace {

Got<json::object> read_object(const Got<http::Response>& response) {
  if (!response) return tl::unexpected<Failure>(response.error());
  boost::system::error_code error;
  json::value value = json::parse(response->body, error);
  if (error || !value.is_object()) return fail_with(kExitUnreachable, "the answer is not JSON: is this a penstockd?");
  return std::move(value.as_object());
}

}  // namespace

Got<json::object> Cli::get(std::string_view path, const Query& query) {
  http::Request request;
  request.target = path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    request.target += separator + http::encode(name) + "=" + http::encode(value);
    separator = '&';
  }
  return read_object(send(std::move(request)));
}

Got<json::object> Cli::post(std::string_view path, const json::object& body) {
  http::Request request;
  request.method = http::Method::Post;
  request.target = path;
  request.fields.add("Content-Type", "application/json");
  request.body = json::serialize(body);
  return read_object(send(std::move(request)));
}

Got<std::string> Cli::get_text(std::string_view path) {
  http::Request request;
  request.target = path;
  auto response = send(std::move(request));
  if (!response) return tl::unexpected<Failure>(response.error());
  return std::move(response->body);
}

void Cli::print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Cli::print_json(const json::object& object) {
  print(plain_json(object) + "\n");
}

Query Cli::criteria() const {
  Query query;
  for (const char* name : kCriteria) query.emplace_back(name, arguments.text(std::string("--") + name));
  if (arguments.has("--all")) query.emplace_back("all", "true");
  return query;
}

json::object Cli::selection() const {
  json::object selection;
  for (const auto& [name, value] : criteria()) {
    if (!value.empty()) selection[name] = value;
  }
  if (selection.contains("all")) selection["all"] = true;
  return selection;
}

}  // namespace penstock::cli
