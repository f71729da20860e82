// SPDX-License-Identifier: Apache-2.0
// What anybody can send to the address of links to unsubscribe: a token, a form. Nothing made up is believed, and
// nothing of it gets into the answer's fields.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "unsubscribe/desk.h"

namespace {

using namespace penstock;

class NobodyUnsubscribes final : public unsubscribe::Outlet {
 public:
  Result<> unsubscribe(const unsubscribe::Wish&, const std::string&) override {
    PENSTOCK_CHECK(false);
    return {};
  }
};

unsubscribe::Terms terms() {
  unsubscribe::Terms made;
  made.keys.current.fill(7);
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string first(text.substr(0, line));
  const std::string rest(line == std::string_view::npos ? std::string_view() : text.substr(line + 1));
  static const unsubscribe::CurrentTerms current(std::make_shared<const unsubscribe::Terms>(terms()));
  NobodyUnsubscribes outlet;
  unsubscribe::Desk desk(current, outlet);
  http::Request request;
  request.method = size % 2 == 0 ? http::Method::Post : http::Method::Get;
  request.target = "/" + first;
  request.body = rest;
  const http::Response response = desk.answer(request, Time{});
  PENSTOCK_CHECK(response.status >= 400);
  (void)unsubscribe::is_one_click(first, rest);
  // A link of ours for any address reads back as what it was made of.
  unsubscribe::Wish wish;
  wish.address = first;
  wish.list = rest.substr(0, 200);
  const std::string token = unsubscribe::make_token(current.load()->keys.current, wish);
  if (!token.empty()) PENSTOCK_CHECK(unsubscribe::verify_token(current.load()->keys, token) == wish);
  return 0;
}
