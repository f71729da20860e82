// SPDX-License-Identifier: Apache-2.0
#include "providers/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "providers/limit_fields.h"
#include "providers/merge.h"

namespace penstock::providers {
namespace {

struct Layer {
  std::string origin;
  config::Limits limits;
  const ProviderData* file = nullptr;
};

std::vector<Layer> layers_of(const config::Config& config, const Catalog& catalog, const Question& ask) {
  std::vector<Layer> layers;
  const config::Limits untouched = config::Defaults{}.limits;
  if (!ask.fixed_route && ask.provider.empty()) layers.push_back({"built in for unknown sites", unknown_site_limits()});
  layers.push_back(
      {config.defaults.limits == untouched ? "[defaults], not changed" : "[defaults]", config.defaults.limits});
  if (!ask.provider.empty()) {
    if (const ProviderData* data = catalog.find(ask.provider)) {
      layers.push_back({"provider file " + data->file, data->provider.limits, data});
    }
    for (const config::Provider& own : config.providers) {
      if (own.name == ask.provider) layers.push_back({"[[provider]] " + own.name, own.limits});
    }
  }
  if (ask.domain != nullptr) layers.push_back({"[[domain]] " + ask.domain->name, ask.domain->limits});
  return layers;
}

void add_file_facts(const ProviderData* data, std::vector<Explained>& rows) {
  if (data == nullptr) return;
  const auto add = [&](const char* key, const char* table, const std::string& value) {
    const Fact* fact = data->fact_of(table);
    if (value.empty() || fact == nullptr) return;
    rows.push_back({key, value, "provider file " + data->file, fact->reference, std::string(to_string(fact->standing)),
                    fact->note});
  };
  add("postmaster", "postmaster", data->postmaster);
  add("feedback_loop", "feedback_loop", data->feedback_loop);
}

std::string text_of(config::TlsLevel level) {
  switch (level) {
    case config::TlsLevel::None: return "none";
    case config::TlsLevel::Opportunistic: return "opportunistic";
    case config::TlsLevel::Require: return "require";
    case config::TlsLevel::Verify: return "verify";
  }
  return "verify";
}

// The narrowest that says something counts, but what a provider is known to need only raises what the stream says.
Explained tls_row(const config::Config& config, const Catalog& catalog, const Question& ask) {
  Explained row{"tls", text_of(config.tls.delivery), "[tls]", "", "", ""};
  config::TlsLevel level = config.tls.delivery;
  const auto say = [&](config::TlsLevel said, std::string origin) {
    level = said;
    row = {"tls", text_of(said), std::move(origin), "", "", ""};
  };
  if (ask.stream != nullptr && ask.stream->tls) say(*ask.stream->tls, "[[stream]] " + ask.stream->name);
  const ProviderData* data = ask.provider.empty() ? nullptr : catalog.find(ask.provider);
  if (data != nullptr && data->tls && *data->tls > level) {
    say(*data->tls, "provider file " + data->file);
    if (const Fact* fact = data->fact_of("tls")) {
      row.reference = fact->reference;
      row.standing = to_string(fact->standing);
      row.note = fact->note;
    }
  }
  for (const config::Provider& own : config.providers) {
    if (!ask.provider.empty() && own.name == ask.provider && own.tls) say(*own.tls, "[[provider]] " + own.name);
  }
  if (ask.domain != nullptr && ask.domain->tls) say(*ask.domain->tls, "[[domain]] " + ask.domain->name);
  return row;
}

}  // namespace

std::vector<Explained> explain(const config::Config& config, const Catalog& catalog, const Question& ask) {
  const std::vector<Layer> layers = layers_of(config, catalog, ask);
  config::Limits effective;
  for (const Layer& layer : layers) effective = fill(layer.limits, effective);
  std::vector<Explained> rows;
  for (const LimitField& field : limit_fields()) {
    Explained row{field.key, field.text(effective), "", "", "", ""};
    const auto from = std::find_if(layers.rbegin(), layers.rend(),
                                   [&](const Layer& layer) { return !field.text(layer.limits).empty(); });
    row.origin = from == layers.rend() ? "nobody sets it" : from->origin;
    if (from != layers.rend() && field.text(from->limits) != row.value) {
      row.origin += fmt::format(", which says {}; brought down to the ceiling", field.text(from->limits));
    }
    if (const Fact* fact = from != layers.rend() && from->file ? from->file->fact_of(field.key) : nullptr) {
      row.reference = fact->reference;
      row.standing = to_string(fact->standing);
      row.note = fact->note;
    }
    rows.push_back(std::move(row));
  }
  if (ask.stream != nullptr && ask.stream->recipients_per_message != 0) {
    Explained& row = rows.back();
    if (row.value.empty() || std::stoul(row.value) > ask.stream->recipients_per_message) {
      row = {row.key, fmt::format("{}", ask.stream->recipients_per_message), "[[stream]] " + ask.stream->name, "", "",
             ""};
    }
  }
  rows.push_back(tls_row(config, catalog, ask));
  if (!ask.provider.empty()) add_file_facts(catalog.find(ask.provider), rows);
  return rows;
}

const config::Domain* domain_rule(const config::Config& config, const std::string& domain) {
  const config::Domain* best = nullptr;
  for (const config::Domain& rule : config.domains) {
    if (rule.name == domain) return &rule;
    if (!rule.name.starts_with("*.") || !domain.ends_with(std::string_view(rule.name).substr(1))) continue;
    if (best == nullptr || rule.name.size() > best->name.size()) best = &rule;
  }
  return best;
}

}  // namespace penstock::providers
