// SPDX-License-Identifier: Apache-2.0
#include "dkim/canonical_header.h"

#include <algorithm>

#include "base/ascii.h"
#include "dkim/blanks.h"

namespace penstock::dkim {
namespace {

constexpr mime::HeaderLimits kLimits{.header_bytes_max = 1024 * 1024, .fields_max = 4000};

std::string_view without_line_end(std::string_view bytes) {
  if (bytes.ends_with("\r\n")) bytes.remove_suffix(2);
  return bytes;
}

// The value on one line: CRLFs go, blanks in a row become one, none stays at either end.
void append_relaxed_value(std::string_view value, std::string& out) {
  const std::size_t start = out.size();
  bool space = false;
  while (!value.empty()) {
    if (is_blank(value.front())) {
      space = true;
      value.remove_prefix(1);
    } else if (value.starts_with("\r\n")) {
      value.remove_prefix(2);
    } else {
      // A bare CR is a byte like others.
      const std::size_t n = std::max<std::size_t>(1, unchanged_run(value));
      if (space && out.size() > start) out += ' ';
      space = false;
      out += value.substr(0, n);
      value.remove_prefix(n);
    }
  }
}

// As append_field, without the CRLF at the end.
void append_line(std::string_view bytes, Canonicalization way, std::string& out) {
  bytes = without_line_end(bytes);
  if (way == Canonicalization::Simple) {
    out += bytes;
    return;
  }
  const std::size_t colon = bytes.find(':');
  for (const char c : ascii::trim(bytes.substr(0, colon))) out += ascii::to_lower(c);
  out += ':';
  if (colon != std::string_view::npos) append_relaxed_value(bytes.substr(colon + 1), out);
}

// Where the value of b= stands in the field, from the '=' to the semicolon or the end.
mime::ByteRange find_signature_value(std::string_view bytes) {
  std::size_t from = std::min(bytes.find(':'), bytes.size() - 1) + 1;
  while (from < bytes.size()) {
    const std::size_t end = std::min(bytes.find(';', from), bytes.size());
    const std::string_view spec = bytes.substr(from, end - from);
    const std::size_t equals = spec.find('=');
    if (equals != std::string_view::npos && ascii::trim(spec.substr(0, equals)) == "b") {
      return {from + equals + 1, end};
    }
    from = end + 1;
  }
  return {bytes.size(), bytes.size()};
}

}  // namespace

SignedMessage::SignedMessage(std::string_view message) : message_(message) {
  mime::HeaderScanner scan(message, kLimits);
  fields_.reserve(32);
  for (mime::HeaderField field; scan.next(field);) fields_.push_back(field);
  over_limit_ = scan.over_limit();
  body_ = message.substr(scan.body_offset());
}

std::string_view SignedMessage::bytes_of(const mime::HeaderField& field) const {
  return message_.substr(field.bytes.begin, field.bytes.size());
}

const mime::HeaderField* FieldChooser::next(std::string_view name) {
  auto at = std::find_if(below_.begin(), below_.end(),
                         [&](const auto& entry) { return ascii::equal_ignoring_case(entry.first, name); });
  if (at == below_.end()) at = below_.insert(below_.end(), {name, message_.fields().size()});
  while (at->second > 0) {
    const mime::HeaderField& field = message_.fields()[--at->second];
    if (&field != except_ && ascii::equal_ignoring_case(field.name, name)) return &field;
  }
  return nullptr;
}

void append_field(std::string_view bytes, Canonicalization way, std::string& out) {
  append_line(bytes, way, out);
  out += "\r\n";
}

void append_signature_field(std::string_view bytes, Canonicalization way, std::string& out) {
  bytes = without_line_end(bytes);
  const mime::ByteRange value = find_signature_value(bytes);
  if (value.size() == 0) return append_line(bytes, way, out);
  std::string cut(bytes.substr(0, value.begin));
  cut += bytes.substr(value.end);
  append_line(cut, way, out);
}

}  // namespace penstock::dkim
