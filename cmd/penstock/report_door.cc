// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/report_door.h"

#include "cmd/penstock/json_read.h"

namespace penstock::cli {
namespace {

constexpr std::string_view kLocalPart = "feedback-import";

// The first text between quotes: of "a", and of ["a", "b"]. "" when there is none.
std::string first_text(const std::string& value) {
  const std::size_t begin = value.find('"');
  if (begin == std::string::npos) return {};
  const std::size_t end = value.find('"', begin + 1);
  return end == std::string::npos ? std::string() : value.substr(begin + 1, end - begin - 1);
}

std::string value_of(const boost::json::array& settings, const std::string& key) {
  for (const boost::json::value& row : settings) {
    if (row.is_object() && text_of(row.as_object(), "key") == key) return text_of(row.as_object(), "value");
  }
  return {};
}

// A listener on every address is found on the loopback one.
std::string reachable(std::string address) {
  for (const auto& [every, loopback] : {std::pair("0.0.0.0:", "127.0.0.1:"), std::pair("[::]:", "[::1]:")}) {
    if (address.starts_with(every)) return loopback + address.substr(std::string_view(every).size());
  }
  return address;
}

}  // namespace

std::optional<ReportDoor> find_report_door(const boost::json::array& settings) {
  constexpr std::string_view kTable = "listener.";
  constexpr std::string_view kDomains = ".report_domains";
  for (const boost::json::value& row : settings) {
    if (!row.is_object()) continue;
    const std::string key = text_of(row.as_object(), "key");
    if (!key.starts_with(kTable) || !key.ends_with(kDomains)) continue;
    const std::string domain = first_text(text_of(row.as_object(), "value"));
    const std::string address =
        first_text(value_of(settings, key.substr(0, key.size() - kDomains.size()) + ".address"));
    if (domain.empty() || address.empty()) continue;
    return ReportDoor{reachable(address), std::string(kLocalPart) + "@" + domain};
  }
  return std::nullopt;
}

}  // namespace penstock::cli
