// SPDX-License-Identifier: Apache-2.0
// [[warmup]]: how new sending addresses are brought up to their volume.
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using enum Apply;

constexpr std::size_t kVmtas = 1'000;
constexpr std::size_t kProviders = 1'000;
constexpr std::size_t kDays = 366;
constexpr std::uint32_t kMostADay = 1'000'000'000;

// Also "*": each provider on its own. Sites that belong to no provider are called "other".
Kind<std::string> warmup_provider() {
  Kind<std::string> kind = name();
  kind.read = [named = kind.read](const Value& value, std::string& out, Complaints& complaints) {
    if (value.kind == Value::Kind::Text && value.text == "*") {
      out = "*";
      return true;
    }
    return named(value, out, complaints);
  };
  return kind;
}

}  // namespace

const Section& warmup_section() {
  static const Section section =
      SectionBuilder<Warmup>("[[warmup]]")
          .required("vmta", &Warmup::vmta, list_of(name(), "list of names", kVmtas, Single::Accepted), Live,
                    "The vMTAs that are warmed up, each on its own.")
          .required("provider", &Warmup::provider,
                    list_of(warmup_provider(), "list of names", kProviders, Single::Accepted), Live,
                    "At which providers; \"*\": at every provider, each on its own; \"other\": at all sites together "
                    "that belong to none.")
          .add("days", &Warmup::days, list_of(number(1, kMostADay), "list of numbers", kDays), Live,
               "Recipients that may be taken on the first, second, … day. Instead of start, growth and cap.", "growth")
          .add("start", &Warmup::start, number(1, kMostADay), Live, "Recipients that may be taken on the first day;")
          .add("growth", &Warmup::growth, decimal(1.01, 10), Live, "each good day brings this many times as many,")
          .add("cap", &Warmup::cap, number(1, kMostADay), Live,
               "up to this. A good day with the last allowance ends the warm-up.")
          .add("hours", &Warmup::hours, hours(), Live, "When it sends: the day's allowance is spread over them.")
          .add("zone", &Warmup::zone, zone(), Live, "Whose time that is, and whose days.")
          .add("beyond", &Warmup::beyond,
               word<WarmupBeyond>({{"warm", WarmupBeyond::Warm}, {"wait", WarmupBeyond::Wait}}), Live,
               "What is beyond the allowance: goes by other vMTAs of the pool, or waits for this one.")
          .add("ahead", &Warmup::ahead, span(1s, 24h), Live,
               "With \"warm\": how long mail may wait for its turn here before others of the pool carry it.")
          .add("deferral_share", &Warmup::deferral_share, decimal(0.001, 1), Live,
               "Share of answers that may be deferrals on a good day; well above it the allowance is cut.")
          .add("bounce_share", &Warmup::bounce_share, decimal(0.001, 1), Live, "Likewise bounces.")
          .add("complaint_share", &Warmup::complaint_share, decimal(0.0001, 1), Live,
               "Likewise complaints, of what was taken.")
          .add("least_answers", &Warmup::least_answers, number(1, 1'000'000), Live,
               "Below this many answers no share counts.")
          .add("least_used", &Warmup::least_used, decimal(0, 1), Live,
               "A day that used less than this share of its allowance is repeated.")
          .build();
  return section;
}

}  // namespace penstock::config
