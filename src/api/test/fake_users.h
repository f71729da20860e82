// SPDX-License-Identifier: Apache-2.0
// FakeUsers: one user, "shop", for tests of the API and of the command line; changes are noted in `calls`, passwords
// with them, so that a test can see what came through.
#pragma once

#include <string>
#include <vector>

#include "api/errc.h"
#include "api/user_operations.h"

namespace penstock::api {

class FakeUsers final : public UserOperations {
 public:
  static users::Seen known() {
    users::Seen seen;
    seen.user.name = "shop";
    seen.user.message_rate = {100, std::chrono::minutes{1}};
    seen.user.recipients_per_day = 5'000;
    seen.user.connections = 10;
    seen.user.streams = {"transactional"};
    seen.user.sender_domains = {"shop.example"};
    seen.user.note = "the shop's web server";
    seen.user.since = seen.user.password_since = Time{std::chrono::seconds{1'795'509'000}};
    seen.recipients_today = 42;
    seen.connected = 2;
    return seen;
  }

  std::vector<users::Seen> list() override { return {known()}; }
  Result<users::Seen> find(const std::string& name) override {
    if (name != "shop") return fail(Errc::NotFound, "there is no user \"" + name + "\"");
    return known();
  }
  Result<users::Seen> add(const std::string& name, const UserChange& values, const std::string& password,
                          const Actor& actor) override {
    if (name == "shop") return fail(Errc::Conflict, "there is a user \"shop\" already");
    calls.push_back("add " + name + " " + password + " by " + actor.name);
    users::Seen seen;
    seen.user.name = name;
    values.apply_to(seen.user);
    return seen;
  }
  Result<users::Seen> change(const std::string& name, const UserChange& values, const Actor&) override {
    auto seen = find(name);
    if (seen) values.apply_to(seen->user);
    return seen;
  }
  Result<> set_password(const std::string& name, const std::string& password, const Actor& actor) override {
    calls.push_back("password of " + name + " " + password + " by " + actor.name);
    return {};
  }
  Result<> remove(const std::string& name, const Actor& actor) override {
    calls.push_back("remove " + name + " by " + actor.name);
    return {};
  }

  std::vector<std::string> calls;
};

}  // namespace penstock::api
