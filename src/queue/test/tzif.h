// SPDX-License-Identifier: Apache-2.0
// Time zone files made up by tests, laid out as RFC 8536 §3 says.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace penstock::queue {

struct Tzif {
  std::vector<std::int32_t> offsets{0};                          // a type each
  std::vector<std::pair<std::int64_t, std::uint8_t>> changes{};  // moment, type
  std::string footer = "UTC0";
  char version = '2';

  [[nodiscard]] std::string bytes() const {
    if (version < '2') return header() + block(4);
    Tzif none{.version = version};
    return none.header() + none.block(4) + header() + block(8) + "\n" + footer + "\n";
  }

 private:
  static std::string number(std::int64_t value, int width) {
    std::string text;
    for (int i = width - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
    return text;
  }
  [[nodiscard]] std::string header() const {
    const auto count = [](std::size_t n) { return number(static_cast<std::int64_t>(n), 4); };
    return "TZif" + std::string(1, version) + std::string(15, '\0') + count(0) + count(0) + count(0) +
           count(changes.size()) + count(offsets.size()) + count(4);
  }
  [[nodiscard]] std::string block(int width) const {
    std::string text;
    for (const auto& [at, type] : changes) text += number(at, width);
    for (const auto& [at, type] : changes) text.push_back(static_cast<char>(type));
    for (const std::int32_t offset : offsets) text += number(offset, 4) + std::string(2, '\0');
    return text + "XXX" + std::string(1, '\0');
  }
};

}  // namespace penstock::queue
