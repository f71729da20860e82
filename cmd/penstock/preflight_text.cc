// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/preflight_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

#include "base/ascii.h"
#include "cmd/penstock/human.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;
using preflight::Finding;
using preflight::Group;
using preflight::Level;
using preflight::Report;

constexpr std::size_t kLevelColumn = 2;
constexpr std::size_t kTextColumn = 21;   // "  fail  spf-lookups  "
constexpr std::size_t kColumnsMax = 110;  // longer lines are hard to read
constexpr std::size_t kColumnsMin = 50;
constexpr std::size_t kBarWidth = 24;

std::string coloured(std::string_view text, std::string_view code, bool on) {
  return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

// The word of a level as a column; failures catch the eye without colours too.
std::string level_word(Level level, bool colours) {
  switch (level) {
    case Level::Pass: return coloured("pass", "32", colours);
    case Level::Warn: return coloured("WARN", "33;1", colours);
    case Level::Fail: return coloured("FAIL", "31;1", colours);
    case Level::Skip: return coloured("skip", "2", colours);
  }
  return {};
}

std::string_view title_of(const std::string& kind) {
  if (kind == "machine") return "This machine";
  if (kind == "vmta") return "vMTA";
  if (kind == "stream") return "Stream";
  if (kind == "message") return "Message";
  if (kind == "domain") return "Domain";
  if (kind == "envelope-domain") return "Envelope domain";
  if (kind == "relay") return "Relay";
  return "Listener";
}

// `text` cut at blanks into lines that begin in column `indent`, the first of which is there already.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
  const std::size_t width = std::max<std::size_t>(30, columns > indent ? columns - indent : 0);
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    text.remove_prefix(std::min(text.size(), blank + 1));
    const auto size = static_cast<std::size_t>(std::count_if(
        word.begin(), word.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    if (used > 0 && used + 1 + size > width) {
      out += "\n" + std::string(indent, ' ');
      used = 0;
    }
    if (used > 0) {
      out += ' ';
      ++used;
    }
    out += word;
    used += size;
  }
  return out + "\n";
}

// A remark below a finding: "why   …". Lines after the first of `text` are records and commands, to be copied: they
// stay whole.
std::string remark(std::string_view name, std::string_view text, std::size_t columns) {
  constexpr std::size_t kIndent = kTextColumn + 6;
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string out =
      fmt::format("{:{}}{:<6}", "", kTextColumn, name) + wrapped(printable(text.substr(0, end)), kIndent, columns);
  text.remove_prefix(std::min(text.size(), end + 1));
  while (!text.empty()) {
    const std::size_t next = std::min(text.find('\n'), text.size());
    out += std::string(kIndent, ' ') + printable(text.substr(0, next)) + "\n";
    text.remove_prefix(std::min(text.size(), next + 1));
  }
  return out;
}

class Writer {
 public:
  explicit Writer(const PreflightStyle& style)
      : style_(style), columns_(std::clamp(style.columns, kColumnsMin, kColumnsMax)) {}

  void write(const Group& group) {
    std::string text;
    for (const Finding& finding : group.findings) {
      const bool problem = finding.level == Level::Warn || finding.level == Level::Fail;
      if (problem || !style_.problems_only) write(finding, problem, text);
    }
    if (text.empty()) return;
    std::string head = fmt::format("{} {}", title_of(group.kind), printable(group.name));
    head = coloured(head, "1", style_.colours);
    if (!group.detail.empty()) head += fmt::format(" ({})", printable(group.detail));
    out += head + "\n" + text + "\n";
  }
  std::string out;

 private:
  void write(const Finding& finding, bool problem, std::string& text) {
    text += fmt::format("{:{}}{}  {:<13}", "", kLevelColumn, level_word(finding.level, style_.colours),
                        preflight::to_string(finding.check));
    text += wrapped(printable(finding.what), kTextColumn, columns_);
    bool& explained = explained_[static_cast<std::size_t>(finding.check)];
    if (problem && !explained) {
      text += remark("why", preflight::why(finding.check), columns_);
      explained = true;
    }
    if (!finding.mend.empty()) text += remark("mend", finding.mend, columns_);
  }

  const PreflightStyle& style_;
  const std::size_t columns_;
  std::array<bool, preflight::kCheckCount> explained_{};  // once is enough
};

std::string took_text(Duration took) {
  return fmt::format("{:.1f} s", static_cast<double>(took.count()) / 1e6);
}

}  // namespace

std::string preflight_text(const Report& report, const PreflightStyle& style) {
  Writer writer(style);
  for (const Group& group : report.groups) writer.write(group);
  return std::move(writer.out);
}

std::string preflight_summary(const Report& report, Duration took) {
  const std::size_t warnings = report.count(Level::Warn);
  std::string text = fmt::format("{} passed, {} {}, {} failed", report.count(Level::Pass), warnings,
                                 warnings == 1 ? "warning" : "warnings", report.count(Level::Fail));
  if (const std::size_t skipped = report.count(Level::Skip); skipped > 0) text += fmt::format(", {} skipped", skipped);
  text += fmt::format(", in {}. ", took_text(took));
  if (!report.good()) return text + "Not ready: mend what failed before sending.";
  return text + (warnings > 0 ? "Ready, with warnings." : "Ready to send.");
}

json::object preflight_json(const Report& report, Duration took) {
  json::array groups;
  for (const Group& group : report.groups) {
    json::array findings;
    for (const Finding& finding : group.findings) {
      json::object one{{"level", preflight::to_string(finding.level)},
                       {"check", preflight::to_string(finding.check)},
                       {"what", finding.what},
                       {"why", preflight::why(finding.check)}};
      if (!finding.mend.empty()) one["mend"] = finding.mend;
      findings.push_back(std::move(one));
    }
    json::object one{{"kind", group.kind}, {"name", group.name}};
    if (!group.detail.empty()) one["detail"] = group.detail;
    one["findings"] = std::move(findings);
    groups.push_back(std::move(one));
  }
  return {{"ready", report.good()},
          {"passed", report.count(Level::Pass)},
          {"warnings", report.count(Level::Warn)},
          {"failed", report.count(Level::Fail)},
          {"skipped", report.count(Level::Skip)},
          {"took_ms", took.count() / 1000},
          {"groups", std::move(groups)}};
}

std::string preflight_progress(const preflight::Progress& progress) {
  std::string bar(kBarWidth * progress.done / std::max<std::size_t>(1, progress.all), '#');
  bar.resize(kBarWidth, ' ');
  return fmt::format("[{}]  {} of {}  {}", bar, progress.done, progress.all, printable(progress.what)).substr(0, 78);
}

}  // namespace penstock::cli
