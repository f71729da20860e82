// SPDX-License-Identifier: Apache-2.0
// Plan: the configuration as admission uses it: names of label headers, which stream takes a message, what is added.
//
// Made once from the configuration, never changed; a reload makes another.
// Ownership: std::shared_ptr<const Plan>; a message is admitted under one plan from beginning to end.   Threads: const,
// any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/current.h"
#include "bulk/rules.h"
#include "config/config.h"
#include "ingest/stream_matcher.h"
#include "mime/labels.h"
#include "net/tls_files.h"

namespace penstock::ingest {

struct Plan {
  explicit Plan(std::shared_ptr<const config::Config> from);

  const std::shared_ptr<const config::Config> config;
  const mime::LabelRules labels;
  const std::vector<std::string> removed;  // lower case: header fields removed besides those of labels
  const StreamMatcher streams;

  // The certificate of a listener of `config`; nullptr: without TLS.
  [[nodiscard]] net::TlsFiles* find_tls(const config::Listener& listener) const;
  // nullptr: the stream has none.
  [[nodiscard]] const bulk::Rules* find_bulk_rules(std::string_view stream) const;
  // nullptr when a reload has taken it away.
  [[nodiscard]] const config::Listener* find_listener(std::string_view name) const;

 private:
  std::vector<std::unique_ptr<net::TlsFiles>> tls_;              // beside config->listeners
  std::vector<std::pair<std::string, bulk::Rules>> bulk_rules_;  // by stream; of those that have them on
};

using PlanPtr = std::shared_ptr<const Plan>;

using CurrentPlan = Current<Plan>;  // the plan in force

}  // namespace penstock::ingest
