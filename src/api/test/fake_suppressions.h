// SPDX-License-Identifier: Apache-2.0
// FakeSuppressions: a list of two entries for tests of the API and of the command line; changes are noted in `calls`.
#pragma once

#include <string>
#include <vector>

#include "api/errc.h"
#include "api/suppression_operations.h"

namespace penstock::api {

class FakeSuppressions final : public SuppressionOperations {
 public:
  static suppression::Row known_row() {
    suppression::Row row;
    row.seq = 7;
    row.entry.address = "gone@a.example";
    row.entry.cause = suppression::Cause::InvalidMailbox;
    row.entry.reason = "550 5.1.1 no such user";
    row.entry.source = "01K8Q2R5VX3ZP/0";
    row.entry.who = "delivery";
    row.entry.since = Time{std::chrono::seconds{1'795'509'000}};
    return row;
  }

  Result<suppression::Rows> list(const suppression::ListQuery&) override {
    return suppression::Rows{{known_row()}, 7, false};
  }
  Result<suppression::Rows> changes(std::uint64_t cursor, std::uint32_t) override {
    if (cursor >= 7) return suppression::Rows{{}, cursor, false};
    return suppression::Rows{{known_row()}, 7, false};
  }
  Result<std::vector<suppression::Row>> find(const std::string&) override {
    return std::vector<suppression::Row>{known_row()};
  }
  Result<std::vector<std::optional<suppression::Entry>>> check(const std::vector<std::string>& addresses,
                                                               const suppression::Where&) override {
    std::vector<std::optional<suppression::Entry>> hits;
    hits.reserve(addresses.size());
    for (const std::string& address : addresses) {
      hits.push_back(address == "gone@a.example" ? std::optional(known_row().entry) : std::nullopt);
    }
    return hits;
  }
  Result<suppression::Added> add(std::vector<suppression::Entry> entries, const Actor& actor) override {
    calls.push_back("suppress " + entries.front().address + " by " + actor.name);
    return suppression::Added{entries.size(), 0, 0};
  }
  Result<std::uint64_t> remove(const std::vector<std::string>& addresses, const std::optional<suppression::Scope>&,
                               const std::string& note, const Actor& actor) override {
    calls.push_back("remove " + addresses.front() + " " + note + " by " + actor.name);
    return addresses.size();
  }
  Result<std::uint64_t> reviewed(const std::vector<std::string>& addresses, const Actor&) override {
    return addresses.size();
  }
  Result<SuppressionImport> start_import(suppression::ImportRequest request, const Actor& actor) override {
    SuppressionImport import;
    import.id = 1;
    import.path = request.path;
    import.by = actor.name;
    import.status.step = suppression::ImportStep::Done;
    import.status.progress = 1;
    import.status.lines = 2;
    import.status.good = 1;
    import.status.bad = 1;
    import.status.bad_lines.push_back({2, "there is no @"});
    import.status.added.added = 1;
    return import;
  }
  std::optional<SuppressionImport> find_import(std::uint64_t id) override {
    if (id != 1) return std::nullopt;
    return *start_import({}, {});
  }
  Result<SuppressionImport> cancel_import(std::uint64_t, const Actor&) override {
    return fail(Errc::Conflict, "import 1 has ended");
  }

  std::vector<std::string> calls;
};

}  // namespace penstock::api
