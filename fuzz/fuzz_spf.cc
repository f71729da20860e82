// SPDX-License-Identifier: Apache-2.0
// An SPF record of a stranger, and whatever its includes and macros lead to: the input's lines answer in turn.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "spf/check_host.h"
#include "spf/macro.h"
#include "spf/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  using namespace penstock::spf;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto take_line = [&text] {
    const std::size_t end = text.find('\n');
    std::string line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
  };
  Query query;
  query.domain = "example.com";
  query.helo = "mta.example.com";
  query.sender = take_line();
  query.address = *IpAddress::parse(size % 2 == 0 ? "192.0.2.1" : "2001:db8::1");
  query.walk = size % 3 == 0 ? Walk::Everything : Walk::UntilMatch;
  Answers known;
  Outcome outcome = check_host(query, known);
  int rounds = 0;
  for (; !outcome.missing.empty(); outcome = check_host(query, known)) {
    PENSTOCK_CHECK(++rounds <= 4 * kWalkLookupsMax + 4);
    for (const Question& question : outcome.missing) {
      PENSTOCK_CHECK(!known.contains(question) && question.name.size() <= 253 + 9);
      Answer& answer = known[question];
      const std::string line = take_line();
      answer.status = line.empty() ? Answer::Status::None : Answer::Status::Found;
      if (line == "~") answer.status = Answer::Status::Trouble;
      if (answer.status == Answer::Status::Found) answer.values.push_back(line);
    }
  }
  PENSTOCK_CHECK(outcome.verdict == Verdict::PermError || outcome.lookups <= kWalkLookupsMax);
  (void)outcome.to_string();
  return 0;
}
