// SPDX-License-Identifier: Apache-2.0
#include "unsubscribe/desk.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/ip_network.h"
#include "http/target.h"
#include "unsubscribe/page.h"

namespace penstock::unsubscribe {
namespace {

constexpr std::string_view kName = "List-Unsubscribe";
constexpr std::string_view kValue = "One-Click";

http::Response respond(unsigned status, std::string page) {
  http::Response response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.fields.add("Cache-Control", "no-store");
  // The page loads nothing and posts to its own host only; the link stays out of other sites' logs.
  response.fields.add("Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; "
                      "base-uri 'none'");
  response.fields.add("Referrer-Policy", "no-referrer");
  response.fields.add("X-Content-Type-Options", "nosniff");
  response.fields.add("X-Robots-Tag", "noindex, nofollow");
  response.body = std::move(page);
  return response;
}

http::Response refuse_link() {
  return respond(404, problem_page("This link is not valid",
                                   "It may have been cut off on its way. Use the link in the message itself, all of "
                                   "it, or write to the sender. Nothing has been changed."));
}

std::string client_of(const http::Request& request, const std::vector<IpNetwork>& proxies) {
  const auto peer = IpAddress::parse(request.peer.address);
  if (!peer || !contains(proxies, *peer)) return request.peer.address;
  // The last one was written by the proxy; those before by whoever liked to.
  std::string_view forwarded = request.fields.find("X-Forwarded-For");
  forwarded = ascii::trim(forwarded.substr(forwarded.rfind(',') + 1));
  const auto client = IpAddress::parse(forwarded);
  return client ? client->to_string() : request.peer.address;
}

// "boundary" of "multipart/form-data; boundary=x"; "" when it is none.
std::string_view boundary_of(std::string_view content_type) {
  constexpr std::string_view kBoundary = "boundary=";
  const auto at = std::search(content_type.begin(), content_type.end(), kBoundary.begin(), kBoundary.end(),
                              [](char a, char b) { return ascii::to_lower(a) == b; });
  if (at == content_type.end()) return {};
  std::string_view value(at + kBoundary.size(), content_type.end());
  if (value.starts_with('"')) return value.substr(1, value.find('"', 1) - 1);
  return ascii::trim(value.substr(0, value.find(';')));
}

bool is_one_click_part(std::string_view part) {
  const std::size_t end = part.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  return part.substr(0, end).find("name=\"List-Unsubscribe\"") != std::string_view::npos &&
         ascii::trim(part.substr(end + 4)) == kValue;
}

}  // namespace

bool is_one_click(std::string_view content_type, std::string_view body) {
  if (ascii::starts_with_ignoring_case(content_type, "multipart/form-data")) {
    const std::string delimiter = "--" + std::string(boundary_of(content_type));
    if (delimiter.size() == 2) return false;
    while (true) {
      const std::size_t end = body.find(delimiter);
      if (is_one_click_part(body.substr(0, end))) return true;
      if (end == std::string_view::npos) return false;
      body.remove_prefix(end + delimiter.size());
    }
  }
  const auto form = http::parse_target("/?" + std::string(ascii::trim(body)));
  return form && std::any_of(form->query.begin(), form->query.end(),
                             [](const auto& field) { return field.first == kName && field.second == kValue; });
}

http::Response Desk::answer(const http::Request& request, Time wall) {
  const bool looks = request.method == http::Method::Get || request.method == http::Method::Head;
  if (!looks && request.method != http::Method::Post) {
    http::Response response = respond(405, problem_page("Not possible", "This address takes GET and POST only."));
    response.fields.add("Allow", "GET, HEAD, POST");
    return response;
  }
  const auto target = http::parse_target(request.target);
  if (!target || target->segments.empty()) return refuse_link();
  const auto terms = terms_.load();
  const auto wish = verify_token(terms->keys, target->segments.back());
  if (!wish) return refuse_link();
  const auto offered = terms->streams.find(wish->stream);
  const bool known = offered != terms->streams.end();
  if (is_expired(*wish, known ? offered->second.expire : terms->longest, wall)) {
    return respond(410, problem_page("This link is too old",
                                     "Use the link in a newer message, or write to the sender. Nothing has been "
                                     "changed."));
  }
  std::string title = wish->list.empty() ? wish->stream : wish->list;
  if (known && !offered->second.title.empty()) title = offered->second.title;
  if (looks) return respond(200, confirmation_page(wish->address, title));
  if (!is_one_click(request.fields.find("Content-Type"), request.body)) {
    return respond(400, problem_page("Nothing has been changed",
                                     "The request does not say List-Unsubscribe=One-Click (RFC 8058)."));
  }
  const Result<> stored = outlet_.unsubscribe(*wish, client_of(request, terms->proxy_from));
  if (!stored) {
    http::Response response =
        respond(503, problem_page("Not yet", "Your wish could not be stored. Please try again in some minutes."));
    response.fields.add("Retry-After", "300");
    return response;
  }
  return respond(200, done_page(wish->address, title));
}

}  // namespace penstock::unsubscribe
