// SPDX-License-Identifier: Apache-2.0
// SuppressionOperations: what the admin API asks of the suppression list. Part of Operations; threads, errors and audit
// as said there. Errors of a bad address or scope are BadRequest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/types.h"
#include "base/result.h"
#include "suppression/importer.h"
#include "suppression/suppression.h"

namespace penstock::api {

// A list on its way in.
struct SuppressionImport {
  std::uint64_t id = 0;
  std::string path;  // of the file; empty for a text
  suppression::ImportStatus status;
  std::string by;
  Time started, finished;
};

class SuppressionOperations {
 public:
  virtual ~SuppressionOperations() = default;

  virtual Result<suppression::Rows> list(const suppression::ListQuery& query) = 0;
  // What changed after the cursor: for campaign systems that keep a copy.
  virtual Result<suppression::Rows> changes(std::uint64_t cursor, std::uint32_t limit) = 0;
  // Everything known of one address and its domain, removals included.
  virtual Result<std::vector<suppression::Row>> find(const std::string& address) = 0;
  // For each address the entry that forbids it, if any.
  virtual Result<std::vector<std::optional<suppression::Entry>>> check(const std::vector<std::string>& addresses,
                                                                       const suppression::Where& where) = 0;
  virtual Result<suppression::Added> add(std::vector<suppression::Entry> entries, const Actor& actor) = 0;
  // How many entries went.
  virtual Result<std::uint64_t> remove(const std::vector<std::string>& addresses,
                                       const std::optional<suppression::Scope>& scope, const std::string& note,
                                       const Actor& actor) = 0;
  // Somebody has looked at them; they stay suppressed.
  virtual Result<std::uint64_t> reviewed(const std::vector<std::string>& addresses, const Actor& actor) = 0;

  // Waits a moment, so that short ones are done in the answer.
  virtual Result<SuppressionImport> start_import(suppression::ImportRequest request, const Actor& actor) = 0;
  virtual std::optional<SuppressionImport> find_import(std::uint64_t id) = 0;
  // What was written stays.
  virtual Result<SuppressionImport> cancel_import(std::uint64_t id, const Actor& actor) = 0;
};

}  // namespace penstock::api
