// SPDX-License-Identifier: Apache-2.0
#include "dkim/signature.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "dkim/tag_list.h"

namespace penstock::dkim {
namespace {

// ftext of RFC 5322 §3.6.8, without the semicolon that would have ended the tag.
bool is_field_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7F' && c != ':'; });
}

// Up to 76 digits are legal (RFC 6376 §3.5); what does not fit means "very large".
Readable<std::uint64_t> parse_number(std::string_view text, std::string_view tag) {
  const bool digits = !text.empty() && text.size() <= 76 && std::all_of(text.begin(), text.end(), ascii::is_digit);
  if (!digits) return wrong(std::string(tag) + "= is no number");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc::result_out_of_range ? UINT64_MAX : number;
}

// Reads the tags of one signature; the first problem stays in `problem`.
class Reader {
 public:
  Reader(const TagList& tags, Era era) : tags_(tags), era_(era) {}

  Readable<Signature> read() {
    read_version();
    read_algorithm();
    read_domain();
    read_headers();
    read_identity();
    s_.body_hash = base64("bh");
    s_.bytes = base64("b");
    read_query();
    read_length_and_times();
    if (!problem_.empty()) return wrong(problem_);
    return std::move(s_);
  }

 private:
  void complain(std::string words) {
    if (problem_.empty()) problem_ = std::move(words);
  }

  // "" and a complaint when the tag is missing or empty.
  std::string_view required(std::string_view name) {
    const std::string_view* value = tags_.find(name);
    if (value == nullptr) complain(std::string(name) + "= is missing");
    if (value != nullptr && value->empty()) complain(std::string(name) + "= is empty");
    return value == nullptr ? std::string_view() : *value;
  }

  void read_version() {
    const std::string_view* v = tags_.find("v");
    if (era_ == Era::Historic && (v == nullptr || *v == "0.5")) return;
    if (required("v") != "1") complain("v= is not 1");
  }

  void read_algorithm() {
    const std::string_view a = required("a");
    if (const auto algorithm = parse_algorithm(a)) {
      s_.algorithm = *algorithm;
    } else {
      complain("a= names no algorithm we know");
    }
    const std::string_view* c = tags_.find("c");
    if (c == nullptr) return;
    if (const auto both = parse_canonicalizations(*c)) {
      s_.canonicalization = *both;
    } else {
      complain("c= names no canonicalization we know");
    }
  }

  void read_domain() {
    s_.domain = ascii::lower(without_space(required("d")));
    if (!is_domain(s_.domain)) complain("d= is no domain");
    s_.selector = ascii::lower(without_space(required("s")));
    if (!is_domain(s_.selector)) complain("s= is no selector");
  }

  void read_headers() {
    for (const std::string_view name : split(required("h"), ':')) {
      if (!is_field_name(name)) complain("h= is no list of field names");
      s_.headers.push_back(ascii::lower(name));
    }
    if (std::find(s_.headers.begin(), s_.headers.end(), "from") == s_.headers.end()) complain("h= lacks From");
  }

  void read_identity() {
    const std::string_view* i = tags_.find("i");
    if (i == nullptr) {
      s_.identity = "@" + s_.domain;
      return;
    }
    const auto decoded = decode_quoted_printable(*i);
    const std::size_t at = decoded ? decoded->rfind('@') : std::string::npos;
    if (at == std::string::npos) return complain("i= is no identity");
    const std::string domain = ascii::lower(decoded->substr(at + 1));
    if (!is_within(domain, s_.domain)) return complain("i= is not within d=");
    s_.identity = decoded->substr(0, at + 1) + domain;
  }

  std::string base64(std::string_view name) {
    auto decoded = decode_base64(required(name));
    if (decoded && !decoded->empty()) return std::move(*decoded);
    complain(std::string(name) + "= is no base64" + (decoded ? "" : ": " + decoded.error()));
    return {};
  }

  void read_query() {
    const std::string_view* q = tags_.find("q");
    if (q == nullptr) return;
    const auto methods = split(*q, ':');
    const bool known = std::any_of(methods.begin(), methods.end(), [&](std::string_view method) {
      return ascii::equal_ignoring_case(method, "dns/txt") || (era_ == Era::Historic && method == "dns");
    });
    if (!known) complain("q= names no way to the key that we know");
  }

  std::optional<std::uint64_t> number(std::string_view name) {
    const std::string_view* text = tags_.find(name);
    if (text == nullptr) return std::nullopt;
    const auto value = parse_number(*text, name);
    if (value) return *value;
    complain(value.error());
    return std::nullopt;
  }

  void read_length_and_times() {
    s_.body_length = number("l");
    const auto signed_at = number("t");
    const auto expires_at = number("x");
    if (signed_at && expires_at && *expires_at <= *signed_at) complain("x= is not after t=");
    // The end of the year 9999 is as good as any later time, and can be written as a date.
    static constexpr std::uint64_t kLast = 253'402'300'799;
    const auto to_time = [](std::uint64_t seconds) {
      return std::chrono::sys_seconds(std::chrono::seconds(std::min(seconds, kLast)));
    };
    if (signed_at) s_.signed_at = to_time(*signed_at);
    if (expires_at) s_.expires_at = to_time(*expires_at);
  }

  const TagList& tags_;
  const Era era_;
  Signature s_;
  std::string problem_;
};

}  // namespace

Readable<Signature> parse_signature(std::string_view value, Era era) {
  const auto tags = TagList::parse(value);
  if (!tags) return wrong(tags.error());
  return Reader(*tags, era).read();
}

std::string key_name(std::string_view selector, std::string_view domain) {
  std::string name(selector);
  name += "._domainkey.";
  name += domain;
  return name;
}

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (const std::string_view label : split(text, '.')) {
    const bool good = !label.empty() && label.size() <= 63 && std::all_of(label.begin(), label.end(), [](char c) {
      return ascii::is_alnum(c) || c == '-' || c == '_' || static_cast<unsigned char>(c) > 127;
    });
    if (!good) return false;
  }
  return true;
}

bool is_within(std::string_view name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

}  // namespace penstock::dkim
