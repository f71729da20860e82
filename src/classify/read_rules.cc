// SPDX-License-Identifier: Apache-2.0
#include "classify/read_rules.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <functional>

#include "base/units.h"
#include "classify/rule_ids.h"
#include "config/nearest.h"
#include "config/syntax.h"

namespace penstock::classify {
namespace {

using config::Problems;
using config::Value;

constexpr std::size_t kRulesMost = 2000;
constexpr std::size_t kPatternBytesMost = 8192;

const std::vector<std::string>& rule_keys() {
  static const std::vector<std::string> keys{"id",      "step",      "code",        "status",     "pattern",     "also",
                                             "unless",  "class",     "scope",       "final",      "alarm",       "wait",
                                             "samples", "reference", "near_misses", "everywhere", "wait_is_told"};
  return keys;
}

std::vector<std::string> names_of_classes() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(model::OutcomeClass::Other); ++i) {
    names.emplace_back(to_string(static_cast<model::OutcomeClass>(i)));
  }
  return names;
}
std::vector<std::string> names_of_scopes() {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(model::Scope::Campaign); ++i) {
    names.emplace_back(to_string(static_cast<model::Scope>(i)));
  }
  return names;
}
std::vector<std::string> names_of_steps() {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(model::Step::Quit); ++i) {
    names.emplace_back(to_string(static_cast<model::Step>(i)));
  }
  return names;
}
std::optional<model::Step> parse_step(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(model::Step::Quit); ++i) {
    if (to_string(static_cast<model::Step>(i)) == name) return static_cast<model::Step>(i);
  }
  return std::nullopt;
}

// Reads one [[rule]].
class RuleReader {
 public:
  RuleReader(const Value& table, Problems& problems) : table_(table), problems_(problems) {}

  std::optional<Rule> read() {
    rule_.place = table_.place;
    rule_.reference = file_reference_;
    if (const Value* id = find("id", Value::Kind::Text, "a name")) rule_.id = id->text;
    if (rule_.id.empty()) complain(table_.place, "the rule has no id", "give it one, like id = \"gmail-rate\"");
    for (const config::Entry& entry : table_.table) check_key(entry);
    read_conditions();
    read_consequences();
    if (const Value* reference = find("reference", Value::Kind::Text, "an address")) rule_.reference = reference->text;
    rule_.samples = texts("samples");
    rule_.near_misses = texts("near_misses");
    if (!good_) return std::nullopt;
    rule_.lasting_id = lasting_id(rule_.id);
    return std::move(rule_);
  }
  void set_defaults(std::string reference, bool everywhere) {
    file_reference_ = std::move(reference);
    rule_.everywhere = everywhere;
  }

 private:
  void complain(config::Place place, std::string message, std::string suggestion = {}) {
    good_ = false;
    const std::string who = rule_.id.empty() ? "" : fmt::format("rule \"{}\": ", rule_.id);
    problems_.error(place, "rule." + rule_.id, who + message, std::move(suggestion));
  }
  void check_key(const config::Entry& entry) {
    for (const std::string& key : rule_keys()) {
      if (key == entry.key) return;
    }
    complain(entry.place, fmt::format("unknown key \"{}\"", entry.key), config::did_you_mean(entry.key, rule_keys()));
  }
  const Value* find(std::string_view key, Value::Kind kind, std::string_view expected) {
    const Value* value = table_.find(key);
    if (value == nullptr || value->kind == kind) return value;
    complain(value->place, fmt::format("{} must be {}, not {}", key, expected, config::describe(*value)));
    return nullptr;
  }
  // One text or a list of them.
  std::vector<std::string> texts(std::string_view key) {
    const Value* value = table_.find(key);
    std::vector<std::string> found;
    if (value == nullptr) return found;
    const bool is_list = value->kind == Value::Kind::List;
    for (const Value& each : is_list ? value->list : std::vector<Value>{*value}) {
      if (each.kind == Value::Kind::Text) {
        found.push_back(each.text);
      } else {
        complain(each.place, fmt::format("{} must be a text or a list of texts, not {}", key, config::describe(each)));
      }
    }
    return found;
  }

  void read_conditions() {
    for (const std::string& name : texts("step")) {
      if (const auto step = parse_step(name)) {
        rule_.steps.push_back(*step);
      } else {
        complain(table_.find("step")->place, fmt::format("there is no step \"{}\"", name),
                 config::did_you_mean(name, names_of_steps()));
      }
    }
    read_codes("code", false, rule_.codes);
    read_codes("status", true, rule_.status);
    rule_.pattern = pattern("pattern");
    rule_.also = pattern("also");
    rule_.unless = pattern("unless");
    if (rule_.pattern.empty() && !rule_.also.empty()) {
      complain(table_.find("also")->place, "\"also\" without \"pattern\"", "call it pattern");
    }
    if (rule_.pattern.empty() && rule_.codes.empty() && rule_.status.empty() && good_) {
      complain(table_.place, "it would match everything", "give it a pattern, code or status");
    }
  }
  void read_codes(std::string_view key, bool enhanced, std::vector<CodePattern>& out) {
    for (const std::string& text : texts(key)) {
      const auto parsed = parse_code_pattern(text);
      if (parsed && parsed->enhanced == enhanced) {
        out.push_back(*parsed);
        continue;
      }
      complain(table_.find(key)->place, fmt::format("{} \"{}\" is none", key, text),
               enhanced ? "write it like 5.1.1, x.7.28, 5.7.x or 5.7.606-649" : "write it like 421 or 5xx");
    }
  }
  std::string pattern(std::string_view key) {
    std::string joined;
    const std::vector<std::string> alternatives = texts(key);
    for (const std::string& one : alternatives) {
      RE2::Options options;
      options.set_log_errors(false);
      options.set_encoding(RE2::Options::EncodingLatin1);
      const RE2 compiled(one, options);
      if (!compiled.ok() || one.empty()) {
        complain(table_.find(key)->place,
                 fmt::format("{} \"{}\" is no regular expression: {}", key, one, compiled.error()),
                 "the syntax is RE2's: no look-around, no back references");
        continue;
      }
      if (!joined.empty()) joined += '|';
      joined += alternatives.size() == 1 ? one : "(?:" + one + ")";
    }
    if (joined.size() > kPatternBytesMost) {
      complain(table_.find(key)->place, fmt::format("{} is longer than {} bytes", key, kPatternBytesMost));
    }
    return joined;
  }

  void read_consequences() {
    const Value* class_name = find("class", Value::Kind::Text, "the name of a class");
    if (class_name == nullptr) {
      if (table_.find("class") == nullptr) complain(table_.place, "the class is missing", "add class = \"…\"");
    } else if (const auto parsed = model::parse_outcome_class(class_name->text)) {
      rule_.outcome_class = *parsed;
    } else {
      complain(class_name->place, fmt::format("there is no class \"{}\"", class_name->text),
               config::did_you_mean(class_name->text, names_of_classes()));
    }
    if (const Value* scope = find("scope", Value::Kind::Text, "the name of a scope")) {
      if (const auto parsed = model::parse_scope(scope->text)) {
        rule_.scope = *parsed;
      } else {
        complain(scope->place, fmt::format("there is no scope \"{}\"", scope->text),
                 config::did_you_mean(scope->text, names_of_scopes()));
      }
    }
    constexpr auto kFlag = Value::Kind::Flag;
    if (const Value* flag = find("final", kFlag, "true or false")) rule_.final = flag->flag;
    if (const Value* flag = find("alarm", kFlag, "true or false")) rule_.alarm = flag->flag;
    if (const Value* flag = find("everywhere", kFlag, "true or false")) rule_.everywhere = flag->flag;
    read_wait();
  }
  // wait = "told" or, for when the reply does not tell, wait = "30m".
  void read_wait() {
    const Value* is_told = find("wait_is_told", Value::Kind::Flag, "true or false");
    rule_.wait_is_told = is_told != nullptr && is_told->flag;
    const Value* wait = find("wait", Value::Kind::Text, "\"told\" or a duration");
    if (rule_.wait_is_told && (wait == nullptr || wait->text == "told")) {
      complain(is_told->place, "wait_is_told without a duration", "say how long: wait = \"4h\"");
    }
    if (wait == nullptr) return;
    rule_.wait_told = true;
    if (wait->text == "told") return;
    if (const auto parsed = parse_duration(wait->text)) {
      rule_.wait = *parsed;
    } else {
      complain(wait->place, fmt::format("wait \"{}\": {}", wait->text, parsed.error()),
               "write \"told\", or a duration like \"30m\" for when the reply names none");
    }
  }

  const Value& table_;
  Problems& problems_;
  std::string file_reference_;
  Rule rule_;
  bool good_ = true;
};

struct Head {
  std::string reference;
  bool everywhere = false;
};

Head read_head(const Value& document, RuleFile& file, Problems& problems) {
  static const std::vector<std::string> kKeys{"provider", "aliases", "rank", "reference", "everywhere", "rule"};
  Head head;
  const auto wrong = [&](const Value& value, std::string_view key, std::string_view expected) {
    problems.error(value.place, std::string(key),
                   fmt::format("{} must be {}, not {}", key, expected, config::describe(value)));
  };
  for (const auto& [key, place, value] : document.table) {
    if (key == "provider" && value.kind == Value::Kind::Text) {
      file.provider = value.text;
    } else if (key == "reference" && value.kind == Value::Kind::Text) {
      head.reference = value.text;
    } else if (key == "rank" && value.kind == Value::Kind::Integer) {
      file.rank = value.integer;
    } else if (key == "everywhere" && value.kind == Value::Kind::Flag) {
      head.everywhere = value.flag;
    } else if (key == "aliases" && value.kind == Value::Kind::List) {
      for (const Value& alias : value.list) {
        if (alias.kind == Value::Kind::Text) {
          file.aliases.push_back(alias.text);
        } else {
          wrong(alias, key, "a list of names");
        }
      }
    } else if (key == "provider" || key == "reference") {
      wrong(value, key, "a text");
    } else if (key == "rank" || key == "everywhere" || key == "aliases") {
      wrong(value, key, key == "rank" ? "a number" : key == "aliases" ? "a list of names" : "true or false");
    } else if (key != "rule") {
      problems.error(place, key, fmt::format("unknown key \"{}\" in a rule file", key),
                     config::did_you_mean(key, kKeys));
    }
  }
  return head;
}

}  // namespace

std::optional<RuleFile> read_rule_file(std::string_view text, const std::string& name, Problems& problems) {
  const std::uint32_t number = problems.add_file(name);
  const auto document = config::parse_toml(text, number, problems);
  if (!document) return std::nullopt;
  RuleFile file;
  file.name = name;
  file.place = {number, 0, 0};
  const Head head = read_head(*document, file, problems);
  const Value* rules = document->find("rule");
  if (rules == nullptr || rules->kind != Value::Kind::List) {
    problems.error(file.place, "rule", "the file has no [[rule]]", "add one, or take the file away");
    return file;
  }
  if (rules->list.size() > kRulesMost) {
    problems.error(rules->place, "rule", fmt::format("more than {} rules", kRulesMost), "make several files of it");
    return file;
  }
  for (const Value& table : rules->list) {
    if (table.kind != Value::Kind::Table) {
      problems.error(table.place, "rule", "a rule must be a table", "begin it with [[rule]]");
      continue;
    }
    RuleReader reader(table, problems);
    reader.set_defaults(head.reference, head.everywhere && !file.provider.empty());
    if (auto rule = reader.read()) file.rules.push_back(std::move(*rule));
  }
  return file;
}

std::vector<RuleFile> read_rule_files(const std::vector<config::TextFile>& texts, Problems& problems) {
  std::vector<RuleFile> files;
  for (const config::TextFile& text : texts) {
    if (auto file = read_rule_file(text.text, text.name, problems)) files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace penstock::classify
