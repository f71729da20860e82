// SPDX-License-Identifier: Apache-2.0
// lint: whether rules do what they say. Part of check-config and of the unit tests over conf/classify.
//
// A rule must be reachable: each of its samples, asked with its provider, lands on it. Its near misses must not. Ids
// are unique, references are addresses, providers exist (as a shipped file's, or one the configuration knows), and no
// pattern repeats without bound what may contain a blank (".*", ".+", ".{9,}", "[^x]*", "(?:[a-z]+ )*"): such a pattern
// holds on to the whole text and costs a multiple. A rule of the operator's that leaves a shipped one without any of
// its samples is warned of. Problems name file, line, rule and remedy.
//
// Does no I/O but for lint_folder.
#pragma once

#include <string>
#include <vector>

#include "classify/read_rules.h"
#include "config/load.h"

namespace penstock::classify {

// `texts` are checked; `shipped` are asked with them as a running node would, and not checked when they are the same.
// `providers` are further names of providers that exist.
[[nodiscard]] std::vector<config::Problem> lint(const std::vector<config::TextFile>& texts,
                                                const std::vector<std::string>& providers = {});
// The operator's own rules, as [classify] rules names their folder.
[[nodiscard]] std::vector<config::Problem> lint_folder(const std::string& folder,
                                                       const std::vector<std::string>& providers = {});
// The rules this program was built with.
[[nodiscard]] std::vector<config::Problem> lint_shipped();

// "" or what is wrong with a pattern's cost: "\".*\" repeats without bound".
[[nodiscard]] std::string costly_part(const std::string& pattern);

}  // namespace penstock::classify
