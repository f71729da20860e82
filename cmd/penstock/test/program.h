// SPDX-License-Identifier: Apache-2.0
// Runs the real program and gathers what it prints.   Test only.
#pragma once

#include <string>
#include <vector>

namespace penstock::cli {

struct Ran {
  int exit = -1;
  std::string out;
  std::string err;
};

// Waits for its end. Its environment holds none of our variables but those of `environment` ("NAME=value").
[[nodiscard]] Ran run_program(const std::string& program, const std::vector<std::string>& arguments,
                              const std::vector<std::string>& environment = {});

// Runs it on a terminal of its own, 30 rows of 100 columns, and types `keys` once it has written `until`.
[[nodiscard]] Ran run_on_terminal(const std::string& program, const std::vector<std::string>& arguments,
                                  const std::string& until, const std::string& keys);

// `text` compared with the file `name` beside the tests, which PENSTOCK_UPDATE_GOLDEN=1 writes anew.
void expect_golden(const std::string& name, const std::string& text);

}  // namespace penstock::cli
