// SPDX-License-Identifier: Apache-2.0
// LiteralFinder: which of many short texts occur in a longer one, in one pass (Aho and Corasick's automaton).
//
// Use:  LiteralFinder finder;  finder.add("quota", 7);  finder.build();
//       finder.find("over quota", [](std::uint32_t tag) { … });   // called with 7
// A tag is reported as often as a text with it occurs. Threads: find() from any after build().
// Cost: one table look-up a byte; memory of 2 bytes for each state and each byte value in use.
// Limits: 65,535 states, that is about as many letters in all texts together; add() tells when it is full.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace penstock::classify {

class LiteralFinder {
 public:
  // Nothing is added, and false comes back, when the text is empty or there is no room.
  bool add(std::string_view literal, std::uint32_t tag);
  void build();

  template <class Report>
  void find(std::string_view text, Report&& report) const {
    std::uint16_t state = 0;
    for (const char c : text) {
      state = next_[state * classes_ + class_of_[static_cast<unsigned char>(c)]];
      for (std::uint32_t i = first_[state]; i < first_[state + 1U]; ++i) report(tags_[i]);
    }
  }
  [[nodiscard]] std::size_t states() const { return trie_.size(); }

 private:
  struct Node {
    std::vector<std::pair<unsigned char, std::uint16_t>> children;
    std::vector<std::uint32_t> tags;
  };
  std::uint16_t child(std::uint16_t node, unsigned char byte);

  std::vector<Node> trie_{1};
  std::array<std::uint8_t, 256> class_of_{};  // 0: occurs in no text
  std::size_t classes_ = 1;
  std::vector<std::uint16_t> next_;   // state × class → state
  std::vector<std::uint32_t> first_;  // state → where its tags begin
  std::vector<std::uint32_t> tags_;
};

}  // namespace penstock::classify
