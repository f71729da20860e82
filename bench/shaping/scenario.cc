// SPDX-License-Identifier: Apache-2.0
#include "scenario.h"

#define TOML_EXCEPTIONS 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>

namespace penstock::bench {
namespace {

// Reads the keys of one table; the first mistake is kept.
class Table {
 public:
  Table(const toml::table& table, std::string where, std::string& trouble)
      : table_(table), where_(std::move(where)), trouble_(trouble) {}
  // Complains about keys that nobody asked for.
  ~Table() {
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (std::find(seen_.begin(), seen_.end(), name) == seen_.end())
        complain(node, fmt::format("unknown key \"{}\"", name));
    }
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void text(std::string_view key, std::string& out) {
    if (const toml::node* node = take(key)) {
      if (const auto value = node->value<std::string>())
        out = *value;
      else
        complain(*node, fmt::format("\"{}\" must be a text", key));
    }
  }
  void number(std::string_view key, double& out, double least = 0, double most = 1e9) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto value = node->value<double>();
    if (!value || !(*value >= least && *value <= most))
      return complain(*node, fmt::format("\"{}\" must be a number from {} to {}", key, least, most));
    out = *value;
  }
  void number(std::string_view key, std::optional<double>& out, double least = 0, double most = 1e9) {
    if (!table_.contains(key)) return;
    double value = 0;
    number(key, value, least, most);
    out = value;
  }
  template <class Whole>
  void whole(std::string_view key, Whole& out) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto value = node->value<std::int64_t>();
    if (!value || *value < 0) return complain(*node, fmt::format("\"{}\" must be a whole number", key));
    out = static_cast<Whole>(*value);
  }
  void duration(std::string_view key, Duration& out) {
    parsed(key, out, [](const std::string& words) { return parse_duration(words); });
  }
  void rate(std::string_view key, Rate& out) {
    parsed(key, out, [](const std::string& words) { return parse_rate(words); });
  }
  void per_second(std::string_view key, double& out) {
    Rate value{out};
    rate(key, value);
    out = value.per_second();
  }
  template <class Each>
  void tables(std::string_view key, const Each& each) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return complain(*node, fmt::format("\"{}\" must be [[{}]]", key, key));
    for (const toml::node& one : *array) {
      if (const toml::table* table = one.as_table())
        each(*table);
      else
        complain(one, fmt::format("\"{}\" must be a table", key));
    }
  }
  const toml::table* table(std::string_view key) {
    const toml::node* node = take(key);
    if (node != nullptr && !node->is_table()) complain(*node, fmt::format("\"{}\" must be a table", key));
    return node == nullptr ? nullptr : node->as_table();
  }
  // Numbers below `end`.
  void list(std::string_view key, std::vector<std::uint32_t>& out, std::uint32_t end) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return complain(*node, fmt::format("\"{}\" must be a list of numbers", key));
    for (const toml::node& one : *array) {
      const auto value = one.value<std::int64_t>();
      if (!value || *value < 0 || *value >= end)
        return complain(one, fmt::format("\"{}\" must hold whole numbers below {}", key, end));
      out.push_back(static_cast<std::uint32_t>(*value));
    }
  }
  void complain(const toml::node& node, const std::string& what) {
    if (trouble_.empty()) trouble_ = fmt::format("line {}: {} in {}", node.source().begin.line, what, where_);
  }

 private:
  const toml::node* take(std::string_view key) {
    seen_.emplace_back(key);
    return table_.get(key);
  }
  template <class Value, class Parse>
  void parsed(std::string_view key, Value& out, const Parse& parse) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto words = node->value<std::string>();
    if (!words) return complain(*node, fmt::format("\"{}\" must be a text", key));
    const auto value = parse(*words);
    if (!value) return complain(*node, fmt::format("\"{}\": {}", key, value.error()));
    out = *value;
  }

  const toml::table& table_;
  std::string where_;
  std::string& trouble_;
  std::vector<std::string> seen_;
};

Step read_step(const toml::table& from, std::uint32_t vmtas, std::string& trouble) {
  Step step;
  Table table(from, "[[provider.step]]", trouble);
  table.duration("at", step.at);
  table.duration("ramp", step.ramp);
  table.list("vmtas", step.vmtas, vmtas);
  table.number("rate_factor", step.rate_factor);
  table.number("connection_factor", step.connection_factor);
  table.number("complaints", step.complaints, 0, 1);
  table.duration("block", step.block);
  return step;
}

// Where the ranges of the shipped provider files (conf/providers) begin, without their ceilings: what the receiver
// takes is to be found out. Messages per connection do not grow beyond their start.
shaping::Limits shipped_limits(Personality personality) {
  shaping::Limits shipped{.messages_per_connection = 50,
                          .connections_floor = 1,
                          .connections_start = 5,
                          .message_rate_floor = Rate{6, std::chrono::minutes{1}},
                          .message_rate_start = Rate{5}};
  switch (personality) {
    case Personality::Gmail: shipped.message_rate_start = Rate{10}; break;
    case Personality::Microsoft: break;
    case Personality::Yahoo: shipped.messages_per_connection = 20; break;
    case Personality::Apple:
      shipped.messages_per_connection = 5;
      shipped.message_rate_start = Rate{3};
      break;
  }
  return shipped;
}

shaping::Limits read_ours(const toml::table& from, std::string& trouble) {
  shaping::Limits ours;
  Table table(from, "[provider.ours]", trouble);
  table.whole("connections_floor", ours.connections_floor);
  table.whole("connections_start", ours.connections_start);
  table.whole("connections", ours.connections);
  table.rate("message_rate_floor", ours.message_rate_floor);
  table.rate("message_rate_start", ours.message_rate_start);
  table.rate("message_rate", ours.message_rate);
  table.rate("connection_rate", ours.connection_rate);
  table.whole("messages_per_connection", ours.messages_per_connection);
  return ours;
}

Provider read_provider(const toml::table& from, std::uint32_t vmtas, std::string& trouble) {
  Provider provider;
  Table table(from, "[[provider]]", trouble);
  std::string personality = "gmail";
  table.text("name", provider.name);
  table.text("personality", personality);
  constexpr std::string_view kNames[] = {"gmail", "microsoft", "yahoo", "apple"};
  const auto found = std::find(std::begin(kNames), std::end(kNames), personality);
  if (found == std::end(kNames))
    table.complain(from, fmt::format("unknown personality \"{}\"", personality));
  else
    provider.personality = static_cast<Personality>(found - std::begin(kNames));
  if (provider.name.empty()) provider.name = personality;
  table.number("share", provider.share);
  table.per_second("rate", provider.rate);
  table.number("burst_seconds", provider.burst_seconds);
  table.whole("connections", provider.connections);
  table.whole("messages_per_connection", provider.messages_per_connection);
  table.number("spread", provider.spread, 0, 1);
  table.duration("service", provider.service);
  table.duration("rtt", provider.rtt);
  table.number("complaints", provider.complaints, 0, 1);
  table.number("complaints_drift", provider.complaints_drift);
  const toml::table* ours = table.table("ours");
  provider.ours = ours == nullptr ? shipped_limits(provider.personality) : read_ours(*ours, trouble);
  table.tables("step", [&](const toml::table& step) { provider.steps.push_back(read_step(step, vmtas, trouble)); });
  if (const toml::table* random = table.table("random")) {
    Table steps(*random, "[provider.random]", trouble);
    steps.duration("every", provider.random.every);
    steps.number("factor_min", provider.random.factor_min, 0.01);
    steps.number("factor_max", provider.random.factor_max, 0.01);
  }
  return provider;
}

}  // namespace

Result<Scenario> load_scenario(const std::string& path) {
  const toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    const auto line = parsed.error().source().begin.line;
    return fail(std::make_error_code(std::errc::invalid_argument),
                fmt::format("{}: line {}: {}", path, line, parsed.error().description()));
  }
  Scenario scenario;
  std::string trouble;
  {
    Table table(parsed.table(), "the scenario", trouble);
    scenario.name = std::filesystem::path(path).stem().string();
    table.text("name", scenario.name);
    table.whole("seed", scenario.seed);
    table.whole("recipients", scenario.recipients);
    table.whole("vmtas", scenario.vmtas);
    table.duration("longest", scenario.longest);
    table.per_second("transactional", scenario.transactional_per_second);
    table.tables("campaign", [&](const toml::table& from) {
      Campaign campaign;
      Table one(from, "[[campaign]]", trouble);
      one.text("name", campaign.name);
      one.number("share", campaign.share);
      scenario.campaigns.push_back(campaign);
    });
    table.tables("provider", [&](const toml::table& from) {
      scenario.providers.push_back(read_provider(from, scenario.vmtas, trouble));
    });
  }
  if (scenario.campaigns.empty()) scenario.campaigns = {{"a", 0.5}, {"b", 0.3}, {"c", 0.2}};
  if (trouble.empty() && scenario.providers.empty()) trouble = "no [[provider]]";
  if (trouble.empty() && (scenario.vmtas == 0 || scenario.vmtas > 200)) trouble = "vmtas must be 1 to 200";
  if (!trouble.empty()) {
    return fail(std::make_error_code(std::errc::invalid_argument), fmt::format("{}: {}", path, trouble));
  }
  return scenario;
}

}  // namespace penstock::bench
