// SPDX-License-Identifier: Apache-2.0
#include "ingest/plan.h"

#include "base/ascii.h"

namespace penstock::ingest {
namespace {

mime::LabelNames label_names(const config::Headers& from) {
  return {from.stream, from.tenant, from.campaign, from.list, from.vmta, from.first_attempt};
}

std::vector<std::string> lower(const std::vector<std::string>& names) {
  std::vector<std::string> all;
  all.reserve(names.size());
  for (const std::string& name : names) all.push_back(ascii::lower(name));
  return all;
}

}  // namespace

Plan::Plan(std::shared_ptr<const config::Config> from)
    : config(std::move(from)),
      labels(label_names(config->headers)),
      removed(lower(config->headers.remove)),
      streams(config->streams, config->fallback_stream) {
  for (const config::Listener& listener : config->listeners) {
    const bool off = listener.tls == config::ListenerTls::Off;
    tls_.push_back(off ? nullptr
                       : std::make_unique<net::TlsFiles>(net::TlsServerFiles{
                             listener.tls_cert_file, listener.tls_key_file, listener.client_ca_file}));
  }
  for (const config::Stream& stream : config->streams) {
    if (stream.bulk_rules != config::BulkRules::Off)
      bulk_rules_.emplace_back(stream.name, bulk::Rules(*config, stream));
  }
}

const bulk::Rules* Plan::find_bulk_rules(std::string_view stream) const {
  for (const auto& [name, rules] : bulk_rules_) {
    if (name == stream) return &rules;
  }
  return nullptr;
}

net::TlsFiles* Plan::find_tls(const config::Listener& listener) const {
  return tls_[static_cast<std::size_t>(&listener - config->listeners.data())].get();
}

const config::Listener* Plan::find_listener(std::string_view name) const {
  for (const config::Listener& listener : config->listeners) {
    if (listener.name == name) return &listener;
  }
  return nullptr;
}

}  // namespace penstock::ingest
