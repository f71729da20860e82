// SPDX-License-Identifier: Apache-2.0
#include "classify/literal_finder.h"

#include <algorithm>

namespace penstock::classify {

bool LiteralFinder::add(std::string_view literal, std::uint32_t tag) {
  if (literal.empty() || trie_.size() + literal.size() > UINT16_MAX) return false;
  std::uint16_t node = 0;
  for (const char c : literal) node = child(node, static_cast<unsigned char>(c));
  auto& tags = trie_[node].tags;
  if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  return true;
}

std::uint16_t LiteralFinder::child(std::uint16_t node, unsigned char byte) {
  for (const auto& [known, to] : trie_[node].children) {
    if (known == byte) return to;
  }
  // Class 255 is never reached: a text of all 256 byte values would need it, rules are written in letters.
  if (class_of_[byte] == 0 && classes_ < UINT8_MAX) class_of_[byte] = static_cast<std::uint8_t>(classes_++);
  const auto made = static_cast<std::uint16_t>(trie_.size());
  trie_[node].children.emplace_back(byte, made);
  trie_.emplace_back();
  return made;
}

// Breadth first: when a state is reached, the state of its longest proper suffix is complete already.
void LiteralFinder::build() {
  next_.assign(trie_.size() * classes_, 0);
  std::vector<std::uint16_t> suffix(trie_.size(), 0);
  std::vector<std::uint16_t> order{0};
  for (std::size_t at = 0; at < order.size(); ++at) {
    const std::uint16_t node = order[at];
    const std::uint16_t back = suffix[node];
    if (node != 0) {
      std::copy_n(next_.begin() + static_cast<std::ptrdiff_t>(back * classes_), classes_,
                  next_.begin() + static_cast<std::ptrdiff_t>(node * classes_));
      const std::vector<std::uint32_t> inherited = trie_[back].tags;
      auto& tags = trie_[node].tags;
      for (const std::uint32_t tag : inherited) {
        if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
      }
    }
    for (const auto& [byte, to] : trie_[node].children) {
      suffix[to] = node == 0 ? 0 : next_[back * classes_ + class_of_[byte]];
      next_[node * classes_ + class_of_[byte]] = to;
      order.push_back(to);
    }
  }
  first_.assign(1, 0);
  tags_.clear();
  for (const Node& node : trie_) {
    tags_.insert(tags_.end(), node.tags.begin(), node.tags.end());
    first_.push_back(static_cast<std::uint32_t>(tags_.size()));
  }
}

}  // namespace penstock::classify
