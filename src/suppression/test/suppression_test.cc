// SPDX-License-Identifier: Apache-2.0
#include "suppression/suppression.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "src/suppression/test/store.h"

namespace penstock::suppression {
namespace {

using std::chrono::hours;

TEST(Suppression, WhatIsAddedIsFoundInAnySpelling) {
  Store store;
  EXPECT_EQ(store.cause("user@example.com"), "");
  EXPECT_EQ(store.add("User@Example.com", Cause::InvalidMailbox).added, 1U);
  EXPECT_EQ(store.cause("user@EXAMPLE.com"), "invalid-mailbox");
  EXPECT_EQ(store.cause("other@example.com"), "");
  EXPECT_EQ(store->size(), 1U);
}

TEST(Suppression, WholeDomainIsSuppressedButNotThoseBelow) {
  Store store;
  store.add("@example.com", Cause::Operator);
  EXPECT_EQ(store.cause("anyone@example.com"), "operator");
  EXPECT_EQ(store.cause("anyone@sub.example.com"), "");
}

TEST(Suppression, ScopeCountsForItsOwnMailOnly) {
  Store store;
  store.add("a@x.example", Cause::Complaint, "stream:news");
  store.add("b@x.example", Cause::Operator, "tenant:acme");
  store.add("c@x.example", Cause::Unsubscribe, "list:weekly");
  EXPECT_EQ(store.cause("a@x.example"), "");
  EXPECT_EQ(store.cause("a@x.example", {.stream = "news"}), "complaint");
  EXPECT_EQ(store.cause("a@x.example", {.stream = "alerts"}), "");
  EXPECT_EQ(store.cause("b@x.example", {.tenant = "acme"}), "operator");
  EXPECT_EQ(store.cause("b@x.example", {.tenant = "news", .stream = "acme"}), "");
  EXPECT_EQ(store.cause("c@x.example", {.list = "weekly"}), "unsubscribe");
}

TEST(Suppression, WidestScopeIsNamed) {
  Store store;
  store.add("a@x.example", Cause::Complaint, "stream:news");
  store.add("a@x.example", Cause::InvalidMailbox);
  EXPECT_EQ(store.cause("a@x.example", {.stream = "news"}), "invalid-mailbox");
  EXPECT_EQ(store->size(), 2U);
}

TEST(Suppression, EndsByItself) {
  Store store;
  store.add("full@x.example", Cause::MailboxFull, "", store.clock.wall() + hours{24 * 14});
  store.clock.advance(hours{24 * 14} - std::chrono::seconds{1});
  EXPECT_EQ(store.cause("full@x.example"), "mailbox-full");
  store.clock.advance(std::chrono::seconds{1});
  EXPECT_EQ(store.cause("full@x.example"), "");
}

TEST(Suppression, WhatProgramsLearnDoesNotWeakenWhatIsThere) {
  Store store;
  store.add("a@x.example", Cause::Complaint);
  const Time soon = store.clock.wall() + hours{1};
  EXPECT_EQ(store.add("a@x.example", Cause::MailboxFull, "", soon, Overwrite::Weaker).unchanged, 1U);
  EXPECT_EQ(store.cause("a@x.example"), "complaint");
  store.add("b@x.example", Cause::MailboxFull, "", soon);
  EXPECT_EQ(store.add("b@x.example", Cause::InvalidMailbox, "", {}, Overwrite::Weaker).changed, 1U);
  store.clock.advance(hours{2});
  EXPECT_EQ(store.cause("b@x.example"), "invalid-mailbox");
}

TEST(Suppression, WhatPeopleSayCounts) {
  Store store;
  store.add("a@x.example", Cause::Complaint);
  EXPECT_EQ(store.add("a@x.example", Cause::Complaint).unchanged, 1U);
  EXPECT_EQ(store.add("a@x.example", Cause::Operator).changed, 1U);
  EXPECT_EQ(store.cause("a@x.example"), "operator");
  EXPECT_EQ(store.add("a@x.example", Cause::Operator, "", store.clock.wall() + hours{1}).changed, 1U);
  EXPECT_EQ(store->size(), 1U);
}

// A list that is imported must not end it by itself; who wants that removes the entry.
TEST(Suppression, WishOfTheRecipientIsNotShortened) {
  for (const Cause cause : {Cause::Complaint, Cause::Unsubscribe}) {
    Store store;
    const Time soon = store.clock.wall() + hours{1};
    const Time later = store.clock.wall() + hours{2};
    store.add("a@x.example", cause);
    EXPECT_EQ(store.add("a@x.example", Cause::Operator, "", soon).unchanged, 1U);
    EXPECT_EQ(store.add("a@x.example", cause, "", later).unchanged, 1U);
    EXPECT_EQ(store.cause("a@x.example"), to_string(cause));
    store.add("b@x.example", cause, "", soon);
    EXPECT_EQ(store.add("b@x.example", Cause::Operator, "", later).changed, 1U) << "longer it may be";
    store.clock.advance(hours{1} + std::chrono::seconds{1});
    EXPECT_EQ(store.add("a@x.example", Cause::Operator).changed, 1U);
  }
}

TEST(Suppression, RemovedAddressIsMailedAgainAndLeavesAMark) {
  Store store;
  store.add("a@x.example", Cause::Complaint);
  store.add("a@x.example", Cause::Complaint, "stream:news");
  EXPECT_EQ(*store->remove("A@x.example", parse_scope("stream:news").value(), "root", "asked us"), 1U);
  EXPECT_EQ(store.cause("a@x.example"), "complaint");
  EXPECT_EQ(*store->remove("a@x.example", std::nullopt, "root", ""), 1U);
  EXPECT_EQ(store.cause("a@x.example", {.stream = "news"}), "");
  EXPECT_EQ(*store->remove("a@x.example", std::nullopt, "root", ""), 0U);
  EXPECT_EQ(store->size(), 0U);
  const auto rows = store->find("a@x.example");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_TRUE(rows->front().removed);
  EXPECT_EQ(rows->front().entry.who, "root");
  EXPECT_EQ(store.add("a@x.example", Cause::InvalidMailbox, "", {}, Overwrite::Weaker).added, 1U);
  EXPECT_EQ(store.cause("a@x.example"), "invalid-mailbox");
}

TEST(Suppression, SurvivesARestart) {
  Store store;
  for (int i = 0; i < 100; ++i) store.add("u" + std::to_string(i) + "@x.example", Cause::Operator);
  ASSERT_TRUE(store->remove("u7@x.example", std::nullopt, "root", ""));
  store.reopen();
  EXPECT_EQ(store->size(), 99U);
  EXPECT_EQ(store.cause("u8@x.example"), "operator");
  EXPECT_EQ(store.cause("u7@x.example"), "");
}

TEST(Suppression, RefusedAddressStopsTheWholeAdd) {
  Store store;
  Entry good, bad;
  good.address = "a@x.example";
  bad.address = "nobody";
  const auto added = store->add({good, bad}, Overwrite::Always);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error(), make_error_code(Errc::BadAddress));
  EXPECT_EQ(store.cause("a@x.example"), "");
}

TEST(Suppression, WhatIsNoAddressIsNotSuppressed) {
  Store store;
  store.add("@x.example", Cause::Operator);
  for (const char* address : {"", "@", "postmaster", "x.example"}) EXPECT_EQ(store.cause(address), "") << address;
}

TEST(Suppression, GmailRulesFindEverySpelling) {
  Store store(ProviderRules{.gmail = true});
  store.add("J.Doe+news@googlemail.com", Cause::Complaint);
  EXPECT_EQ(store.cause("jdoe@gmail.com"), "complaint");
  EXPECT_EQ(store.cause("jd.oe+x@gmail.com"), "complaint");
  store.reopen({});
  EXPECT_EQ(store.cause("jd.oe+x@gmail.com"), "");
  store.add("a.b@gmail.com", Cause::Complaint);
  store.reopen({.gmail = true});
  EXPECT_EQ(store.cause("a.b@gmail.com"), "complaint");
}

TEST(Suppression, ReviewListsWhatIsToBeInvestigated) {
  Store store;
  Entry entry;
  entry.address = "a@x.example";
  entry.cause = Cause::Policy;
  entry.investigate = true;
  ASSERT_TRUE(store->add({entry}, Overwrite::Weaker));
  store.add("b@x.example", Cause::InvalidMailbox);
  ListQuery query;
  query.review = true;
  ASSERT_EQ(store->list(query)->rows.size(), 1U);
  EXPECT_EQ(store->list(query)->rows.front().entry.address, "a@x.example");
  EXPECT_EQ(*store->reviewed("a@x.example", "root"), 1U);
  EXPECT_TRUE(store->list(query)->rows.empty());
  EXPECT_EQ(store.cause("a@x.example"), "policy");
}

TEST(Suppression, ListGoesOnAtItsCursor) {
  Store store;
  for (int i = 0; i < 25; ++i) {
    store.add("u" + std::to_string(i) + (i % 2 == 0 ? "@even.example" : "@odd.example"), Cause::Operator);
  }
  ListQuery query;
  query.domain = "even.example";
  query.limit = 5;
  std::vector<std::string> seen;
  for (bool more = true; more;) {
    const auto rows = store->list(query);
    ASSERT_TRUE(rows);
    for (const Row& row : rows->rows) seen.push_back(row.entry.address);
    query.cursor = rows->cursor;
    more = rows->more;
  }
  ASSERT_EQ(seen.size(), 13U);
  EXPECT_EQ(seen.front(), "u0@even.example");
  EXPECT_EQ(seen.back(), "u24@even.example");
}

TEST(Suppression, ListTakesScopeAndCause) {
  Store store;
  store.add("a@x.example", Cause::Complaint, "stream:news");
  store.add("b@x.example", Cause::Complaint);
  store.add("c@x.example", Cause::Operator);
  ListQuery query;
  query.scope = *parse_scope("stream:news");
  EXPECT_EQ(store->list(query)->rows.size(), 1U);
  query.scope.reset();
  query.cause = Cause::Complaint;
  EXPECT_EQ(store->list(query)->rows.size(), 2U);
}

TEST(Suppression, ChangeFeedTellsEveryChangeOnce) {
  Store store;
  store.add("a@x.example", Cause::Operator);
  store.add("b@x.example", Cause::Operator);
  auto rows = store->changes(0, 100);
  ASSERT_EQ(rows->rows.size(), 2U);
  const std::uint64_t cursor = rows->cursor;
  EXPECT_TRUE(store->changes(cursor, 100)->rows.empty());
  EXPECT_EQ(store->changes(cursor, 100)->cursor, cursor);
  ASSERT_TRUE(store->remove("a@x.example", std::nullopt, "root", ""));
  store.add("c@x.example", Cause::Operator);
  rows = store->changes(cursor, 1);
  ASSERT_EQ(rows->rows.size(), 1U);
  EXPECT_TRUE(rows->rows[0].removed);
  EXPECT_TRUE(rows->more);
  rows = store->changes(rows->cursor, 100);
  ASSERT_EQ(rows->rows.size(), 1U);
  EXPECT_EQ(rows->rows[0].entry.address, "c@x.example");
}

TEST(Suppression, ChecksGoOnWhileOthersAdd) {
  Store store;
  std::atomic<int> known = 0;
  std::atomic<bool> wrong = false;
  std::thread checker([&] {
    while (known < 500) {
      const int upto = known;
      for (int i = 0; i < upto; i += 17) {
        const auto hit = store->check("u" + std::to_string(i) + "@x.example", {});
        if (!hit || !*hit) wrong = true;
      }
    }
  });
  for (int i = 0; i < 500; ++i) {
    Entry entry;
    entry.address = "u" + std::to_string(i) + "@x.example";
    store->add({entry}, Overwrite::Weaker, [&known](const Result<Added>&) { ++known; });
  }
  checker.join();
  EXPECT_FALSE(wrong);
}

TEST(Suppression, AfterTheWriterStoppedAddingFails) {
  Store store;
  store.writer().stop();
  Entry entry;
  entry.address = "a@x.example";
  const auto added = store->add({entry}, Overwrite::Always);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error(), make_error_code(state::Errc::Stopped));
  EXPECT_EQ(store.cause("a@x.example"), "");
}

}  // namespace
}  // namespace penstock::suppression
