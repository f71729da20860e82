// SPDX-License-Identifier: Apache-2.0
#include "providers/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "config/schema.h"
#include "providers/limit_fields.h"
#include "providers/merge.h"
#include "providers/overlay.h"

namespace penstock::providers {
namespace {

struct Layer {
  std::string origin;
  config::Limits limits;
  const ProviderData* file = nullptr;
  config::OwnTimeouts timeouts{};
  config::Backoff backoff{};
  bool of_stream = false;  // of its own path, within the others
};

bool fits(const config::PathRule& rule, const config::Config& config, const Question& ask) {
  const auto is = [](const std::string& wanted, const std::string& given) { return wanted.empty() || wanted == given; };
  if (!is(rule.stream, ask.stream == nullptr ? "" : ask.stream->name)) return false;
  if (!is(rule.vmta, ask.vmta) || !is(rule.provider, ask.provider) || !is(rule.site, ask.site)) return false;
  if (!rule.domain.empty()) {
    const std::string_view suffix = std::string_view(rule.domain).substr(1);
    const bool below = rule.domain.starts_with("*.");
    if (below ? !ask.name.ends_with(suffix) : ask.name != rule.domain) return false;
  }
  if (rule.pool.empty()) return true;
  const config::Pool* pool = config.find_pool(rule.pool);
  return pool != nullptr && std::any_of(pool->members.begin(), pool->members.end(),
                                        [&](const config::PoolMember& member) { return member.vmta == ask.vmta; });
}

// In the order in which they count.
enum class Names : std::uint8_t { Neither, Domain, Stream, Both };

Names names_what(const config::PathRule& rule) {
  if (!rule.stream.empty()) return rule.domain.empty() ? Names::Stream : Names::Both;
  return rule.domain.empty() ? Names::Neither : Names::Domain;
}

// Calls visit(number, rule) for those that fit.
template <class Visit>
void each_fitting(const config::Config& config, const Question& ask, Names which, const Visit& visit) {
  for (std::size_t i = 0; i < config.paths.size(); ++i) {
    const config::PathRule& rule = config.paths[i];
    if (names_what(rule) == which && fits(rule, config, ask)) visit(fmt::format("[[path]] {}", i + 1), rule);
  }
}

void add_path_layers(const config::Config& config, const Question& ask, Names which, std::vector<Layer>& layers) {
  each_fitting(config, ask, which, [&](std::string origin, const config::PathRule& rule) {
    layers.push_back({std::move(origin), rule.limits, nullptr, rule.timeouts, rule.backoff});
    layers.back().of_stream = !rule.stream.empty();
  });
}

std::vector<Layer> layers_of(const config::Config& config, const Catalog& catalog, const Question& ask) {
  std::vector<Layer> layers;
  const config::Defaults untouched;
  const bool changed = config.defaults.limits != untouched.limits || config.defaults.backoff != untouched.backoff;
  if (!ask.fixed_route && ask.provider.empty()) layers.push_back({"built in for unknown sites", unknown_site_limits()});
  layers.push_back({changed ? "[defaults]" : "[defaults], not changed", config.defaults.limits});
  layers.back().backoff = config.defaults.backoff;
  if (!ask.provider.empty()) {
    if (const ProviderData* data = catalog.find(ask.provider)) {
      layers.push_back({"provider file " + data->file, data->provider.limits, data, data->provider.timeouts,
                        data->provider.backoff});
    }
    for (const config::Provider& own : config.providers) {
      if (own.name == ask.provider) {
        layers.push_back({"[[provider]] " + own.name, own.limits, nullptr, own.timeouts, own.backoff});
      }
    }
  }
  add_path_layers(config, ask, Names::Neither, layers);
  if (ask.domain != nullptr) {
    const config::Domain& rule = *ask.domain;
    layers.push_back({"[[domain]] " + rule.name, rule.limits, nullptr, rule.timeouts, rule.backoff});
  }
  add_path_layers(config, ask, Names::Domain, layers);
  add_path_layers(config, ask, Names::Stream, layers);
  add_path_layers(config, ask, Names::Both, layers);
  return layers;
}

void add_fact(const ProviderData* data, Explained& row) {
  const Fact* fact = data == nullptr ? nullptr : data->fact_of(row.key);
  if (fact == nullptr) return;
  row.reference = fact->reference;
  row.standing = to_string(fact->standing);
  row.note = fact->note;
}

// Without the quotes a file has.
std::string bare(std::string written) {
  std::erase(written, '"');
  return written;
}

void add_timeouts(const config::Config& config, const std::vector<Layer>& layers, std::vector<Explained>& rows) {
  const config::Timeouts untouched;
  for (const config::Key& key : config::timeouts_section().keys) {
    const std::string general = key.write(&config.timeouts);
    Explained row{"timeouts." + key.name, bare(general), "[timeouts]", "", "", ""};
    if (general == key.write(&untouched)) row.origin += ", not changed";
    const config::Key* own = config::own_timeouts_section().find(key.name);
    for (const Layer& layer : layers) {
      const std::string said = own == nullptr ? std::string() : own->write(&layer.timeouts);
      if (said.empty()) continue;
      row = {row.key, bare(said), layer.origin, "", "", ""};
      add_fact(layer.file, row);
    }
    rows.push_back(std::move(row));
  }
}

void add_backoff(const std::vector<Layer>& layers, std::vector<Explained>& rows) {
  config::Backoff effective;
  for (const Layer& layer : layers) effective = overlay(layer.backoff, effective);
  for (const config::Key& key : config::backoff_section().keys) {
    Explained row{"backoff." + key.name, bare(key.write(&effective)), "the share counts", "", "", ""};
    for (const Layer& layer : layers) {
      if (row.value.empty() || key.write(&layer.backoff).empty()) continue;
      const bool kept = bare(key.write(&layer.backoff)) == row.value;
      row = {row.key, row.value, layer.origin + (kept ? "" : ", brought into line with the other length"), "", "", ""};
      add_fact(layer.file, row);
    }
    rows.push_back(std::move(row));
  }
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

std::vector<Explained> limit_rows(const std::vector<Layer>& layers) {
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
    if (from != layers.rend()) add_fact(from->file, row);
    rows.push_back(std::move(row));
  }
  return rows;
}

// "5" and "10/s" as numbers that compare; as limit_rows() writes them.
double amount(const std::string& value) {
  if (value.empty()) return 0;
  const auto rate = parse_rate(value);
  return rate ? rate->per_second() : std::stod(value);
}

// A stream's own path: of each limit the one of the path around it counts where that is tighter.
void keep_within(const std::vector<Explained>& around, std::vector<Explained>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool is_ceiling = !rows[i].key.ends_with("_floor") && !rows[i].key.ends_with("_start");
    if (!is_ceiling || around[i].value.empty() || amount(around[i].value) >= amount(rows[i].value)) continue;
    const std::string given = fmt::format(", tighter than {} from {}", rows[i].value, rows[i].origin);
    rows[i] = around[i];
    rows[i].origin += given;
  }
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

}  // namespace

// The narrowest that says something counts, but what a provider is known to need only raises what the stream says.
TlsWord tls_word(const config::Config& config, const Catalog& catalog, const Question& ask) {
  TlsWord word{config.tls.delivery, {"tls", text_of(config.tls.delivery), "[tls]", "", "", ""}};
  const auto say = [&](config::TlsLevel said, std::string origin) {
    word.level = said;
    word.row = {"tls", text_of(said), std::move(origin), "", "", ""};
  };
  if (ask.stream != nullptr && ask.stream->tls) say(*ask.stream->tls, "[[stream]] " + ask.stream->name);
  const ProviderData* data = ask.provider.empty() ? nullptr : catalog.find(ask.provider);
  if (data != nullptr && data->tls && *data->tls > word.level) {
    say(*data->tls, "provider file " + data->file);
    add_fact(data, word.row);
  }
  for (const config::Provider& own : config.providers) {
    if (!ask.provider.empty() && own.name == ask.provider && own.tls) say(*own.tls, "[[provider]] " + own.name);
  }
  const auto ask_paths = [&](Names which) {
    each_fitting(config, ask, which, [&](std::string origin, const config::PathRule& rule) {
      if (rule.tls) say(*rule.tls, std::move(origin));
    });
  };
  ask_paths(Names::Neither);
  if (ask.domain != nullptr && ask.domain->tls) say(*ask.domain->tls, "[[domain]] " + ask.domain->name);
  for (const Names which : {Names::Domain, Names::Stream, Names::Both}) ask_paths(which);
  return word;
}

std::vector<Explained> explain(const config::Config& config, const Catalog& catalog, const Question& ask) {
  const std::vector<Layer> layers = layers_of(config, catalog, ask);
  const auto inner = std::find_if(layers.begin(), layers.end(), [](const Layer& layer) { return layer.of_stream; });
  const std::vector<Layer> around(layers.begin(), inner);
  std::vector<Explained> rows = limit_rows(layers);
  if (inner != layers.end()) keep_within(limit_rows(around), rows);
  if (ask.stream != nullptr && ask.stream->recipients_per_message != 0) {
    Explained& row = rows.back();
    if (row.value.empty() || std::stoul(row.value) > ask.stream->recipients_per_message) {
      row = {row.key, fmt::format("{}", ask.stream->recipients_per_message), "[[stream]] " + ask.stream->name, "", "",
             ""};
    }
  }
  add_backoff(layers, rows);
  add_timeouts(config, layers, rows);
  rows.push_back(tls_word(config, catalog, ask).row);
  if (!ask.provider.empty()) add_file_facts(catalog.find(ask.provider), rows);
  return rows;
}

bool has_own_path(const config::Config& config, const Question& ask) {
  return ask.stream != nullptr &&
         std::any_of(config.paths.begin(), config.paths.end(), [&](const config::PathRule& rule) {
           return !rule.stream.empty() && rule.needs_path() && fits(rule, config, ask);
         });
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
