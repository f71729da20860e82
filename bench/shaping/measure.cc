// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace penstock::bench {
namespace {

constexpr std::size_t kWindow = 10;  // seconds

constexpr double kWidth = 900, kHeight = 170, kLeft = 60, kTop = 28, kGap = 46;
constexpr std::size_t kPoints = 900;

std::string polyline(const std::vector<float>& values, double most, double top, const char* style) {
  std::string points;
  const std::size_t step = std::max<std::size_t>(1, values.size() / kPoints);
  for (std::size_t i = 0; i < values.size(); i += step) {
    const double x = kLeft + kWidth * static_cast<double>(i) / static_cast<double>(values.size());
    const double y = top + kHeight * (1 - std::min(1.0, values[i] / most));
    points += fmt::format("{:.1f},{:.1f} ", x, y);
  }
  return fmt::format("<polyline fill=\"none\" {} points=\"{}\"/>\n", style, points);
}

}  // namespace

Settled settle_time(const PathMeasure& path, std::size_t from, std::size_t until) {
  const std::size_t last = std::min(until, path.seconds.size());
  for (std::size_t begin = from; begin + kWindow <= last; ++begin) {
    double allowed = 0, taken = 0, refused = 0;
    bool waited = true;
    for (std::size_t i = begin; i < begin + kWindow; ++i) {
      const PathMeasure::Second& second = path.seconds[i];
      waited = waited && second.allowed > 0;
      allowed += second.allowed;
      taken += second.taken;
      refused += second.refused;
    }
    if (!waited) return {static_cast<double>(begin - from), false};
    const bool carries = taken + 1 >= 0.9 * allowed;
    const bool quiet = refused <= std::max(1.0, 0.02 * (taken + refused));
    if (carries && quiet) return {static_cast<double>(begin - from), true};
  }
  return {static_cast<double>(last > from ? last - from : 0), false};
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size()))) - 1;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

std::string draw_svg(const std::vector<PlotSeries>& series) {
  const double height = kTop + static_cast<double>(series.size()) * (kHeight + kGap);
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kLeft + kWidth + 20, height);
  double top = kTop;
  for (const PlotSeries& one : series) {
    double most = 1;
    for (const float value : one.hidden) most = std::max<double>(most, value);
    most *= 1.25;
    out += fmt::format("<text x=\"{}\" y=\"{:.0f}\" font-weight=\"bold\">{}</text>\n", kLeft, top - 8, one.title);
    out += fmt::format(
        "<text x=\"{}\" y=\"{:.0f}\" text-anchor=\"end\"><tspan fill=\"#d62728\">hidden limit</tspan> · <tspan "
        "fill=\"#1f77b4\">ours</tspan> · <tspan fill=\"#999999\">taken</tspan></text>\n",
        kLeft + kWidth, top - 8);
    for (int i = 0; i <= 4; ++i) {
      const double y = top + kHeight * (1 - i / 4.0);
      out += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#eeeeee\"/>\n", kLeft,
                         kLeft + kWidth, y, y);
      out += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\" fill=\"#555555\">{:.3g}</text>\n", kLeft - 6,
                         y + 4, most * i / 4);
    }
    const double minutes = static_cast<double>(one.hidden.size()) / 60;
    const double each = std::max(1.0, std::round(minutes / 10));
    for (double minute = 0; minute <= minutes; minute += each) {
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" fill=\"#555555\">{:.0f} min</text>\n",
                         kLeft + kWidth * minute / std::max(minutes, 1e-9), top + kHeight + 15, minute);
    }
    out += fmt::format("<text x=\"4\" y=\"{:.1f}\" fill=\"#555555\">{}</text>\n", top + kHeight + 15, one.unit);
    out += polyline(one.taken, most, top, "stroke=\"#bbbbbb\" stroke-width=\"1\"");
    out += polyline(one.hidden, most, top, "stroke=\"#d62728\" stroke-width=\"1.6\"");
    out += polyline(one.ours, most, top, "stroke=\"#1f77b4\" stroke-width=\"1.2\"");
    top += kHeight + kGap;
  }
  return out + "</svg>\n";
}

}  // namespace penstock::bench
