// SPDX-License-Identifier: Apache-2.0
#include "dkim/key_file.h"

#include <algorithm>

#include "base/ascii.h"
#include "dkim/key_record.h"

namespace penstock::dkim {
namespace {

std::string_view take_word(std::string_view& text) {
  text = ascii::trim(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = ascii::trim(text.substr(end));
  return word;
}

std::string_view without_type(std::string_view value) {
  std::string_view rest = value;
  std::string_view word = take_word(rest);
  if (!word.empty() && std::all_of(word.begin(), word.end(), ascii::is_digit)) word = take_word(rest);
  if (ascii::equal_ignoring_case(word, "IN")) word = take_word(rest);
  return ascii::equal_ignoring_case(word, "TXT") ? rest : value;
}

Readable<> read_value(std::string_view value, KeyAnswer& answer) {
  if (value == "NXDOMAIN") return {};
  if (value.size() >= 4 && value.starts_with("~~") && value.ends_with("~~")) {
    answer.temporary = true;
    answer.why = value.substr(2, value.size() - 4);
    return {};
  }
  auto record = parse_txt_strings(without_type(value));
  if (!record) return wrong(record.error());
  answer.records.push_back(std::move(*record));
  return {};
}

}  // namespace

Readable<KeyAnswers> answers_from_file(std::string_view text, const std::vector<std::string>& names) {
  KeyAnswers answers;
  for (const std::string& name : names) answers[name];
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = ascii::trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    std::string_view name = take_word(line);
    if (name.ends_with('.')) name.remove_suffix(1);
    const auto wanted = answers.find(ascii::lower(name));
    if (wanted == answers.end()) continue;
    if (auto read = read_value(line, wanted->second); !read) {
      return wrong("line " + std::to_string(number) + ": " + read.error());
    }
  }
  return answers;
}

}  // namespace penstock::dkim
