// SPDX-License-Identifier: Apache-2.0
#include "delivery/relay_service.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/test/temp_folder.h"
#include "delivery/errc.h"
#include "delivery/plan.h"

namespace penstock::delivery {
namespace {

class RelayServiceTest : public testing::Test {
 protected:
  config::Route with_password(const std::string& text, mode_t mode = 0600) {
    const std::string path = folder_.file("password");
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    config::Route route;
    route.kind = config::Route::Kind::Relay;
    route.hosts = {{"smtp.example", 587, ""}};
    route.user = "mta";
    route.password_file = path;
    return route;
  }
  TempFolder folder_;
};

TEST_F(RelayServiceTest, PasswordIsTheFirstLine) {
  for (const char* text : {"secret", "secret\n", "secret\r\nmore\n"}) {
    const auto made = make_relay_service(with_password(text), {}, std::nullopt);
    ASSERT_TRUE(made && *made);
    EXPECT_EQ((*made)->password, "secret");
    EXPECT_TRUE((*made)->signs_in());
  }
}

TEST_F(RelayServiceTest, AnAccountIsNeverSpokenToInClear) {
  EXPECT_EQ((*make_relay_service(with_password("x"), {}, std::nullopt))->tls, TlsLevel::Verify);
  EXPECT_EQ((*make_relay_service(with_password("x"), {}, TlsLevel::Require))->tls, TlsLevel::Require);
  EXPECT_EQ((*make_relay_service(with_password("x"), {}, TlsLevel::None))->tls, TlsLevel::Require);
}

TEST_F(RelayServiceTest, BadFilesAreNamedAndNotShown) {
  for (const auto& [text, mode] : {std::pair{"secret", 0644}, {"secret", 0660}, {"", 0600}, {"\nsecret", 0600}}) {
    const auto made = make_relay_service(with_password(text, static_cast<mode_t>(mode)), {}, std::nullopt);
    ASSERT_FALSE(made) << text << mode;
    EXPECT_EQ(made.error(), make_error_code(Errc::BadPassword));
    EXPECT_NE(made.error().detail.find(folder_.file("password")), std::string::npos);
    EXPECT_EQ(made.error().detail.find("secret\n"), std::string::npos);
  }
  config::Route missing = with_password("x");
  missing.password_file = folder_.file("missing");
  EXPECT_FALSE(make_relay_service(missing, {}, std::nullopt));
}

TEST_F(RelayServiceTest, APlainRouteHasNone) {
  config::Route plain;
  plain.kind = config::Route::Kind::Relay;
  plain.hosts = {{"smtp.example", 25, ""}};
  const auto made = make_relay_service(plain, {}, std::nullopt);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, nullptr);
}

TEST(RelayHeaders, AreSetAtTheTopAndReplaceOthers) {
  RelayService service;
  service.headers = {{"X-Set", "main"}, {"X-Tags", "c={campaign};s={stream};t={tenant};v={vmta};i={id};{x"}};
  const MessageLabels labels{"news", "acme", "autumn", "v1", "01ABC"};
  EXPECT_EQ(with_headers("Subject: x\r\nx-set: other\r\n folded\r\nTo: a@b\r\nX-SET: again\r\n\r\nX-Set: body\r\n",
                         service, labels),
            "X-Set: main\r\nX-Tags: c=autumn;s=news;t=acme;v=v1;i=01ABC;{x\r\nSubject: x\r\nTo: a@b\r\n\r\nX-Set: "
            "body\r\n");
}

TEST(RelayHeaders, ALabelCannotBeginAnotherField) {
  RelayService service;
  service.headers = {{"X-Tags", "{campaign}"}};
  const std::string made = with_headers("Subject: x\r\n\r\n", service, {"", "", "a\r\nBcc: evil@x\r\n", "", ""});
  EXPECT_EQ(made.find("\nBcc"), std::string::npos);
  EXPECT_TRUE(made.starts_with("X-Tags: a  Bcc: evil@x  \r\nSubject: x\r\n\r\n")) << made;
}

TEST(RelayHeaders, KeyTellsSetsApart) {
  RelayService one, two, none;
  one.headers = {{"X-Set", "main"}};
  two.headers = {{"X-Set", "other"}};
  EXPECT_NE(one.header_key(), two.header_key());
  EXPECT_EQ(none.header_key(), "");
}

TEST(RelayGroup, NamesTheUser) {
  Route route;
  route.kind = RouteKind::Relay;
  route.hosts = {{"smtp.example", 587}, {"b.example", 25}};
  EXPECT_EQ(route.group(), "relay:smtp.example:587,b.example:25");
  auto service = std::make_shared<RelayService>();
  service->user = "mta";
  route.service = service;
  EXPECT_EQ(route.group(), "relay:mta@smtp.example:587,b.example:25");
}

}  // namespace
}  // namespace penstock::delivery
