// SPDX-License-Identifier: Apache-2.0
// FakeShaping: one action that a rule made; every change is noted in `calls`.   Threads: one at a time.
#pragma once

#include <string>
#include <vector>

#include "api/errc.h"
#include "api/shaping_operations.h"

namespace penstock::api {

class FakeShaping final : public ShapingOperations {
 public:
  static ActionRow known_row() {
    ActionRow row;
    row.kind = "stop";
    row.tuple = {{"sender_domain", "shop.example"}, {"provider", "gmail"}};
    row.rule = "authentication-fails";
    row.reply = "550 5.7.26 unauthenticated";
    row.replies = row.answers = 5;
    row.since = Time{std::chrono::seconds{1'795'509'000 - 600}};
    row.alarm = true;
    row.next = "a person looks at it and ends it";
    row.held = 1200;
    return row;
  }
  static ActionRow recovering_row() {
    ActionRow row;
    row.kind = "slow";
    row.tuple = {{"campaign", "may"}, {"provider", "gmail"}};
    row.rate = 12.5;
    row.rule = "campaign-doubted";
    row.reply = "421 4.7.28 unusual rate";
    row.replies = row.answers = 20;
    row.since = Time{std::chrono::seconds{1'795'509'000 - 4200}};
    row.until = row.since + std::chrono::hours{1};
    row.recovering = true;
    row.next = "it has ended";
    row.held = 40;
    return row;
  }
  std::vector<ActionRow> actions() override { return {known_row(), recovering_row()}; }
  Result<ActionRow> set_action(const ActionRequest& request, const Actor& actor) override {
    calls.push_back(request.kind + " " + words(request.tuple) + " by " + actor.name);
    ActionRow row;
    row.kind = request.kind;
    row.tuple = request.tuple;
    row.rate = request.rate;
    row.rule = request.reason;
    row.until = request.until;
    row.by = actor.name;
    row.pinned = true;
    return row;
  }
  // NotFound for any tuple but that of known_row().
  Result<std::vector<ActionRow>> clear_actions(const Tuple& tuple, bool all, const Actor& actor) override {
    if (!all && tuple != known_row().tuple) return fail(api::Errc::NotFound, "there is no action on " + words(tuple));
    calls.push_back("clear " + words(tuple) + " by " + actor.name);
    return std::vector<ActionRow>{known_row()};
  }
  Result<> pin_path(const PathPin& pin, const Actor& actor) override {
    if (pin.path == "v9/nowhere") return fail(api::Errc::NotFound, "nothing was sent on v9/nowhere lately");
    calls.push_back("pin " + pin.path + " by " + actor.name);
    return {};
  }
  Result<> unpin_path(const std::string& path, const Actor& actor) override {
    calls.push_back("unpin " + path + " by " + actor.name);
    return {};
  }
  Result<> clear_path(const std::string& path, const Actor& actor) override {
    calls.push_back("clear " + path + " by " + actor.name);
    return {};
  }
  static std::string words(const Tuple& tuple) {
    std::string all;
    for (const auto& [key, name] : tuple) all.append(all.empty() ? "" : " ").append(key).append("=").append(name);
    return all;
  }
  std::vector<std::string> calls;
};

}  // namespace penstock::api
