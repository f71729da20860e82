// SPDX-License-Identifier: Apache-2.0
// Catalog: the rules of all files, put in order of precedence and by provider, and the names of providers.
//
// Files of a folder come before the shipped ones; a rule with the id of a shipped one replaces it. Made once, then
// constant.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "classify/rule.h"

namespace penstock::classify {

// Letters and digits in lower case, so that "web.de", "Web.de" and "webde" are one name. At most 64 are kept.
[[nodiscard]] std::string plain_name(std::string_view name);

class Catalog {
 public:
  struct Provider {
    std::string name;
    std::vector<const Rule*> rules;
  };

  Catalog() = default;
  // `own` are the operator's files, asked first.
  Catalog(std::vector<RuleFile> shipped, std::vector<RuleFile> own);
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  [[nodiscard]] const std::vector<Provider>& providers() const { return providers_; }
  // The rules that speak for themselves of every provider, then the general ones.
  [[nodiscard]] const std::vector<const Rule*>& general() const { return general_; }
  // nullptr: no rules for it. Takes names and aliases; when the whole is unknown, its words: "AOL / Yahoo".
  [[nodiscard]] const Provider* find(std::string_view name) const;
  [[nodiscard]] const std::vector<RuleFile>& files() const { return files_; }

 private:
  std::size_t provider_number(const RuleFile& file);

  std::vector<RuleFile> files_;  // own first; provider files before general ones, those by rank
  std::vector<Provider> providers_;
  std::map<std::string, std::size_t, std::less<>> numbers_;  // plain name → position in providers_
  std::vector<const Rule*> general_;
};

}  // namespace penstock::classify
