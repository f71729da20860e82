// SPDX-License-Identifier: Apache-2.0
#include "config/kinds.h"

#include <fmt/format.h>

#include <cmath>

#include "base/characters.h"

namespace penstock::config {
namespace {

// For a number to which its unit is missing.
std::string with_unit(const Value& value, const std::string& unit) {
  const bool digits = value.kind == Value::Kind::Text && !value.text.empty() &&
                      value.text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits && value.kind != Value::Kind::Integer) return {};
  const std::string number = digits ? value.text : fmt::format("{}", value.integer);
  return fmt::format("the unit belongs to the value: \"{}{}{}\"", number, unit.size() > 1 ? " " : "", unit);
}

// Reads what parse() understands, written by format(), between two bounds.
template <class T, class Parse, class Format>
Kind<T> bounded(std::string words, std::string expected, std::string unit, T least, T most, Parse parse,
                Format format) {
  auto read = [=](const Value& value, T& out, Complaints& complaints) {
    const auto parsed = value.kind == Value::Kind::Text ? parse(value.text) : parse("");
    if (!parsed) {
      complaints.wrong_kind(value, expected, with_unit(value, unit));
      return false;
    }
    if (*parsed < least || *parsed > most) {
      complaints.add(value.place,
                     fmt::format("must be from {} to {}, not {}", format(least), format(most), value.text));
      return false;
    }
    out = static_cast<T>(*parsed);
    return true;
  };
  auto write = [format](const T& value) { return quote(format(value)); };
  return {std::move(words), fmt::format("{} to {}", format(least), format(most)), read, write};
}

constexpr const char* kSizeExpected = "a size as \"512 KiB\" or \"10 MiB\"";
constexpr const char* kSpanExpected = "a duration with its unit, as \"30s\", \"5m\" or \"2h\"";
constexpr double kMostPerSecond = 1e6;
constexpr std::uint64_t kMostBytes = 1'000'000'000;  // TokenBucket counts no more
constexpr double kLeastPerSecond = 1.0 / 86'400;

}  // namespace

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const Character next = first_character(text);
    if (next.steers) {
      quoted += fmt::format("\\u{:04X}", next.code);
    } else {
      if (text.front() == '"' || text.front() == '\\') quoted += '\\';
      quoted += text.substr(0, next.bytes);
    }
    text.remove_prefix(next.bytes);
  }
  return quoted + '"';
}

std::string group_digits(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string write_decimal(double number) {
  return fmt::format("{}", number);
}

std::string write_list(std::vector<std::string> elements) {
  return fmt::format("[{}]", fmt::join(elements, ", "));
}

Kind<std::uint32_t> number(std::uint32_t least, std::uint32_t most) {
  auto read = [least, most](const Value& value, std::uint32_t& out, Complaints& complaints) {
    if (value.kind != Value::Kind::Integer) {
      const bool quoted =
          value.kind == Value::Kind::Text && value.text.find_first_not_of("0123456789") == std::string::npos;
      complaints.wrong_kind(value, "a whole number", quoted ? "write it without quotes" : "");
      return false;
    }
    if (value.integer < least || value.integer > most) {
      complaints.add(value.place, fmt::format("must be from {} to {}, not {}", group_digits(least), group_digits(most),
                                              value.integer));
      return false;
    }
    out = static_cast<std::uint32_t>(value.integer);
    return true;
  };
  auto write = [](const std::uint32_t& value) { return fmt::format("{}", value); };
  return {"number", group_digits(least) + " to " + group_digits(most), read, write};
}

Kind<std::uint32_t> number_or_unset(std::uint32_t least, std::uint32_t most) {
  Kind<std::uint32_t> kind = number(least, most);
  kind.write = [](const std::uint32_t& value) { return value == 0 ? std::string() : fmt::format("{}", value); };
  return kind;
}

Kind<double> decimal(double least, double most) {
  auto read = [least, most](const Value& value, double& out, Complaints& complaints) {
    if (!value.is_number()) {
      complaints.wrong_kind(value, "a number");
      return false;
    }
    if (!(value.decimal >= least && value.decimal <= most)) {  // also false for NaN
      complaints.add(value.place, fmt::format("must be from {} to {}, not {}", write_decimal(least),
                                              write_decimal(most), write_decimal(value.decimal)));
      return false;
    }
    out = value.decimal;
    return true;
  };
  return {"number", write_decimal(least) + " to " + write_decimal(most), read, write_decimal};
}

Kind<std::uint64_t> size(std::uint64_t least, std::uint64_t most) {
  return bounded<std::uint64_t>("size", kSizeExpected, "KiB", least, most, parse_size, format_size);
}

Kind<std::uint64_t> size_per_second(std::uint64_t least, std::uint64_t most) {
  const auto parse = [](std::string_view text) {
    return text.ends_with("/s") ? parse_size(text.substr(0, text.size() - 2)) : parse_size("");
  };
  const auto format = [](std::uint64_t bytes) { return format_size(bytes) + "/s"; };
  return bounded<std::uint64_t>("size per second", "a size per second as \"64 MiB/s\"", "MiB/s", least, most, parse,
                                format);
}

Kind<std::uint32_t> small_size(std::uint32_t least, std::uint32_t most) {
  return bounded<std::uint32_t>("size", kSizeExpected, "KiB", least, most, parse_size,
                                [](std::uint32_t bytes) { return format_size(bytes); });
}

Kind<Duration> span(Duration least, Duration most) {
  return bounded<Duration>("duration", kSpanExpected, "s", least, most, parse_duration, format_duration);
}

Kind<Duration> span_or_off(Duration least, Duration most) {
  Kind<Duration> kind = span(least, most);
  kind.bounds = "\"off\", or " + kind.bounds;
  kind.read = [inner = kind.read](const Value& value, Duration& out, Complaints& complaints) {
    if (value.kind != Value::Kind::Text || value.text != "off") return inner(value, out, complaints);
    out = Duration::zero();
    return true;
  };
  kind.write = [](const Duration& value) {
    return value == Duration::zero() ? quote("off") : quote(format_duration(value));
  };
  return kind;
}

Kind<Rate> rate() {
  auto read = [](const Value& value, Rate& out, Complaints& complaints) {
    const auto parsed = value.kind == Value::Kind::Text ? parse_rate(value.text) : parse_rate("");
    if (!parsed) {
      complaints.wrong_kind(value, "a rate as \"10/s\", \"600/min\", \"5000/h\" or \"100000/d\"");
      return false;
    }
    if (parsed->per_second() < kLeastPerSecond || parsed->per_second() > kMostPerSecond) {
      complaints.add(value.place, "must be from 1/d to 1000000/s, not " + value.text);
      return false;
    }
    out = *parsed;
    return true;
  };
  auto write = [](const Rate& value) { return value.count == 0 ? std::string() : quote(format_rate(value)); };
  return {"rate", "1/d to 1000000/s", read, write};
}

Kind<Rate> byte_rate() {
  auto read = [](const Value& value, Rate& out, Complaints& complaints) {
    const std::string text = value.kind == Value::Kind::Text ? value.text : "";
    const std::size_t slash = text.rfind('/');
    const auto size = parse_size(text.substr(0, slash));
    const auto span = parse_rate(slash == std::string::npos ? "" : "1" + text.substr(slash));
    if (!size || !span) {
      complaints.wrong_kind(value, "bytes in a span of time as \"512 KiB/s\" or \"100 MB/h\"");
      return false;
    }
    if (*size == 0 || *size > kMostBytes) {
      complaints.add(value.place, "must be from 1 B to 1 GB in the span, not " + value.text, "name a shorter span");
      return false;
    }
    out = {static_cast<double>(*size), span->per};
    return true;
  };
  auto write = [](const Rate& value) {
    if (value.count == 0) return std::string();
    const std::string once = format_rate({1, value.per});
    return quote(format_size(static_cast<std::uint64_t>(value.count)) + once.substr(once.find('/')));
  };
  return {"byte rate", "up to 1 GB in the span", read, write};
}

Kind<bool> flag() {
  auto read = [](const Value& value, bool& out, Complaints& complaints) {
    if (value.kind != Value::Kind::Flag) {
      complaints.wrong_kind(value, "true or false", value.kind == Value::Kind::Text ? "write it without quotes" : "");
      return false;
    }
    out = value.flag;
    return true;
  };
  return {"flag", "true, false", read, [](const bool& value) { return std::string(value ? "true" : "false"); }};
}

Kind<std::string> text(std::string words, TextRule rule) {
  auto read = [rule = std::move(rule)](const Value& value, std::string& out, Complaints& complaints) {
    if (value.kind != Value::Kind::Text) {
      complaints.wrong_kind(value, "a text", value.kind == Value::Kind::List ? "" : "write it in quotes");
      return false;
    }
    std::string given = value.text;
    if (const auto wrong = rule(given)) {
      complaints.add(value.place, wrong->rest, wrong->suggestion);
      return false;
    }
    out = std::move(given);
    return true;
  };
  auto write = [](const std::string& value) { return value.empty() ? std::string() : quote(value); };
  return {std::move(words), "", read, write};
}

}  // namespace penstock::config
