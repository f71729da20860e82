// SPDX-License-Identifier: Apache-2.0
// What a link answers to people, mail scanners, providers and forgers.
#include "unsubscribe/desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::unsubscribe {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Time kNow{std::chrono::seconds{1'795'000'000}};
constexpr std::string_view kForm = "application/x-www-form-urlencoded";

class FakeOutlet final : public Outlet {
 public:
  Result<> unsubscribe(const Wish& wish, const std::string& client) override {
    if (broken) return fail(std::make_error_code(std::errc::io_error));
    seen.push_back(wish.address + " " + wish.stream + "/" + wish.list + " " + client);
    return {};
  }
  bool broken = false;
  std::vector<std::string> seen;
};

class UnsubscribeDesk : public ::testing::Test {
 protected:
  UnsubscribeDesk() {
    config_.streams.resize(1);
    config_.streams[0].name = "news";
    config_.streams[0].unsubscribe = {
        .add = config::UnsubscribeAdd::Missing, .url = "https://u.test/", .title = "Weekly <news>"};
    config_.unsubscribe.proxy_from = {*IpNetwork::parse("10.0.0.0/8")};
    keys_.current.fill(3);
    apply();
  }
  void apply() { terms_.store(std::make_shared<const Terms>(config_, keys_)); }
  [[nodiscard]] std::string token(std::string stream = "news") const {
    return make_token(keys_.current, {.address = "anna@example.net",
                                      .stream = std::move(stream),
                                      .list = "",
                                      .recipient = {model::MessageId{42}, 0},
                                      .made = kNow});
  }
  http::Response ask(http::Method method, const std::string& target, std::string body = "",
                     std::string_view type = kForm) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = std::move(body);
    request.peer.address = peer_;
    request.fields.add("Content-Type", std::string(type));
    if (!forwarded_.empty()) request.fields.add("X-Forwarded-For", forwarded_);
    return desk_.answer(request, now_);
  }
  http::Response post(const std::string& target) {
    return ask(http::Method::Post, target, "List-Unsubscribe=One-Click");
  }

  config::Config config_;
  feedback::ReferenceKeys keys_;
  CurrentTerms terms_{std::make_shared<const Terms>()};
  FakeOutlet outlet_;
  Desk desk_{terms_, outlet_};
  Time now_ = kNow;
  std::string peer_ = "192.0.2.7", forwarded_;
};

TEST_F(UnsubscribeDesk, OneClickUnsubscribesAtOnce) {
  const http::Response done = post("/" + token());
  EXPECT_EQ(done.status, 200U);
  EXPECT_THAT(done.body, HasSubstr("You are unsubscribed"));
  EXPECT_THAT(outlet_.seen, ElementsAre("anna@example.net news/ 192.0.2.7"));
}

// Mail scanners follow links.
TEST_F(UnsubscribeDesk, LookingChangesNothing) {
  const http::Response page = ask(http::Method::Get, "/" + token());
  EXPECT_EQ(page.status, 200U);
  EXPECT_THAT(page.body, HasSubstr("anna@example.net"));
  EXPECT_THAT(page.body, HasSubstr("Weekly &lt;news&gt;"));
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(std::string(page.fields.find("Content-Security-Policy")), HasSubstr("default-src 'none'"));
  EXPECT_EQ(page.fields.find("Cache-Control"), "no-store");
  EXPECT_EQ(ask(http::Method::Head, "/" + token()).status, 200U);
  // Not even with what a POST would say.
  EXPECT_EQ(ask(http::Method::Get, "/" + token() + "?List-Unsubscribe=One-Click", "List-Unsubscribe=One-Click").status,
            200U);
  EXPECT_THAT(outlet_.seen, IsEmpty());
}

TEST_F(UnsubscribeDesk, LinkWorksBehindAnyPathAndQuery) {
  EXPECT_EQ(post("/some/where/" + token() + "?utm_source=x").status, 200U);
  EXPECT_THAT(outlet_.seen, ElementsAre("anna@example.net news/ 192.0.2.7"));
}

TEST_F(UnsubscribeDesk, ForgedAndForeignLinksChangeNothing) {
  std::string changed = token();
  changed[20] = changed[20] == 'A' ? 'B' : 'A';
  feedback::ReferenceKeys stranger;
  const std::string foreign = make_token(stranger.current, {.address = "anna@example.net", .stream = "news"});
  for (const std::string& target : {"/" + changed, "/" + foreign, std::string("/"), std::string("/x"),
                                    "/" + token() + "/", std::string("/%zz"), "/" + std::string(7'000, 'A')}) {
    const http::Response refused = post(target);
    EXPECT_EQ(refused.status, 404U) << target.substr(0, 60);
    EXPECT_THAT(refused.body, HasSubstr("not valid"));
    EXPECT_THAT(refused.body, Not(HasSubstr("anna")));
  }
  EXPECT_THAT(outlet_.seen, IsEmpty());
}

TEST_F(UnsubscribeDesk, OldLinkIsGoneAndSaysSo) {
  now_ = kNow + 400 * 24h + 1s;
  EXPECT_EQ(post("/" + token()).status, 410U);
  EXPECT_EQ(ask(http::Method::Get, "/" + token()).status, 410U);
  EXPECT_THAT(outlet_.seen, IsEmpty());
  config_.streams[0].unsubscribe.expire = Duration::zero();
  apply();
  EXPECT_EQ(post("/" + token()).status, 200U);
}

TEST_F(UnsubscribeDesk, LinkOfAStreamThatIsGoneStillWorks) {
  EXPECT_EQ(post("/" + token("gone")).status, 200U);
  EXPECT_THAT(outlet_.seen, ElementsAre("anna@example.net gone/ 192.0.2.7"));
}

TEST_F(UnsubscribeDesk, PostMustSayOneClick) {
  for (const char* body : {"", "x=1", "List-Unsubscribe=Two-Clicks", "List-Unsubscribe", "One-Click", "%zz"}) {
    EXPECT_EQ(ask(http::Method::Post, "/" + token(), body).status, 400U) << body;
  }
  EXPECT_THAT(outlet_.seen, IsEmpty());
}

TEST_F(UnsubscribeDesk, OtherMethodsAreRefused) {
  const http::Response refused = ask(http::Method::Delete, "/" + token());
  EXPECT_EQ(refused.status, 405U);
  EXPECT_EQ(refused.fields.find("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(ask(http::Method::Other, "/" + token()).status, 405U);
}

TEST_F(UnsubscribeDesk, WhatCannotBeStoredIsToBeTriedAgain) {
  outlet_.broken = true;
  const http::Response later = post("/" + token());
  EXPECT_EQ(later.status, 503U);
  EXPECT_EQ(later.fields.find("Retry-After"), "300");
}

TEST_F(UnsubscribeDesk, ProxyTellsTheClientAndNobodyElseDoes) {
  forwarded_ = "203.0.113.9, 198.51.100.4";
  post("/" + token());
  peer_ = "10.1.1.1";
  post("/" + token());
  forwarded_ = "198.51.100.4, <script>";
  post("/" + token());
  EXPECT_THAT(outlet_.seen, ElementsAre("anna@example.net news/ 192.0.2.7", "anna@example.net news/ 198.51.100.4",
                                        "anna@example.net news/ 10.1.1.1"));
}

TEST(OneClick, FormsOfEitherKindSayIt) {
  EXPECT_TRUE(is_one_click(kForm, "List-Unsubscribe=One-Click"));
  EXPECT_TRUE(is_one_click(kForm, "List-Unsubscribe=One-Click\r\n"));
  EXPECT_TRUE(is_one_click(kForm, "a=b&List-Unsubscribe=One%2DClick"));
  EXPECT_TRUE(is_one_click("", "List-Unsubscribe=One-Click")) << "some leave the type out";
  const std::string part = "Content-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n";
  EXPECT_TRUE(is_one_click("multipart/form-data; boundary=xYz", "--xYz\r\n" + part + "--xYz--\r\n"));
  EXPECT_TRUE(is_one_click("Multipart/Form-Data; Boundary=\"x y\"", "--x y\r\n" + part + "--x y--\r\n"));
  EXPECT_FALSE(is_one_click("multipart/form-data; boundary=xYz", "--xYz\r\nno part"));
  EXPECT_FALSE(is_one_click("multipart/form-data", "--\r\n" + part));
  EXPECT_FALSE(is_one_click("multipart/form-data; boundary=\"", "--\r\n" + part));
  EXPECT_FALSE(is_one_click("multipart/form-data; boundary=x", "List-Unsubscribe=One-Click"));
}

}  // namespace
}  // namespace penstock::unsubscribe
