// SPDX-License-Identifier: Apache-2.0
// ShapingDesk: the admin API's ShapingOperations over the node's shards: actions on tuples, pinned paths.
// Threads: API threads, while the shards run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/shaping_operations.h"
#include "delivery/engine.h"
#include "model/name_table.h"

namespace penstock::app {

// "suspend campaign=may provider=gmail (rule campaign-doubted)"
[[nodiscard]] std::string words_of(const api::ActionRow& row);

class ShapingDesk final : public api::ShapingOperations {
 public:
  using Keep = std::function<Result<>()>;
  using Audit = std::function<void(const api::Actor&, const std::string&)>;

  // The names of a tuple exist, or why not.
  using Known = std::function<Result<>(const api::Tuple&)>;

  // All must outlive it. `keep` makes what the shards have durable; `audit` records what somebody changed.
  ShapingDesk(delivery::Engine& engine, model::NameTable& names, const Clock& clock, Keep keep, Audit audit,
              Known known)
      : engine_(engine),
        names_(names),
        clock_(clock),
        keep_(std::move(keep)),
        audit_(std::move(audit)),
        known_(std::move(known)) {}

  std::vector<api::ActionRow> actions() override;
  Result<api::ActionRow> set_action(const api::ActionRequest& request, const api::Actor& actor) override;
  Result<std::vector<api::ActionRow>> clear_actions(const api::Tuple& tuple, bool all,
                                                    const api::Actor& actor) override;
  Result<> pin_path(const api::PathPin& pin, const api::Actor& actor) override;
  Result<> unpin_path(const std::string& path, const api::Actor& actor) override;
  Result<> clear_path(const std::string& path, const api::Actor& actor) override;

 private:
  [[nodiscard]] Result<shaping::LimitKey> key_of(const api::Tuple& tuple);
  [[nodiscard]] Result<shaping::PathKey> path_of(const std::string& path);
  Result<shaping::PathKey> path_to_pin(const std::string& path);
  [[nodiscard]] api::ActionRow row_of(const shaping::Action& action) const;
  // What somebody changed: recorded, and durable before he is answered.
  Result<> changed(const api::Actor& actor, const std::string& what);
  // The configured number of connections, whether the path has been used or not; 0: not known, or no limit.
  [[nodiscard]] std::uint32_t ceiling_of(const shaping::PathKey& key);
  // How the path's own limiter is, in words: for the audit.
  [[nodiscard]] std::string state_of(const shaping::PathKey& key);

  delivery::Engine& engine_;
  model::NameTable& names_;
  const Clock& clock_;
  const Keep keep_;
  const Audit audit_;
  const Known known_;
};

}  // namespace penstock::app
