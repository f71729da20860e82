// SPDX-License-Identifier: Apache-2.0
// SuppressionDesk: the admin API's SuppressionOperations over the node's list, and the imports at work.
// Threads: API threads; each import has one of its own.   Limits: two imports at a time, twenty that ended are kept.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "api/suppression_operations.h"

namespace penstock::app {

class SuppressionDesk final : public api::SuppressionOperations {
 public:
  using Audit = std::function<void(const api::Actor&, const std::string&)>;

  // `folder` takes the parts of large imports. `list` and `clock` must outlive it.
  SuppressionDesk(suppression::Suppression& list, const Clock& clock, std::string folder, Audit audit);
  ~SuppressionDesk() override { stop(); }

  Result<suppression::Rows> list(const suppression::ListQuery& query) override;
  Result<suppression::Rows> changes(std::uint64_t cursor, std::uint32_t limit) override;
  Result<std::vector<suppression::Row>> find(const std::string& address) override;
  Result<std::vector<std::optional<suppression::Entry>>> check(const std::vector<std::string>& addresses,
                                                               const suppression::Where& where) override;
  Result<suppression::Added> add(std::vector<suppression::Entry> entries, const api::Actor& actor) override;
  Result<std::uint64_t> remove(const std::vector<std::string>& addresses,
                               const std::optional<suppression::Scope>& scope, const std::string& note,
                               const api::Actor& actor) override;
  Result<std::uint64_t> reviewed(const std::vector<std::string>& addresses, const api::Actor& actor) override;
  Result<api::SuppressionImport> start_import(suppression::ImportRequest request, const api::Actor& actor) override;
  std::optional<api::SuppressionImport> find_import(std::uint64_t id) override;
  Result<api::SuppressionImport> cancel_import(std::uint64_t id, const api::Actor& actor) override;
  // Cancels imports and waits for them.
  void stop();

 private:
  struct Work {
    api::SuppressionImport import;  // status is the importer's
    std::unique_ptr<suppression::Importer> importer;
    std::thread thread;
    bool ended = false;
  };
  [[nodiscard]] std::shared_ptr<Work> find_work(std::uint64_t id);
  [[nodiscard]] api::SuppressionImport tell(Work& work);

  suppression::Suppression& list_;
  const Clock& clock_;
  const std::string folder_;
  const Audit audit_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<Work>> works_;  // oldest first; guarded by mutex_
  std::uint64_t last_id_ = 0;
};

}  // namespace penstock::app
