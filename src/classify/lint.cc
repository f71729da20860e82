// SPDX-License-Identifier: Apache-2.0
#include "classify/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "classify/catalog.h"
#include "classify/classifier.h"
#include "config/nearest.h"

namespace penstock::classify {
namespace {

using config::Problems;

class Linter {
 public:
  Linter(const std::vector<RuleFile>& files, const Classifier& classifier, Problems& problems)
      : files_(files), classifier_(classifier), problems_(problems) {}

  void run(const std::vector<std::string>& providers) {
    for (const RuleFile& file : files_) {
      check_provider(file, providers);
      for (const Rule& rule : file.rules) {
        check_form(rule, file);
        check_samples(rule, file.provider);
      }
    }
    if (!files_.empty()) check_shadows();
  }

 private:
  void complain(const Rule& rule, const std::string& message, std::string suggestion) {
    problems_.error(rule.place, "rule." + rule.id, fmt::format("rule \"{}\": {}", rule.id, message),
                    std::move(suggestion));
  }

  void check_provider(const RuleFile& file, const std::vector<std::string>& providers) {
    if (file.provider.empty()) return;
    std::set<std::string> known;
    for (const std::string& provider : providers) known.insert(plain_name(provider));
    if (known.empty() || known.contains(plain_name(file.provider))) return;
    problems_.error(file.place, "provider", fmt::format("there is no provider \"{}\"", file.provider),
                    config::did_you_mean(file.provider, providers));
  }

  void check_form(const Rule& rule, const RuleFile& file) {
    const auto [at, is_new] = seen_.emplace(rule.id, rule.place);
    if (!is_new) {
      complain(rule, fmt::format("the id is taken, see {}:{}", problems_.file(at->second.file), at->second.line),
               "give it another one");
    }
    if (rule.samples.empty()) {
      complain(rule, "it has no samples", "add at least one real reply that it must match: samples = [\"550 …\"]");
    }
    if (rule.near_misses.empty() && is_broad(rule, file)) {
      complain(rule, "it has no near misses, but is asked about every reply",
               "add a reply that looks alike and must not match: near_misses = [\"550 …\"]");
    }
    if (!rule.reference.starts_with("https://") && !rule.reference.starts_with("http://")) {
      complain(rule, "it has no reference", "name the page that explains the reply: reference = \"https://…\"");
    }
    for (const auto& [key, pattern] :
         {std::pair("pattern", &rule.pattern), std::pair("also", &rule.also), std::pair("unless", &rule.unless)}) {
      const std::string part = costly_part(*pattern);
      if (part.empty()) continue;
      complain(rule, fmt::format("{} is too costly: {}", key, part),
               "name what may stand between, like \"[^ ]+\", or put the second half into \"also\"");
    }
    if (rule.pattern.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos && has_capital(rule.pattern)) {
      complain(rule, "the pattern has capital letters, but replies are compared in lower case", "write it small");
    }
  }
  // Only its words keep such a rule from replies it does not mean.
  static bool is_broad(const Rule& rule, const RuleFile& file) {
    return (file.provider.empty() || rule.everywhere) && rule.codes.empty() && rule.status.empty();
  }
  // Behind a backslash capitals are part of the syntax: "\S", "\pL", "\p{Greek}"; so are they in "(?P<name>".
  static bool has_capital(const std::string& pattern) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern.compare(i, 2, "(?") == 0) {
        i = std::min(pattern.find_first_of(":>)", i), pattern.size());
      } else if (pattern[i] == '\\') {
        const char kind = ++i < pattern.size() ? pattern[i] : '\0';
        if (kind != 'p' && kind != 'P' && kind != 'x') continue;
        const bool braced = i + 1 < pattern.size() && pattern[i + 1] == '{';
        i = braced ? std::min(pattern.find('}', i), pattern.size()) : i + 1 + (kind == 'x' ? 1 : 0);
      } else if (pattern[i] >= 'A' && pattern[i] <= 'Z') {
        return true;
      }
    }
    return false;
  }

  void check_samples(const Rule& rule, const std::string& provider) {
    for (const std::string& sample : rule.samples) {
      const Verdict verdict = classifier_.classify_text(sample, provider);
      if (verdict.rule == rule.id) continue;
      complain(rule, fmt::format("its sample \"{}\" lands on {}", sample, verdict.rule),
               "widen its pattern, narrow the other, or put it before that one");
    }
    for (const std::string& near : rule.near_misses) {
      if (classifier_.classify_text(near, provider).rule != rule.id) continue;
      complain(rule, fmt::format("its near miss \"{}\" matches", near), "narrow its pattern or add \"unless\"");
    }
  }

  // Rules of the operator's are asked before the shipped ones: of which of them none of the samples is left.
  void check_shadows() {
    std::map<std::string_view, const Rule*> own;
    for (const RuleFile& file : files_) {
      for (const Rule& rule : file.rules) own.emplace(rule.id, &rule);
    }
    std::map<const Rule*, std::vector<std::string>> shadowed;
    Problems ignored;
    for (const RuleFile& file : read_rule_files(shipped_texts(), ignored)) {
      for (const Rule& rule : file.rules) {
        if (own.contains(rule.id)) continue;
        const Rule* by = nullptr;
        const bool dead = std::all_of(rule.samples.begin(), rule.samples.end(), [&](const std::string& sample) {
          const auto at = own.find(classifier_.classify_text(sample, file.provider).rule);
          if (at == own.end()) return false;
          by = at->second;
          return true;
        });
        if (dead && by != nullptr) shadowed[by].push_back(rule.id);
      }
    }
    for (const auto& [by, ids] : shadowed) {
      constexpr std::size_t kNamed = 3;
      std::string names = ids.front();
      for (std::size_t i = 1; i < std::min(ids.size(), kNamed); ++i) names += ", " + ids[i];
      if (ids.size() > kNamed) names += fmt::format(" and {} more", ids.size() - kNamed);
      problems_.warn(by->place, "rule." + by->id,
                     fmt::format("rule \"{}\" takes all that the shipped rules {} are for", by->id, names),
                     "narrow its pattern, unless it is meant to replace them");
    }
  }

  const std::vector<RuleFile>& files_;
  const Classifier& classifier_;
  Problems& problems_;
  std::map<std::string, config::Place> seen_;
};

std::vector<std::string> shipped_providers() {
  Problems ignored;
  std::vector<std::string> names;
  for (const RuleFile& file : read_rule_files(shipped_texts(), ignored)) {
    if (file.provider.empty()) continue;
    names.push_back(file.provider);
    names.insert(names.end(), file.aliases.begin(), file.aliases.end());
  }
  return names;
}

}  // namespace

std::vector<config::Problem> lint(const std::vector<config::TextFile>& texts,
                                  const std::vector<std::string>& providers) {
  Problems problems;
  const std::vector<RuleFile> files = read_rule_files(texts, problems);
  if (problems.any_error()) return problems.sorted();
  const auto classifier = Classifier::with(texts);
  if (!classifier) {
    problems.error({}, "rule", classifier.error().to_string());
    return problems.sorted();
  }
  std::vector<std::string> known = shipped_providers();
  known.insert(known.end(), providers.begin(), providers.end());
  Linter(files, **classifier, problems).run(known);
  return problems.sorted();
}

std::vector<config::Problem> lint_folder(const std::string& folder, const std::vector<std::string>& providers) {
  Problems problems;
  const std::vector<config::TextFile> texts = config::read_toml_files(folder, "classify.rules", problems);
  if (problems.any_error()) return problems.sorted();
  return lint(texts, providers);
}

std::vector<config::Problem> lint_shipped() {
  return lint(shipped_texts());
}

}  // namespace penstock::classify
