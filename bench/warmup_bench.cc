// SPDX-License-Identifier: Apache-2.0
// Thirty days of warming up in simulated time, as a table, or as a picture (docs/img/warmup.svg).
//
// Use:  bench_warmup [--plot FILE] [--seed N]
// Mail enough at all times; a recipient's answer comes two seconds after it was let go; 2 % bounce. On day 12 the
// provider defers a fifth of what it gets, on day 20 one recipient in 250 complains.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "warmup/account.h"

namespace penstock::warmup {
namespace {

using namespace std::chrono_literals;

constexpr int kDays = 30;
constexpr int kDeferringDay = 12, kComplainingDay = 20;
constexpr Duration kStep = 5s, kAnswer = 2s;

struct Day {
  std::uint64_t planned = 0, allowance = 0, taken = 0, deferred = 0, bounced = 0, complaints = 0;
  std::uint64_t busiest_hour = 0, most_at_once = 0;
  bool warm = false;
  std::string why;
};

class Play {
 public:
  explicit Play(std::uint64_t seed) : rng_(seed), account_(make_schedule(), {}) {}

  std::vector<Day> run() {
    std::vector<Day> days;
    for (int day = 1; day <= kDays; ++day) days.push_back(run_day(day));
    return days;
  }

 private:
  static SchedulePtr make_schedule() {
    auto schedule = std::make_shared<Schedule>();
    schedule->plan.curve = {.start = 50, .growth = 1.35, .cap = 20'000};
    schedule->hours = SendingHours::make("08:00-20:00", {}).value();
    return schedule;
  }
  Day run_day(int day) {
    Day result;
    std::uint64_t hour_began = 0;
    now_ += 8h;
    account_.roll(now_, now_);
    result.planned = account_.ledger().planned;
    result.warm = account_.ledger().finished;
    for (Duration gone{0}; gone < 16h; gone += kStep, now_ += kStep) {
      answer(day);
      if (!result.warm) {
        const std::uint32_t may = account_.reserve(1000, now_, now_);
        result.most_at_once = std::max<std::uint64_t>(result.most_at_once, may);
        if (may > 0) under_way_.push_back({now_ + kAnswer, may});
      }
      if (gone % 1h != Duration{0}) continue;
      const std::uint64_t taken = account_.ledger().counts.taken;
      result.busiest_hour = std::max(result.busiest_hour, taken - hour_began);
      hour_began = taken;
    }
    const DayCounts& counts = account_.ledger().counts;
    result.allowance = account_.allowance();
    result.taken = counts.taken;
    result.deferred = counts.deferred;
    result.bounced = counts.bounced;
    result.complaints = counts.complaints;
    result.why = account_.tomorrow().verdict.why;
    return result;
  }
  void answer(int day) {
    while (!under_way_.empty() && under_way_.front().at <= now_) {
      const std::uint32_t reserved = under_way_.front().recipients;
      under_way_.pop_front();
      std::uint32_t taken = 0, deferred = 0, bounced = 0, complaints = 0;
      for (std::uint32_t i = 0; i < reserved; ++i) {
        const std::uint64_t drawn = rng_.below(1000);
        if (drawn < 20) {
          ++bounced;
        } else if (day == kDeferringDay && drawn < 220) {
          ++deferred;
        } else {
          ++taken;
          complaints += day == kComplainingDay && rng_.below(250) == 0 ? 1 : 0;
        }
      }
      account_.settle(reserved, taken, now_, now_);
      for (; deferred > 0; --deferred) account_.note_deferred(now_, now_);
      for (; bounced > 0; --bounced) account_.note_bounced(now_, now_);
      for (; complaints > 0; --complaints) account_.note_complaint(now_, now_);
    }
  }

  struct UnderWay {
    Time at;
    std::uint32_t recipients;
  };
  Rng rng_;
  Account account_;
  Time now_{std::chrono::sys_days{std::chrono::year{2026} / 11 / 1}};
  std::deque<UnderWay> under_way_;
};

// The allowance as an outline, what was taken as a bar, what the plan had before a cut as a dashed line.
std::string draw(const std::vector<Day>& days) {
  constexpr double kLeft = 70, kTop = 40, kWidth = 26, kHeight = 300;
  std::uint64_t top = 1;
  for (const Day& day : days) top = std::max(top, day.warm ? 0 : day.planned);
  const auto y_of = [&](std::uint64_t value) {
    return kTop + kHeight * (1 - static_cast<double>(value) / static_cast<double>(top));
  };
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" font-family=\"sans-serif\" "
      "font-size=\"11\">"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/><text x=\"{:.0f}\" y=\"20\" font-size=\"13\">Recipients a "
      "day: "
      "allowed (line), before a cut (dashed), taken (bar; red: a share above its bound)</text>\n",
      kLeft + kWidth * kDays + 20, kTop + kHeight + 40, kLeft);
  for (int i = 0; i <= 4; ++i) {
    const std::uint64_t value = top * static_cast<std::uint64_t>(i) / 4;
    out += fmt::format(
        "<line x1=\"{0:.0f}\" x2=\"{1:.0f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#ddd\"/>"
        "<text x=\"{3:.0f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        kLeft, kLeft + kWidth * kDays, y_of(value), kLeft - 6, y_of(value) + 4, value);
  }
  for (std::size_t i = 0; i < days.size(); ++i) {
    const Day& day = days[i];
    const double x = kLeft + kWidth * static_cast<double>(i);
    const bool bad = day.why.find("above") != std::string::npos || day.allowance < day.planned;
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"middle\">{}</text>", x + kWidth / 2,
                       kTop + kHeight + 16, i + 1);
    if (day.warm) {
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"middle\" fill=\"#2a7\">warm</text>\n",
                         x + kWidth / 2, kTop + kHeight - 6);
      continue;
    }
    out += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.0f}\" height=\"{:.1f}\" fill=\"{}\"/>", x + 4,
                       y_of(day.taken), kWidth - 8, kTop + kHeight - y_of(day.taken), bad ? "#c55" : "#58a");
    const auto line = [&](std::uint64_t value, const char* style) {
      out += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#222\" {}/>", x + 1,
                         x + kWidth - 1, y_of(value), y_of(value), style);
    };
    if (day.planned != day.allowance) line(day.planned, "stroke-dasharray=\"3 2\"");
    line(day.allowance, "stroke-width=\"2\"");
    out += '\n';
  }
  return out + "</svg>\n";
}

int run(int argc, char** argv) {
  std::uint64_t seed = 1;
  std::string plot;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i], value = argv[i + 1];
    if (name == "--plot") plot = value;
    if (name == "--seed") std::from_chars(value.data(), value.data() + value.size(), seed);
  }
  const std::vector<Day> days = Play(seed).run();
  fmt::print("day planned allowed   taken deferred bounced complaints busiest-hour most-at-once  why\n");
  for (std::size_t i = 0; i < days.size(); ++i) {
    const Day& day = days[i];
    if (day.warm) {
      fmt::print("{:3} warm\n", i + 1);
      continue;
    }
    fmt::print("{:3} {:7} {:7} {:7} {:8} {:7} {:10} {:12} {:12}  {}\n", i + 1, day.planned, day.allowance, day.taken,
               day.deferred, day.bounced, day.complaints, day.busiest_hour, day.most_at_once, day.why);
  }
  if (!plot.empty()) std::ofstream(plot) << draw(days);
  return 0;
}

}  // namespace
}  // namespace penstock::warmup

int main(int argc, char** argv) {
  return penstock::warmup::run(argc, argv);
}
