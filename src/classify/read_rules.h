// SPDX-License-Identifier: Apache-2.0
// read_rule_file: one of conf/classify/*.toml → RuleFile. Every mistake is reported with file, line and remedy.
//
// Only the form is checked here (keys, kinds, names of classes, scopes and steps, regular expressions that compile);
// lint.h checks what the rules do. Pure.   Limits: 2,000 rules a file, patterns of 8 KiB.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "classify/rule.h"
#include "config/problems.h"
#include "config/text_files.h"

namespace penstock::classify {

// Nothing when the text is not TOML. A rule with a mistake is left out.
[[nodiscard]] std::optional<RuleFile> read_rule_file(std::string_view text, const std::string& name,
                                                     config::Problems& problems);

// All of them, but for those that are not TOML.
[[nodiscard]] std::vector<RuleFile> read_rule_files(const std::vector<config::TextFile>& texts,
                                                    config::Problems& problems);
// The files this program was built with, by name.
[[nodiscard]] const std::vector<config::TextFile>& shipped_texts();

}  // namespace penstock::classify
