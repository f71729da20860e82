// SPDX-License-Identifier: Apache-2.0
// The least that admits mail, as configuration: a node, a listener "in", a vMTA and a pool "main"; streams are to be
// added.   Test only.
#pragma once

#include <string>
#include <string_view>

namespace penstock::config {

inline std::string with_one_pool(std::string_view rest) {
  return std::string(R"([node]
name = "mta1.example"
[[listener]]
name = "in"
relay_from = "127.0.0.1"
[[vmta]]
name = "v1"
[[pool]]
name = "main"
members = [{ vmta = "v1" }]
)")
      .append(rest);
}

}  // namespace penstock::config
