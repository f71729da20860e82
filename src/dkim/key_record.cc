// SPDX-License-Identifier: Apache-2.0
#include "dkim/key_record.h"

#include <algorithm>

#include "base/ascii.h"
#include "dkim/tag_list.h"

namespace penstock::dkim {
namespace {

constexpr std::size_t kStringMax = 255;

bool has(const std::vector<std::string_view>& list, std::string_view word) {
  return std::any_of(list.begin(), list.end(), [&](auto item) { return ascii::equal_ignoring_case(item, word); });
}

Readable<> read_type(const TagList& tags, KeyRecord& record) {
  const std::string_view* k = tags.find("k");
  if (k == nullptr || ascii::equal_ignoring_case(*k, "rsa")) return {};
  if (!ascii::equal_ignoring_case(*k, "ed25519")) return wrong("the key record's k= names no key type we know");
  record.type = KeyType::Ed25519;
  return {};
}

void read_lists(const TagList& tags, KeyRecord& record) {
  if (const std::string_view* h = tags.find("h")) {
    record.hashes.emplace();
    for (const std::string_view hash : split(*h, ':')) record.hashes->push_back(ascii::lower(hash));
  }
  if (const std::string_view* s = tags.find("s")) {
    for (const std::string_view service : split(*s, ':')) record.services.push_back(ascii::lower(service));
  }
  if (const std::string_view* t = tags.find("t")) {
    const auto flags = split(*t, ':');
    record.testing = has(flags, "y");
    record.exact_domain = has(flags, "s");
  }
}

}  // namespace

bool KeyRecord::names(std::string_view service) const {
  return std::find(services.begin(), services.end(), service) != services.end();
}

bool KeyRecord::serves(std::string_view service) const {
  return services.empty() || names("*") || names(service);
}

Readable<KeyRecord> parse_key_record(std::string_view text) {
  const auto tags = TagList::parse(text);
  if (!tags) return wrong("the key record cannot be read: " + tags.error());
  const std::string_view* v = tags->find("v");
  if (v != nullptr && *v != "DKIM1") return wrong("the key record's v= is not DKIM1");
  if (v != nullptr && tags->tags().front().name != "v") return wrong("the key record's v= is not its first tag");
  KeyRecord record;
  if (auto type = read_type(*tags, record); !type) return wrong(type.error());
  read_lists(*tags, record);
  const std::string_view* p = tags->find("p");
  if (p == nullptr) return wrong("the key record has no p=");
  auto key = decode_base64(*p);
  if (!key) return wrong("the key record's p= is no base64: " + key.error());
  record.key = std::move(*key);
  return record;
}

std::string misfit(const KeyRecord& record, const Signature& signature) {
  if (record.key.empty()) return "the key has been revoked";
  if (!record.serves(kMailService)) return "the key is not for mail (s=)";
  if (record.type != signature.algorithm.key) {
    return "the key is of type " + std::string(to_string(record.type)) + ", the signature says " +
           to_string(signature.algorithm);
  }
  if (record.hashes) {
    const auto& hashes = *record.hashes;
    const auto wanted = to_string(signature.algorithm.hash);
    if (std::find(hashes.begin(), hashes.end(), wanted) == hashes.end()) {
      return "the key is not for " + std::string(wanted) + " (h=)";
    }
  }
  if (record.exact_domain && signature.identity.substr(signature.identity.rfind('@') + 1) != signature.domain) {
    return "the key is for its domain only (t=s), i= is below it";
  }
  return {};
}

std::string format_key_record(KeyType type, std::string_view key, bool testing, std::string_view service) {
  std::string text = "v=DKIM1; k=" + std::string(to_string(type)) + (testing ? "; t=y" : "");
  if (!service.empty()) text.append("; s=").append(service);
  return text + "; p=" + encode_base64(key);
}

std::string format_txt_strings(std::string_view record) {
  std::string out;
  do {
    const std::string_view part = record.substr(0, kStringMax);
    record.remove_prefix(part.size());
    if (!out.empty()) out += ' ';
    out += '"';
    for (const char c : part) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  } while (!record.empty());
  return out;
}

Readable<std::string> parse_txt_strings(std::string_view text) {
  text = ascii::trim(text);
  if (!text.starts_with('"')) return std::string(text);
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      inside = !inside;
    } else if (!inside) {
      if (!ascii::is_space(c)) return wrong("text between quoted strings");
    } else if (c == '\\' && i + 3 < text.size() && ascii::is_digit(text[i + 1]) && ascii::is_digit(text[i + 2]) &&
               ascii::is_digit(text[i + 3])) {
      const int code = (text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0');
      if (code > 255) return wrong("an escape above \\255");
      out += static_cast<char>(code);
      i += 3;
    } else if (c == '\\' && i + 1 < text.size()) {
      out += text[++i];
    } else {
      out += c;
    }
  }
  if (inside) return wrong("a quoted string does not end");
  return out;
}

}  // namespace penstock::dkim
