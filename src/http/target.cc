// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

#include "base/ascii.h"

namespace penstock::http {
namespace {

int hex_value(char c) {
  if (ascii::is_digit(c)) return c - '0';
  const char lower = ascii::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

enum class Plus { AsIs, Space };

std::optional<std::string> decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::Space) {
      out += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Calls `visit` with each part of `text` between separators; false ends early.
template <class F>
bool split(std::string_view text, char separator, F visit) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!visit(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<Target> parse_target(std::string_view text) {
  if (!text.starts_with('/')) return std::nullopt;
  Target target;
  const std::size_t question = text.find('?');
  target.path = text.substr(0, question);
  const bool path_ok = split(std::string_view(target.path).substr(1), '/', [&target](std::string_view part) {
    auto decoded = decode(part, Plus::AsIs);
    if (decoded) target.segments.push_back(std::move(*decoded));
    return decoded.has_value();
  });
  if (!path_ok) return std::nullopt;
  if (question == std::string_view::npos) return target;
  const bool query_ok = split(text.substr(question + 1), '&', [&target](std::string_view part) {
    if (part.empty()) return true;
    const std::size_t equals = part.find('=');
    auto name = decode(part.substr(0, equals), Plus::Space);
    auto value = equals == std::string_view::npos ? std::string() : decode(part.substr(equals + 1), Plus::Space);
    if (!name || !value) return false;
    target.query.emplace_back(std::move(*name), std::move(*value));
    return true;
  });
  if (!query_ok) return std::nullopt;
  return target;
}

std::string encode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (ascii::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace penstock::http
