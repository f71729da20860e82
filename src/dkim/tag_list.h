// SPDX-License-Identifier: Apache-2.0
// Tag lists, the "v=1; a=rsa-sha256; …" of signatures and key records (RFC 6376 §3.2).
//
// Use:  Readable<TagList> tags = TagList::parse(value);  if (tags) if (const auto* d = tags->find("d")) use(*d);
// Views point into the text parsed, which must outlive the list. White space around names and values is gone; within a
// value it is kept, since only the tag says whether it means something: without_space() drops it, split() cuts lists.
// A semicolon at the end is allowed; an empty tag, a tag without '=', a name twice or a control character is an error.
// Bytes above 127 are let through (RFC 8616).
// Limits: tags_max tags.   Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dkim/verdict.h"

namespace penstock::dkim {

struct Tag {
  std::string_view name;  // case matters
  std::string_view value;
};

class TagList {
 public:
  static constexpr std::size_t kTagsMax = 64;
  [[nodiscard]] static Readable<TagList> parse(std::string_view text);

  // Null if the tag is not there; its value may be empty.
  [[nodiscard]] const std::string_view* find(std::string_view name) const;
  [[nodiscard]] const std::vector<Tag>& tags() const { return tags_; }

 private:
  std::vector<Tag> tags_;
};

[[nodiscard]] std::string without_space(std::string_view value);
// "relaxed : simple" → "relaxed", "simple": cut at `separator`, trimmed; empty items are kept.
[[nodiscard]] std::vector<std::string_view> split(std::string_view value, char separator);

// Base64 with white space anywhere in it (RFC 6376 §2.10); '=' at the end may be missing.
[[nodiscard]] Readable<std::string> decode_base64(std::string_view text);
[[nodiscard]] std::string encode_base64(std::string_view bytes);

// The quoted-printable of RFC 6376 §2.11: white space is dropped, "=3D" stands for '='.
[[nodiscard]] Readable<std::string> decode_quoted_printable(std::string_view text);

}  // namespace penstock::dkim
