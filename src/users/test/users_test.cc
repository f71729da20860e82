// SPDX-License-Identifier: Apache-2.0
#include "users/users.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/test/temp_folder.h"
#include "sasl/client_exchange.h"
#include "sasl/server_exchange.h"
#include "users/errc.h"

namespace penstock::users {
namespace {

using namespace std::chrono_literals;

class UsersTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    users_.reset();
    if (writer_) writer_->stop();
    auto writer = state::Writer::open(folder_.path() + "/state.db");
    ASSERT_TRUE(writer) << writer.error().to_string();
    writer_ = std::move(*writer);
    auto users = Users::open({*writer_, clock_, registry_, {16, 1, 1}, 4096});
    ASSERT_TRUE(users) << users.error().to_string();
    users_ = std::move(*users);
  }
  static User named(std::string name) {
    User user;
    user.name = std::move(name);
    return user;
  }

  TempFolder folder_;
  FakeClock clock_{Time{std::chrono::seconds{1'795'509'000}}};
  metrics::Registry registry_;
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<Users> users_;
};

TEST_F(UsersTest, TheRightPasswordSignsInAndNoOther) {
  ASSERT_TRUE(users_->add(named("Shop"), "hunter2"));
  const AccountPtr account = users_->verify("SHOP", "hunter2");
  ASSERT_TRUE(account);
  EXPECT_EQ(account->user.name, "shop");
  EXPECT_FALSE(users_->verify("shop", "hunter3"));
  EXPECT_FALSE(users_->verify("shop", ""));
  EXPECT_FALSE(users_->verify("nobody", "hunter2"));
  EXPECT_FALSE(users_->verify("", ""));
}

TEST_F(UsersTest, ARightPasswordIsRecalledWithoutHashing) {
  ASSERT_TRUE(users_->add(named("shop"), "hunter2"));
  EXPECT_FALSE(users_->recall("shop", "hunter2"));
  ASSERT_TRUE(users_->verify("shop", "hunter2"));
  EXPECT_TRUE(users_->recall("shop", "hunter2"));
  EXPECT_FALSE(users_->recall("shop", "hunter3"));
  EXPECT_FALSE(users_->recall("nobody", "hunter2"));
  ASSERT_TRUE(users_->set_password("shop", "other"));
  EXPECT_FALSE(users_->recall("shop", "hunter2"));
  EXPECT_FALSE(users_->verify("shop", "hunter2"));
  EXPECT_TRUE(users_->verify("shop", "other"));
}

TEST_F(UsersTest, EverythingSurvivesARestart) {
  User user = named("shop");
  user.message_rate = {100, 1min};
  user.recipients_per_day = 5'000;
  user.connections = 7;
  user.streams = {"news", "alerts"};
  user.sender_domains = {"shop.example", "*.shop.example"};
  user.note = "the shop's web server";
  ASSERT_TRUE(users_->add(user, "hunter2"));
  ASSERT_TRUE(users_->usage().take_recipients(user, 42, clock_.wall()));
  users_->stop();
  open();
  const auto seen = users_->find("shop");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->user.message_rate, (Rate{100, 1min}));
  EXPECT_EQ(seen->user.recipients_per_day, 5'000U);
  EXPECT_EQ(seen->user.connections, 7U);
  EXPECT_EQ(seen->user.streams, user.streams);
  EXPECT_EQ(seen->user.sender_domains, user.sender_domains);
  EXPECT_EQ(seen->user.note, user.note);
  EXPECT_EQ(seen->user.since, clock_.wall());
  EXPECT_EQ(seen->recipients_today, 42U);
  EXPECT_TRUE(users_->verify("shop", "hunter2"));
}

TEST_F(UsersTest, TheFileHoldsNoPassword) {
  ASSERT_TRUE(users_->add(named("shop"), "correct-horse-battery"));
  ASSERT_TRUE(users_->verify("shop", "correct-horse-battery"));
  users_->stop();
  writer_->stop();
  std::string all;
  for (const char* name : {"/state.db", "/state.db-wal"}) {
    std::ifstream file(folder_.path() + name, std::ios::binary);
    all.append(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_NE(all.find("shop"), std::string::npos);
  EXPECT_EQ(all.find("correct-horse-battery"), std::string::npos);
}

TEST_F(UsersTest, ChangesCountForTheNextSignIn) {
  ASSERT_TRUE(users_->add(named("shop"), "hunter2"));
  const auto changed = users_->change("shop", [](User& user) {
    user.enabled = false;
    user.name = "somebody-else";
  });
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->user.name, "shop");
  EXPECT_FALSE(users_->verify("shop", "hunter2"));
  EXPECT_FALSE(users_->find_account("shop"));
  ASSERT_TRUE(users_->change("shop", [](User& user) { user.enabled = true; }));
  EXPECT_TRUE(users_->verify("shop", "hunter2"));
  const auto bad = users_->change("shop", [](User& user) { user.streams = {"no name"}; });
  ASSERT_FALSE(bad);
  EXPECT_TRUE(users_->find("shop")->user.streams.empty());
}

TEST_F(UsersTest, RemovedIsGone) {
  ASSERT_TRUE(users_->add(named("shop"), "hunter2"));
  ASSERT_TRUE(users_->verify("shop", "hunter2"));
  ASSERT_TRUE(users_->remove("shop"));
  EXPECT_FALSE(users_->verify("shop", "hunter2"));
  EXPECT_FALSE(users_->recall("shop", "hunter2"));
  EXPECT_TRUE(users_->list().empty());
  EXPECT_EQ(users_->remove("shop").error(), make_error_code(Errc::Unknown));
  open();
  EXPECT_TRUE(users_->list().empty());
}

TEST_F(UsersTest, MistakesAreToldApart) {
  ASSERT_TRUE(users_->add(named("shop"), "hunter2"));
  EXPECT_EQ(users_->add(named("SHOP"), "x").error(), make_error_code(Errc::Exists));
  EXPECT_EQ(users_->add(named("a b"), "x").error(), make_error_code(Errc::BadUser));
  EXPECT_EQ(users_->add(named("b"), "").error(), make_error_code(Errc::BadUser));
  EXPECT_EQ(users_->add(named("b"), "a\nb").error(), make_error_code(Errc::BadUser));
  EXPECT_EQ(users_->set_password("nobody", "x").error(), make_error_code(Errc::Unknown));
  EXPECT_EQ(users_->set_password("shop", "").error(), make_error_code(Errc::BadUser));
  EXPECT_EQ(users_->change("nobody", [](User&) {}).error(), make_error_code(Errc::Unknown));
  EXPECT_EQ(users_->find("nobody").error(), make_error_code(Errc::Unknown));
}

TEST_F(UsersTest, ListIsByName) {
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(users_->add(named(name), "x"));
  const auto all = users_->list();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].user.name, "a");
  EXPECT_EQ(all[2].user.name, "c");
}

sasl::Next scram(Users& users, const std::string& name, const std::string& password) {
  sasl::ClientExchange client(sasl::Mechanism::ScramSha256, name, password, random_nonce());
  sasl::ServerExchange server(sasl::Mechanism::ScramSha256, random_nonce());
  EXPECT_EQ(server.start(*client.initial_response()), sasl::Next::FindUser);
  const AccountPtr account = users.find_account(server.user());
  EXPECT_EQ(server.on_user(account ? account->credentials : users.made_up(server.user())), sasl::Next::Challenge);
  const auto proof = client.respond(server.challenge());
  EXPECT_TRUE(proof);
  return server.on_response(*proof);
}

TEST_F(UsersTest, ScramOfKnownAndUnknownDifferOnlyAtTheEnd) {
  ASSERT_TRUE(users_->add(named("shop"), "hunter2"));
  EXPECT_EQ(scram(*users_, "shop", "hunter2"), sasl::Next::Challenge);
  EXPECT_EQ(scram(*users_, "shop", "hunter3"), sasl::Next::Failed);
  EXPECT_EQ(scram(*users_, "nobody", "hunter2"), sasl::Next::Failed);
}

// Asked twice, before and after a restart, an unknown user must not be known by a salt that changes.
TEST_F(UsersTest, MadeUpSaltsStayTheSame) {
  const auto before = users_->made_up("nobody");
  EXPECT_EQ(before.scram_salt, users_->made_up("NOBODY").scram_salt);
  EXPECT_NE(before.scram_salt, users_->made_up("somebody").scram_salt);
  EXPECT_EQ(before.scram_salt.size(), sasl::kSaltBytes);
  open();
  EXPECT_EQ(users_->made_up("nobody").scram_salt, before.scram_salt);
  EXPECT_NE(users_->made_up("nobody").stored_key, before.stored_key);
}

TEST_F(UsersTest, ADamagedRowStopsTheStart) {
  ASSERT_TRUE(users_->add(named("shop"), "hunter2"));
  ASSERT_TRUE(writer_->run([](state::Database& db) { return db.run("UPDATE user SET stored_key = 'AA=='"); }));
  const auto opened = Users::open({*writer_, clock_, registry_, {16, 1, 1}, 4096});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), make_error_code(state::Errc::Damaged));
  EXPECT_NE(opened.error().detail.find("shop"), std::string::npos);
}

TEST_F(UsersTest, ManyThreadsSignInWhileUsersChange) {
  ASSERT_TRUE(users_->add(named("shop"), "hunter2"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < 50; ++n) {
        EXPECT_TRUE(users_->verify("shop", "hunter2"));
        (void)users_->recall("shop", "hunter2");
        EXPECT_FALSE(users_->verify("shop", "wrong"));
      }
    });
  }
  for (std::uint32_t n = 0; n < 10; ++n) {
    EXPECT_TRUE(users_->change("shop", [n](User& user) { user.connections = n; }));
    users_->save_usage();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace penstock::users
