// SPDX-License-Identifier: Apache-2.0
#include "ingest/plan.h"

#include "base/ascii.h"

namespace penstock::ingest {
namespace {

mime::LabelNames label_names(const config::Headers& from) {
  return {from.stream, from.tenant, from.campaign, from.vmta, from.first_attempt};
}

std::vector<std::string> lower(const std::vector<std::string>& names) {
  std::vector<std::string> all;
  for (const std::string& name : names) all.push_back(ascii::lower(name));
  return all;
}

}  // namespace

Plan::Plan(std::shared_ptr<const config::Config> from, std::optional<feedback::ReferenceKey> key)
    : config(std::move(from)),
      labels(label_names(config->headers)),
      removed(lower(config->headers.remove)),
      streams(config->streams, config->fallback_stream),
      reference_key(key) {}

const config::Listener* Plan::find_listener(std::string_view name) const {
  for (const config::Listener& listener : config->listeners) {
    if (listener.name == name) return &listener;
  }
  return nullptr;
}

}  // namespace penstock::ingest
