// SPDX-License-Identifier: Apache-2.0
// A DNS of a few lines for tests: "example.com TXT v=spf1 -all", one record a line; a value of "~" is trouble.
#pragma once

#include <sstream>
#include <string>

#include "spf/check_host.h"

namespace penstock::spf::testing {

class Zone {
 public:
  explicit Zone(const std::string& lines) {
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string name, type, value;
      if (!(words >> name >> type)) continue;
      std::getline(words >> std::ws, value);
      Answer& answer = answers_[{type_of(type), name}];
      answer.status = value == "~" ? Answer::Status::Trouble : Answer::Status::Found;
      if (value != "~") answer.values.push_back(value);
    }
  }
  [[nodiscard]] Answer ask(const Question& question) const {
    const auto found = answers_.find(question);
    return found == answers_.end() ? Answer{Answer::Status::None} : found->second;
  }
  // Asks until everything is known. `rounds` counts how often.
  [[nodiscard]] Outcome check(const Query& query, int* rounds = nullptr) const {
    Answers known;
    Outcome outcome = check_host(query, known);
    for (; !outcome.missing.empty(); outcome = check_host(query, known)) {
      for (const Question& question : outcome.missing) known[question] = ask(question);
      if (rounds != nullptr) ++*rounds;
    }
    return outcome;
  }

 private:
  static RecordType type_of(const std::string& text) {
    if (text == "A") return RecordType::A;
    if (text == "AAAA") return RecordType::Aaaa;
    if (text == "MX") return RecordType::Mx;
    if (text == "PTR") return RecordType::Ptr;
    return RecordType::Txt;
  }
  Answers answers_;
};

}  // namespace penstock::spf::testing
