// SPDX-License-Identifier: Apache-2.0
#include "sim/dns_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/ascii.h"

namespace penstock::sim::dns {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kOurUdpSize = 1232;  // fits every path without fragments (DNS flag day 2020)

// Reads numbers and names; once it has failed it stays so.
class Reader {
 public:
  explicit Reader(std::string_view packet) : packet_(packet) {}
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] std::size_t at() const { return at_; }

  std::uint8_t u8() {
    if (at_ >= packet_.size()) {
      good_ = false;
      return 0;
    }
    return static_cast<std::uint8_t>(packet_[at_++]);
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  void skip(std::size_t count) {
    good_ = good_ && packet_.size() - at_ >= count;
    if (good_) at_ += count;
  }
  // A name without compression: a query has nothing before it that it could point to.
  std::string name() {
    std::string text;
    std::size_t octets = 1;
    for (std::size_t length = u8(); good_ && length != 0; length = u8()) {
      octets += length + 1;
      if (length > 63 || octets > 255) good_ = false;
      if (!text.empty()) text += '.';
      for (std::size_t i = 0; good_ && i < length; ++i) {
        const char c = static_cast<char>(u8());
        if (c == '.' || c == '\\') text += '\\';
        text += ascii::to_lower(c);
      }
    }
    return text;
  }

 private:
  std::string_view packet_;
  std::size_t at_ = 0;
  bool good_ = true;
};

void put16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xFF);
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, static_cast<std::uint16_t>(value >> 16));
  put16(out, static_cast<std::uint16_t>(value & 0xFFFF));
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  // `text` must be made of labels of at most 63 octets, which the zone and the queries see to.
  void name(std::string_view text) {
    while (!text.empty()) {
      if (const auto known = places_.find(std::string(text)); known != places_.end()) {
        put16(out_, static_cast<std::uint16_t>(0xC000 | known->second));
        return;
      }
      if (out_.size() < 0x4000) places_.emplace(text, static_cast<std::uint16_t>(out_.size()));
      std::string label;
      std::size_t i = 0;
      for (; i < text.size() && text[i] != '.'; ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) ++i;
        label += text[i];
      }
      out_ += static_cast<char>(label.size());
      out_ += label;
      text.remove_prefix(std::min(text.size(), i + 1));
    }
    out_ += '\0';
  }
  // The question's name is in the packet already; answers point to it.
  void remember(std::string_view text, std::size_t place) {
    if (!text.empty()) places_.emplace(text, static_cast<std::uint16_t>(place));
  }

  void record(const Record& record) {
    name(record.name);
    put16(out_, static_cast<std::uint16_t>(record.type));
    put16(out_, 1);
    put32(out_, record.ttl);
    const std::size_t length_at = out_.size();
    put16(out_, 0);
    data(record);
    const std::size_t length = out_.size() - length_at - 2;
    out_[length_at] = static_cast<char>(length >> 8);
    out_[length_at + 1] = static_cast<char>(length & 0xFF);
  }

 private:
  void data(const Record& record) {
    switch (record.type) {
      case Type::A:
      case Type::AAAA: out_ += record.data; break;
      case Type::MX: put16(out_, record.preference); [[fallthrough]];
      case Type::CNAME:
      case Type::NS:
      case Type::PTR: name(record.target); break;
      case Type::TXT: text(record.data); break;
      case Type::SOA: soa(record); break;
      case Type::OPT:
      case Type::ANY: break;
    }
  }
  // In strings of at most 255 octets (RFC 1035 §3.3.14).
  void text(std::string_view all) {
    do {
      const std::string_view part = all.substr(0, 255);
      out_ += static_cast<char>(part.size());
      out_ += part;
      all.remove_prefix(part.size());
    } while (!all.empty());
  }
  void soa(const Record& record) {
    name(record.target);
    name("hostmaster." + record.name);
    for (const std::uint32_t value : {1U, 3600U, 600U, 86400U, record.ttl}) put32(out_, value);
  }

  std::string& out_;
  std::unordered_map<std::string, std::uint16_t> places_;
};

void put_opt(std::string& out, const Query& query, Rcode rcode) {
  out += '\0';
  put16(out, static_cast<std::uint16_t>(Type::OPT));
  put16(out, kOurUdpSize);
  out += static_cast<char>(static_cast<unsigned>(rcode) >> 4);
  out += '\0';
  put16(out, query.dnssec_ok ? 0x8000 : 0);
  put16(out, 0);
}

}  // namespace

std::string to_string(Type type) {
  switch (type) {
    case Type::A: return "A";
    case Type::NS: return "NS";
    case Type::CNAME: return "CNAME";
    case Type::SOA: return "SOA";
    case Type::PTR: return "PTR";
    case Type::MX: return "MX";
    case Type::TXT: return "TXT";
    case Type::AAAA: return "AAAA";
    case Type::OPT: return "OPT";
    case Type::ANY: return "ANY";
  }
  return fmt::format("TYPE{}", static_cast<std::uint16_t>(type));
}

tl::expected<Query, NoQuery> parse_query(std::string_view packet) {
  if (packet.size() < kHeader) return tl::unexpected(NoQuery{});
  Reader in(packet);
  Query query;
  query.id = in.u16();
  const std::uint16_t flags = in.u16();
  if ((flags & 0x8000) != 0) return tl::unexpected(NoQuery{});
  const auto bad = [&](Rcode rcode) { return tl::unexpected(NoQuery{true, query.id, rcode}); };
  if ((flags >> 11 & 0xF) != 0) return bad(Rcode::NotImp);
  query.recursion_desired = (flags & 0x0100) != 0;
  const std::uint16_t questions = in.u16();
  const std::uint16_t answers = in.u16();
  const std::uint16_t authority = in.u16();
  const std::uint16_t additional = in.u16();
  if (questions != 1 || answers != 0 || authority != 0) return bad(Rcode::FormErr);
  query.name = in.name();
  query.type = static_cast<Type>(in.u16());
  query.dns_class = in.u16();
  if (!in.good()) return bad(Rcode::FormErr);
  query.question_wire = std::string(packet.substr(kHeader, in.at() - kHeader));
  for (unsigned i = 0; i < additional; ++i) {
    const std::string name = in.name();
    const auto type = static_cast<Type>(in.u16());
    const std::uint16_t size = in.u16();
    in.u8();
    const std::uint8_t version = in.u8();
    const std::uint16_t opt_flags = in.u16();
    in.skip(in.u16());
    if (!in.good()) return bad(Rcode::FormErr);
    if (type != Type::OPT) continue;
    if (!name.empty() || query.edns) return bad(Rcode::FormErr);
    query.edns = true;
    query.edns_version = version;
    query.dnssec_ok = (opt_flags & 0x8000) != 0;
    query.udp_size = std::max<std::uint16_t>(512, size);
  }
  return query;
}

std::string format_response(const Query& query, const Response& response, std::size_t size_max) {
  const unsigned rcode = static_cast<unsigned>(response.rcode) & 0xF;
  for (const bool truncated : {false, true}) {
    std::string out;
    put16(out, query.id);
    put16(out,
          static_cast<std::uint16_t>(0x8000U | (response.authoritative ? 0x0400U : 0U) | (truncated ? 0x0200U : 0U) |
                                     (query.recursion_desired ? 0x0100U : 0U) | rcode));
    put16(out, 1);
    const auto count = [&](const std::vector<Record>& records) {
      put16(out, static_cast<std::uint16_t>(truncated ? 0 : records.size()));
    };
    count(response.answers);
    count(response.authority);
    put16(out, static_cast<std::uint16_t>((truncated ? 0 : response.additional.size()) + (query.edns ? 1 : 0)));
    out += query.question_wire;
    Writer writer(out);
    writer.remember(query.name, kHeader);
    if (!truncated) {
      for (const auto* section : {&response.answers, &response.authority, &response.additional}) {
        for (const Record& record : *section) writer.record(record);
      }
    }
    if (query.edns) put_opt(out, query, response.rcode);
    if (out.size() <= size_max || truncated) return out;
  }
  return {};
}

std::string format_refusal(const NoQuery& problem) {
  std::string out;
  put16(out, problem.id);
  put16(out, static_cast<std::uint16_t>(0x8000U | static_cast<unsigned>(problem.rcode)));
  for (int i = 0; i < 4; ++i) put16(out, 0);
  return out;
}

}  // namespace penstock::sim::dns
