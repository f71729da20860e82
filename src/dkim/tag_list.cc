// SPDX-License-Identifier: Apache-2.0
#include "dkim/tag_list.h"

#include <algorithm>

#include "base/ascii.h"

namespace penstock::dkim {
namespace {

bool is_tag_name(std::string_view name) {
  if (name.empty() || !ascii::is_alpha(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return ascii::is_alnum(c) || c == '_'; });
}

bool is_value_byte(char c) {
  return ascii::is_space(c) || (static_cast<unsigned char>(c) > 0x20 && c != 0x7F);
}

// For messages: a name from outside, kept short and printable.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 40)) out += c >= ' ' && c < 0x7F && c != '"' ? c : '?';
  return out + '"';
}

}  // namespace

Readable<TagList> TagList::parse(std::string_view text) {
  TagList list;
  if (!std::all_of(text.begin(), text.end(), is_value_byte)) return wrong("a control character in the tag list");
  text = ascii::trim(text);
  if (text.ends_with(';')) text.remove_suffix(1);
  while (true) {
    const std::size_t end = text.find(';');
    const std::string_view spec = ascii::trim(text.substr(0, end));
    if (spec.empty()) return wrong(list.tags_.empty() ? "no tags" : "an empty tag");
    const std::size_t equals = spec.find('=');
    if (equals == std::string_view::npos) return wrong("a tag without '=': " + quoted(spec));
    const Tag tag{ascii::trim(spec.substr(0, equals)), ascii::trim(spec.substr(equals + 1))};
    if (!is_tag_name(tag.name)) return wrong("not a tag name: " + quoted(tag.name));
    if (list.find(tag.name) != nullptr) return wrong(std::string(tag.name) + "= is there twice");
    if (list.tags_.size() == kTagsMax) return wrong("more than " + std::to_string(kTagsMax) + " tags");
    list.tags_.push_back(tag);
    if (end == std::string_view::npos) return list;
    text.remove_prefix(end + 1);
  }
}

const std::string_view* TagList::find(std::string_view name) const {
  const auto found = std::find_if(tags_.begin(), tags_.end(), [&](const Tag& tag) { return tag.name == name; });
  return found == tags_.end() ? nullptr : &found->value;
}

std::string without_space(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  std::copy_if(value.begin(), value.end(), std::back_inserter(out), [](char c) { return !ascii::is_space(c); });
  return out;
}

std::vector<std::string_view> split(std::string_view value, char separator) {
  std::vector<std::string_view> items;
  while (true) {
    const std::size_t end = value.find(separator);
    items.push_back(ascii::trim(value.substr(0, end)));
    if (end == std::string_view::npos) return items;
    value.remove_prefix(end + 1);
  }
}

}  // namespace penstock::dkim
