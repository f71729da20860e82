// SPDX-License-Identifier: Apache-2.0
// Desk: what a link answers. GET shows a page that asks and changes nothing, for mail scanners follow links; POST with
// "List-Unsubscribe=One-Click" (RFC 8058 §3.2; what the page's button sends too) unsubscribes at once.
//
// Use:  Desk desk(current_terms, outlet);   http::Response response = desk.answer(request, clock.wall());
// The token is the last segment of the path, whatever a reverse proxy puts before it. Links that are not ours, or too
// old, get a page that says so, and change nothing. Nothing of a request gets into a header of the answer.
// Threads: any, several at a time. A POST blocks until the suppression is on disk: call it on a worker.
// Errors: pages with 400, 404, 405, 410, 503.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "unsubscribe/terms.h"

namespace penstock::unsubscribe {

class Outlet {
 public:
  virtual ~Outlet() = default;
  // Durable when it returns. Wishes may come twice. `client`: the address it came from.
  virtual Result<> unsubscribe(const Wish& wish, const std::string& client) = 0;
};

class Desk {
 public:
  // Both outlive the desk.
  Desk(const CurrentTerms& terms, Outlet& outlet) : terms_(terms), outlet_(outlet) {}
  [[nodiscard]] http::Response answer(const http::Request& request, Time wall);

 private:
  const CurrentTerms& terms_;
  Outlet& outlet_;
};

// Whether a POST's body says List-Unsubscribe=One-Click, as a form of either kind (RFC 8058 §3.2).
[[nodiscard]] bool is_one_click(std::string_view content_type, std::string_view body);

}  // namespace penstock::unsubscribe
