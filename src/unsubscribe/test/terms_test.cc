// SPDX-License-Identifier: Apache-2.0
// The fields that a message gets.
#include "unsubscribe/terms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::unsubscribe {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

constexpr std::string_view kUrl = "https://u.example.com/";
constexpr std::string_view kMessage = "From: a@b.test\r\nSubject: x\r\n\r\nbody\r\n";

class Fields : public ::testing::Test {
 protected:
  Fields() {
    config_.streams.resize(2);
    config_.streams[0].name = "news";
    config_.streams[0].unsubscribe.add = config::UnsubscribeAdd::Missing;
    config_.streams[0].unsubscribe.url = kUrl;
    config_.streams[1].name = "orders";
    keys_.current.fill(3);
    envelope_.id = model::MessageId{42};
    envelope_.sender = "a@b.test";
    envelope_.labels.list = "weekly";
    envelope_.received = Time{std::chrono::seconds{1'795'000'000}};
    envelope_.recipients.resize(2);
    envelope_.recipients[0].address = "anna@example.net";
    envelope_.recipients[1].address = "bert@example.net";
  }
  [[nodiscard]] std::string fields(std::uint32_t index = 0, std::string_view stream = "news",
                                   std::string_view message = kMessage) const {
    return link_fields(Terms(config_, keys_), envelope_, index, stream, message);
  }
  // What the link of these fields says.
  [[nodiscard]] std::optional<Wish> wish_in(const std::string& fields) const {
    const std::size_t begin = fields.find(kUrl) + kUrl.size();
    return verify_token(keys_, std::string_view(fields).substr(begin, fields.find('>') - begin));
  }

  config::Config config_;
  feedback::ReferenceKeys keys_;
  model::Envelope envelope_;
};

TEST_F(Fields, EachRecipientGetsHisOwnLink) {
  const std::string first = fields(0);
  EXPECT_THAT(first, StartsWith("List-Unsubscribe: <https://u.example.com/"));
  EXPECT_THAT(first, EndsWith(">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
  const auto wish = wish_in(first);
  ASSERT_TRUE(wish);
  EXPECT_EQ(*wish, (Wish{.address = "anna@example.net",
                         .stream = "news",
                         .list = "",
                         .recipient = {model::MessageId{42}, 0},
                         .made = envelope_.received}));
  EXPECT_EQ(wish_in(fields(1))->address, "bert@example.net");
  EXPECT_EQ(fields(0), first) << "a retry brings the same link";
}

TEST_F(Fields, ScopeOfTheListNamesItAndFallsBackToTheStream) {
  config_.streams[0].unsubscribe.scope = config::UnsubscribeScope::List;
  EXPECT_EQ(wish_in(fields())->list, "weekly");
  envelope_.labels.list.clear();
  EXPECT_EQ(wish_in(fields())->list, "");
}

TEST_F(Fields, OtherStreamsNoticesAndMessagesWithTheirOwnGetNone) {
  EXPECT_EQ(fields(0, "orders"), "");
  EXPECT_EQ(fields(0, "unknown"), "");
  EXPECT_EQ(fields(0, "news", "list-unsubscribe: <mailto:x@y.test>\r\n\r\n"), "");
  EXPECT_EQ(fields(0, "news", "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"), "");
  EXPECT_NE(fields(0, "news", "Subject: x\r\n\r\nList-Unsubscribe: in the body\r\n"), "");
  envelope_.sender.clear();
  EXPECT_EQ(fields(), "");
}

TEST_F(Fields, NoLineIsLongerThanAHeaderAllows) {
  config_.streams[0].unsubscribe.url = "https://" + std::string(141, 'u') + "/";
  config_.streams[0].unsubscribe.scope = config::UnsubscribeScope::List;
  envelope_.labels.list = std::string(200, 'l');
  envelope_.recipients[0].address = std::string(64, 'a') + "@" + std::string(189, 'd');
  const std::string made = fields();
  ASSERT_NE(made, "");
  EXPECT_LE(made.find("\r\n"), 998U);
}

TEST(UnsubscribeTerms, KeepTheLongestTimeForLinksOfStreamsThatAreGone) {
  config::Config config;
  EXPECT_EQ(Terms(config, {}).longest, std::chrono::days{400});
  config.streams.resize(1);
  config.streams[0].unsubscribe.add = config::UnsubscribeAdd::Replace;
  config.streams[0].unsubscribe.expire = std::chrono::days{800};
  EXPECT_EQ(Terms(config, {}).longest, std::chrono::days{800});
}

TEST(Terms, NameStreamsWhoseCopiesBearReferences) {
  config::Config config;
  config.streams.resize(3);
  config.streams[0].name = "news";
  config.streams[0].return_path = "b+{ref}@bounces.example";
  config.streams[1].name = "receipts";
  config.streams[1].reference_header = true;
  config.streams[2].name = "orders";
  const Terms terms(config, {});
  EXPECT_THAT(terms.references, ::testing::ElementsAre(::testing::Pair("news", "b+{ref}@bounces.example"),
                                                       ::testing::Pair("receipts", "")));
}

}  // namespace
}  // namespace penstock::unsubscribe
