// SPDX-License-Identifier: Apache-2.0
#include "dns/unbound_context.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "dns/name.h"
#include "net/stream.h"

namespace penstock::dns {
namespace {

using Bytes = std::span<const unsigned char>;

// Collects the first failure, so that a list of settings reads as a list.
class Settings {
 public:
  explicit Settings(ub_ctx* context) : context_(context) {}
  void set(const char* option, const std::string& value) {
    check(ub_ctx_set_option(context_, option, value.c_str()), Errc::Library, fmt::format("{} {}", option, value));
  }
  void check(int status, Errc errc, const std::string& what) {
    if (status != 0 && !failure_) failure_ = Error{errc, fmt::format("{}: {}", what, ub_strerror(status))};
  }
  void reject(const std::string& why) {
    if (!failure_) failure_ = Error{Errc::BadOption, why};
  }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  ub_ctx* context_;
  std::optional<Error> failure_;
};

// "127.0.0.53:5353" → "127.0.0.53@5353", libunbound's spelling. Empty when it is no address with a port.
std::string to_server(const std::string& text) {
  const auto endpoint = net::parse_endpoint(text);
  if (!endpoint || endpoint->protocol().family() == AF_UNIX) return {};
  std::string server = net::format_endpoint(*endpoint);
  server[server.rfind(':')] = '@';
  std::erase_if(server, [](char c) { return c == '[' || c == ']'; });
  return server;
}

// libunbound answers some names itself ("test.", "127.in-addr.arpa." and the like, RFC 6303, RFC 6761). A stub zone at
// or below one of them is meant to be asked of its server; the closest local zone decides, and a transparent one steps
// aside. (Its "nodefault" works in a file only.) Nor must a signed parent prove that the stub zone does not exist.
void open_zone(Settings& settings, const std::string& zone, bool dnssec) {
  settings.set("local-zone:", zone + ". transparent");
  if (!dnssec) settings.set("domain-insecure:", zone + ".");
}

void set_limits(Settings& settings, const UnboundOptions& options) {
  // Validation costs memory and time; without an anchor it could only ever say "insecure".
  settings.set("module-config:", options.trust_anchor_file.empty() ? "iterator" : "validator iterator");
  if (!options.strict_dnssec) settings.set("harden-dnssec-stripped:", "no");
  settings.set("outgoing-range:", "4096");
  settings.set("num-queries-per-thread:", "4096");
  settings.set("msg-cache-size:", std::to_string(options.cache_bytes / 3));
  settings.set("rrset-cache-size:", std::to_string(options.cache_bytes / 3 * 2));
  settings.set("cache-max-negative-ttl:", "300");
  // What is known of a server's health is forgotten this soon. The default of 15 minutes would defer mail long after
  // the only resolver came back; with 60 s it took 20 s, measured after an outage of 40 s.
  settings.set("infra-host-ttl:", "15");
  settings.set("infra-keep-probing:", "yes");
  settings.set("infra-cache-max-rtt:", "5000");
  // Fewer questions for each answer. What an MTA asks for is no secret to those it asks.
  settings.set("qname-minimisation:", "no");
  settings.set("do-not-query-localhost:", "no");
}

void set_servers(Settings& settings, ub_ctx* context, const UnboundOptions& options) {
  for (const StubZone& stub : options.stubs) {
    const auto zone = normalize_name(stub.zone);
    const std::string server = to_server(stub.server);
    if (!zone || zone->empty()) return settings.reject(fmt::format("stub zone \"{}\" is no domain", stub.zone));
    if (server.empty()) {
      return settings.reject(fmt::format("stub server \"{}\" is not an address with a port", stub.server));
    }
    open_zone(settings, *zone, stub.dnssec);
    settings.check(ub_ctx_set_stub(context, zone->c_str(), server.c_str(), 0), Errc::BadOption,
                   fmt::format("stub zone {} at {}", stub.zone, stub.server));
  }
  for (const std::string& upstream : options.upstreams) {
    const std::string server = to_server(upstream);
    if (server.empty()) return settings.reject(fmt::format("upstream \"{}\" is not an address with a port", upstream));
    settings.check(ub_ctx_set_fwd(context, server.c_str()), Errc::BadOption, "upstream " + upstream);
  }
  if (options.upstreams.empty() && !options.resolv_conf.empty()) {
    settings.check(ub_ctx_resolvconf(context, options.resolv_conf.c_str()), Errc::BadOption,
                   fmt::format("resolvers of {}", options.resolv_conf));
  }
  if (!options.trust_anchor_file.empty()) {
    settings.check(ub_ctx_add_ta_file(context, options.trust_anchor_file.c_str()), Errc::BadOption,
                   "trust anchor file " + options.trust_anchor_file);
  }
}

std::optional<Record> read_address(Bytes data, int family, std::size_t size) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (data.size() != size || inet_ntop(family, data.data(), text.data(), text.size()) == nullptr) return std::nullopt;
  return Record{0, text.data()};
}

std::optional<Record> read_name(Bytes data, std::uint16_t preference) {
  auto name = take_wire_name(data);
  if (!name) return std::nullopt;
  return Record{preference, std::move(*name)};
}

std::optional<Record> read_text(Bytes data) {
  Record record;
  while (!data.empty()) {
    const std::size_t length = data[0];
    if (length >= data.size()) return std::nullopt;
    record.value.append(reinterpret_cast<const char*>(data.data()) + 1, length);
    data = data.subspan(1 + length);
  }
  return record;
}

std::optional<Record> read_record(RecordType type, Bytes data) {
  switch (type) {
    case RecordType::A: return read_address(data, AF_INET, 4);
    case RecordType::Aaaa: return read_address(data, AF_INET6, 16);
    case RecordType::Mx:
      if (data.size() < 3) return std::nullopt;
      return read_name(data.subspan(2), static_cast<std::uint16_t>(data[0] << 8U | data[1]));
    case RecordType::Cname:
    case RecordType::Soa:
    case RecordType::Ptr: return read_name(data, 0);
    case RecordType::Txt: return read_text(data);
    case RecordType::Tlsa:
      if (data.size() < 4) return std::nullopt;
      return Record{0, std::string(data.begin(), data.end())};
  }
  PENSTOCK_UNREACHABLE();
}

std::string rcode_text(int rcode) {
  constexpr std::array<std::string_view, 6> kNames{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  const auto index = static_cast<std::size_t>(rcode);
  return index < kNames.size() ? std::string(kNames[index]) : fmt::format("rcode {}", rcode);
}

Status status_of(const ub_result& result) {
  if (result.bogus != 0) return Status::Bogus;
  if (result.nxdomain != 0) return Status::NxDomain;
  if (result.rcode != 0) return Status::ServFail;
  return result.havedata != 0 ? Status::Found : Status::NoData;
}

}  // namespace

Result<ContextPtr> make_context(const UnboundOptions& options) {
  ContextPtr context(ub_ctx_create());
  if (!context) return fail(Errc::Library, "no context");
  Settings settings(context.get());
  set_limits(settings, options);
  set_servers(settings, context.get(), options);
  settings.check(ub_ctx_async(context.get(), 1), Errc::Library, "asynchronous use");
  // libunbound reads files no sooner than at the first look-up, or at the first change of its local zones, like this
  // one.
  settings.check(ub_ctx_zone_remove(context.get(), "nothing.invalid."), Errc::BadOption,
                 options.trust_anchor_file.empty() ? "its options" : "trust anchor file " + options.trust_anchor_file);
  if (settings.failure()) return fail(*settings.failure());
  return context;
}

Answer to_answer(const ub_result& result, const Question& question) {
  Answer answer;
  answer.status = status_of(result);
  answer.rcode = static_cast<std::uint8_t>(result.rcode);
  answer.secure = result.secure != 0;
  answer.ttl = std::chrono::seconds(std::max(result.ttl, 0));
  answer.canonical_name = question.name;
  if (result.canonname != nullptr) {
    if (auto name = normalize_name(result.canonname); name && !name->empty()) answer.canonical_name = *name;
  }
  if (answer.status == Status::Bogus && result.why_bogus != nullptr) answer.why = result.why_bogus;
  if (answer.status == Status::ServFail) answer.why = rcode_text(result.rcode);
  if (answer.status != Status::Found) return answer;
  for (std::size_t i = 0; result.data[i] != nullptr; ++i) {
    const Bytes data(reinterpret_cast<const unsigned char*>(result.data[i]), static_cast<std::size_t>(result.len[i]));
    if (auto record = read_record(question.type, data)) answer.records.push_back(std::move(*record));
  }
  if (answer.records.empty()) {
    answer.status = Status::ServFail;
    answer.why = "malformed records";
  }
  return answer;
}

}  // namespace penstock::dns
