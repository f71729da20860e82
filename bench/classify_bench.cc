// SPDX-License-Identifier: Apache-2.0
// What it costs to know what a reply means: replies seen before, and wordings that never came before.
//
// Use:  bench_classify [FILE]    a file of "provider<TAB>reply" lines instead of the samples of the shipped rules
// Processor time of this thread, so that other work on the machine does not count; the median of many rounds.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "classify/classifier.h"
#include "classify/read_rules.h"

using namespace penstock;

namespace {

struct Line {
  std::string provider, text;
};

double cpu_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<Line> samples() {
  config::Problems problems;
  std::vector<Line> lines;
  for (const config::TextFile& text : classify::shipped_texts()) {
    const auto file = classify::read_rule_file(text.text, text.name, problems);
    if (!file) continue;
    for (const classify::Rule& rule : file->rules) {
      for (const std::string& sample : rule.samples) lines.push_back({file->provider, sample});
    }
  }
  return lines;
}

std::vector<Line> lines_of(const char* path) {
  std::ifstream in(path);
  std::vector<Line> lines;
  for (std::string line; std::getline(in, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) {
      lines.push_back({"", line});
    } else {
      lines.push_back({line.substr(0, tab), line.substr(tab + 1)});
    }
  }
  return lines;
}

void print(const std::string& what, double value, const char* unit) {
  fmt::print("{:<62}{:>10.2f} {}\n", what, value, unit);
}

std::size_t classify_all(const classify::Classifier& classifier, const std::vector<Line>& lines) {
  std::size_t final = 0;
  for (const Line& line : lines) final += classifier.classify_text(line.text, line.provider).final ? 1U : 0U;
  return final;
}

// The same replies with other numbers and names in them each time, as they come from real receivers.
std::vector<Line> varied(const std::vector<Line>& lines, unsigned round) {
  std::vector<Line> out = lines;
  unsigned number = round * 7919 + 1;
  for (Line& line : out) {
    for (std::size_t i = 4; i < line.text.size(); ++i) {
      char& c = line.text[i];
      number = number * 1103515245 + 12345;
      if (i > 12 && c >= '0' && c <= '9' && line.text[i - 1] != '[') c = static_cast<char>('0' + (number >> 16) % 10);
    }
    line.text += fmt::format(" {:x}.{} - mx{}.receiver.example", number, number % 997, number % 89);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr unsigned kRounds = 101;
  double start = cpu_microseconds();
  const auto classifier = classify::Classifier::shipped();
  print("rules read and compiled, once", (cpu_microseconds() - start) / 1e3, "ms");
  const std::vector<Line> lines = argc > 1 ? lines_of(argv[1]) : samples();
  if (lines.empty()) return fmt::print("no replies\n"), 1;
  const auto each = static_cast<double>(lines.size());

  std::size_t final = 0;
  if (argc > 1) {
    start = cpu_microseconds();
    final += classify_all(*classifier, samples());
    print("the samples of all rules, once", (cpu_microseconds() - start) / 1e3, "ms");
  }
  start = cpu_microseconds();
  final += classify_all(*classifier, lines);
  print(fmt::format("each of {} replies for the first time", lines.size()), (cpu_microseconds() - start) / each, "µs");
  std::vector<double> known;
  std::vector<double> new_words;
  std::vector<double> general;
  std::vector<Line> nobody = lines;
  for (Line& line : nobody) line.provider.clear();
  for (unsigned round = 0; round < kRounds; ++round) {
    start = cpu_microseconds();
    final += classify_all(*classifier, lines);
    known.push_back((cpu_microseconds() - start) / each);
    const std::vector<Line> other = varied(lines, round);
    start = cpu_microseconds();
    final += classify_all(*classifier, other);
    new_words.push_back((cpu_microseconds() - start) / each);
    start = cpu_microseconds();
    final += classify_all(*classifier, nobody);
    general.push_back((cpu_microseconds() - start) / each);
  }
  print("a reply, provider known", median(known), "µs");
  print("a reply, general rules only", median(general), "µs");
  print("a reply with names and numbers never seen", median(new_words), "µs");
  if (final == 0) fmt::print("nothing was final\n");
}
