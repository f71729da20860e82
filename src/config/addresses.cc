// SPDX-License-Identifier: Apache-2.0
#include "config/addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "config/rules.h"

namespace penstock::config {
namespace {

constexpr std::string_view kUnix = "unix:";

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::string expected_form(const EndpointRules& rules) {
  std::string text = rules.host == Host::AddressOnly ? "an address and a port as \"127.0.0.1:2525\" or \"[::1]:2525\""
                                                     : "a host and a port as \"mx.example.com:25\" or \"[::1]:25\"";
  if (rules.unix_socket == UnixSocket::Accepted) text += ", or a socket as \"unix:/run/lmtp.sock\"";
  return text;
}

// Parts of "host:port", "[v6]:port", or a host alone.
struct Split {
  std::string host, port;
  bool bracketed = false;
};
Split split(const std::string& text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string::npos) return {};
    const std::string rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return {};
    return {text.substr(1, end - 1), rest.empty() ? "" : rest.substr(1), true};
  }
  if (IpAddress::parse(text)) return {text, "", false};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, "", false};
  return {text.substr(0, colon), text.substr(colon + 1), false};
}

std::optional<Endpoint> parse_endpoint(const std::string& text, const EndpointRules& rules) {
  if (text.starts_with(kUnix)) {
    const std::string path = text.substr(kUnix.size());
    // sockaddr_un holds 108 bytes with the final zero.
    const bool good = rules.unix_socket == UnixSocket::Accepted && path.starts_with('/') && path.size() < 108;
    return good ? std::optional(Endpoint{"", 0, path}) : std::nullopt;
  }
  const Split parts = split(text);
  const auto port = parts.port.empty() && rules.default_port != 0 && !text.ends_with(':')
                        ? std::optional(rules.default_port)
                        : parse_port(parts.port);
  const auto address = IpAddress::parse(parts.host);
  if (!port || (address && address->v6 && !parts.bracketed && !parts.port.empty())) return std::nullopt;
  if (address) return Endpoint{address->to_string(), *port, ""};
  const std::string host = ascii::lower(parts.host);
  if (parts.bracketed || rules.host == Host::AddressOnly || !is_domain(host)) return std::nullopt;
  return Endpoint{host, *port, ""};
}

// The form that was probably meant.
std::string better_form(const std::string& text, const EndpointRules& rules) {
  const Split parts = split(text);
  const std::string port = parse_port(parts.port) ? ":" + parts.port : "";
  if (!port.empty() && (parts.host == "*" || parts.host.empty()))
    return "write \"0.0.0.0" + port + "\" for all addresses";
  if (rules.host == Host::AddressOnly && parts.host == "localhost") return "write \"127.0.0.1" + port + "\"";
  if (parse_port(text)) return "write \"127.0.0.1:" + text + "\"";
  if (const auto address = IpAddress::parse(parts.host); address && address->v6 && !port.empty() && !parts.bracketed) {
    return "write \"[" + parts.host + "]" + port + "\"";
  }
  if (const auto address = IpAddress::parse(text); address && address->v6) {
    return "put the IPv6 address in brackets and add the port, as \"[::1]:2525\"";
  }
  return parts.port.empty() && !parts.host.empty() ? "add the port" : "";
}

}  // namespace

std::string Endpoint::to_string() const {
  if (!unix_path.empty()) return std::string(kUnix) + unix_path;
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

std::string Route::to_string() const {
  std::string text;
  switch (kind) {
    case Kind::Mx: return "mx";
    case Kind::Null: return "null";
    case Kind::Relay: text = "relay"; break;
    case Kind::Lmtp: text = "lmtp"; break;
  }
  for (const Endpoint& one : hosts) text.append(" ").append(one.to_string());
  return text;
}

Kind<Endpoint> endpoint(EndpointRules rules) {
  auto read = [rules](const Value& value, Endpoint& out, Complaints& complaints) {
    auto parsed = value.kind == Value::Kind::Text ? parse_endpoint(value.text, rules) : std::nullopt;
    if (!parsed) {
      complaints.wrong_kind(value, expected_form(rules),
                            value.kind == Value::Kind::Text ? better_form(value.text, rules) : "");
      return false;
    }
    out = std::move(*parsed);
    return true;
  };
  std::string bounds = rules.host == Host::AddressOnly ? "address:port" : "host:port";
  if (rules.default_port != 0) bounds += fmt::format("; port {} when left out", rules.default_port);
  return {"endpoint", bounds, read, [](const Endpoint& value) { return quote(value.to_string()); }};
}

Kind<IpNetwork> network() {
  auto read = [](const Value& value, IpNetwork& out, Complaints& complaints) {
    const auto parsed = IpNetwork::parse(value.text);
    if (value.kind != Value::Kind::Text || !parsed) {
      const bool bits = value.kind == Value::Kind::Text && parsed.error().find("did you mean") != std::string::npos;
      complaints.wrong_kind(value, "a network as \"10.0.0.0/8\" or an address",
                            bits ? parsed.error().substr(parsed.error().find("did you mean")) : "");
      return false;
    }
    out = *parsed;
    return true;
  };
  return {"network", "", read, [](const IpNetwork& value) { return quote(value.to_string()); }};
}

Kind<IpAddress> address() {
  auto read = [](const Value& value, IpAddress& out, Complaints& complaints) {
    const auto parsed = IpAddress::parse(value.text);
    if (value.kind != Value::Kind::Text || !parsed || parsed->is_any()) {
      complaints.wrong_kind(value, "an IPv4 or IPv6 address of this machine");
      return false;
    }
    out = *parsed;
    return true;
  };
  return {"address", "", read, [](const IpAddress& value) { return quote(value.to_string()); }};
}

Kind<Pairs> pairs(Kind<std::string> name, std::string words) {
  auto read = [name, words](const Value& value, Pairs& out, Complaints& complaints) {
    if (value.kind != Value::Kind::Table) {
      complaints.wrong_kind(value, "a table as { \"name\" = \"pattern\" }");
      return false;
    }
    out.clear();
    bool good = true;
    for (const Entry& entry : value.table) {
      Value key;
      key.kind = Value::Kind::Text;
      key.text = entry.key;
      key.place = entry.place;
      std::pair<std::string, std::string> pair;
      const bool fine =
          name.read(key, pair.first, complaints) && any_text(998).read(entry.value, pair.second, complaints);
      if (fine) out.push_back(std::move(pair));
      good = good && fine;
    }
    return good;
  };
  auto write = [](const Pairs& values) {
    std::vector<std::string> parts;
    for (const auto& [key, pattern] : values) parts.push_back(quote(key) + " = " + quote(pattern));
    return values.empty() ? std::string() : fmt::format("{{ {} }}", fmt::join(parts, ", "));
  };
  return {std::move(words), "", read, write};
}

}  // namespace penstock::config
