// SPDX-License-Identifier: Apache-2.0
#include "eventlog/event_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "eventlog/event_fields.h"
#include "eventlog/json_text.h"

namespace penstock::eventlog {
namespace {

// `,"name":` of each field, copied as 16 bytes whatever its length.
struct Key {
  std::array<char, 16> text{};
  std::uint8_t length = 0;
};
constexpr auto kKeys = [] {
  std::array<Key, kFieldNames.size()> keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Key& key = keys[i];
    key.text[key.length++] = ',';
    key.text[key.length++] = '"';
    for (const char c : kFieldNames[i]) key.text[key.length++] = c;
    key.text[key.length++] = '"';
    key.text[key.length++] = ':';
  }
  return keys;
}();

// What a line takes beside its texts: keys, quotes, numbers.
constexpr std::size_t kFixedBytes = kFieldNames.size() * 40 + 256;

// Appends fields at a place with room enough; see line_bytes_max.
class Appender {
 public:
  explicit Appender(char* at) : at_(at) {}

  void raw(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void key(Field field) {
    const Key& k = kKeys[index_of(field)];
    std::memcpy(at_, k.text.data(), k.text.size());
    at_ += k.length;
  }
  // Text of our own that needs no escaping.
  void word(Field field, std::string_view text) {
    key(field);
    quote();
    raw(text);
    quote();
  }
  void text(Field field, std::string_view value) {
    if (value.empty()) return;
    always(field, value);
  }
  void always(Field field, std::string_view value) {
    key(field);
    quote();
    escaped(value);
    quote();
  }
  void number(Field field, std::uint64_t value) {
    if (value == 0) return;
    key(field);
    digits(value);
  }
  void index(Field field, std::uint64_t value) {
    key(field);
    digits(value);
  }
  void time(Field field, Time value) {
    key(field);
    quote();
    at_ = format_time(at_, value);
    quote();
  }
  void digits(std::uint64_t value) { at_ = std::to_chars(at_, at_ + 20, value).ptr; }
  void quote() { *at_++ = '"'; }
  void escaped(std::string_view value) {
    if (value.size() <= kTextMax) {
      at_ = escape_json(at_, value);
      return;
    }
    std::size_t cut = kTextMax;
    while (cut > kTextMax - 4 && (static_cast<unsigned char>(value[cut]) & 0xC0) == 0x80) --cut;
    at_ = escape_json(at_, value.substr(0, cut));
    raw("\xE2\x80\xA6");
  }
  [[nodiscard]] char* at() const { return at_; }

 private:
  char* at_;
};

void append_reply(Appender& out, const model::Reply& reply) {
  if (reply.code == 0 && reply.text.empty()) return;
  std::array<char, 20> enhanced;
  std::size_t enhanced_length = 0;
  if (reply.enhanced) {
    const std::array<std::uint16_t, 3> parts{reply.enhanced.status_class, reply.enhanced.subject,
                                             reply.enhanced.detail};
    char* at = enhanced.data();
    for (const std::uint16_t part : parts) {
      if (at != enhanced.data()) *at++ = '.';
      at = std::to_chars(at, enhanced.data() + enhanced.size(), part).ptr;
    }
    enhanced_length = static_cast<std::size_t>(at - enhanced.data());
  }
  const std::string_view status(enhanced.data(), enhanced_length);
  out.key(Field::Reply);
  out.quote();
  if (reply.code != 0) out.digits(reply.code);
  if (!status.empty() && reply.code != 0) {
    out.raw(" ");
    out.raw(status);
  }
  if (reply.code != 0 && !reply.text.empty()) out.raw(" ");
  std::string_view rest = std::string_view(reply.text).substr(0, kTextMax + 1);
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    out.escaped(rest.substr(0, end));
    out.raw(" / ");
    rest.remove_prefix(end + 1);
  }
  out.escaped(rest);
  if (reply.text.size() > kTextMax && rest.size() <= kTextMax) out.raw("\xE2\x80\xA6");
  out.quote();
  out.number(Field::Code, reply.code);
  if (!status.empty()) out.word(Field::Enhanced, status);
}

std::uint64_t not_negative(Duration duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
}

void append_message(Appender& out, const model::Event& event) {
  if (event.message) {
    // As model::format_id writes it, without the string.
    constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::array<char, 13> id;
    std::uint64_t rest = event.message.value;
    for (std::size_t i = id.size(); i-- > 0; rest >>= 5) id[i] = kDigits[rest & 31];
    out.word(Field::Id, {id.data(), id.size()});
    if (event.has_recipient) out.index(Field::RcptIndex, event.recipient_index);
  }
  out.text(Field::Stream, event.stream);
  out.text(Field::Tenant, event.tenant);
  out.text(Field::Campaign, event.campaign);
  out.text(Field::List, event.list);
  if (event.has_recipient || !event.recipient.empty()) {
    out.always(Field::Sender, event.sender);  // empty: the null sender
  } else {
    out.text(Field::Sender, event.sender);
  }
  out.text(Field::Recipient, event.recipient);
  out.text(Field::Orcpt, event.original_recipient);
  out.text(Field::Envid, event.envelope_id);
}

void append_path(Appender& out, const model::Event& event) {
  out.text(Field::Domain, event.domain);
  out.text(Field::Provider, event.provider);
  out.text(Field::Site, event.site);
  out.text(Field::Vmta, event.vmta);
  out.text(Field::Pool, event.pool);
  out.text(Field::Source, event.source_address);
  out.text(Field::Peer, event.peer_address);
  out.text(Field::PeerHost, event.peer_host);
  out.text(Field::Route, event.route);
  out.text(Field::Protocol, event.protocol);
  out.text(Field::Client, event.client);
  out.text(Field::User, event.user);
  out.text(Field::Extensions, event.extensions);
}

void append_attempt(Appender& out, const model::Event& event) {
  if (event.has_step) out.word(Field::Step, model::to_string(event.step));
  append_reply(out, event.reply);
  if (event.outcome_class != model::OutcomeClass::None) {
    out.word(Field::Class, model::to_string(event.outcome_class));
  }
  out.text(Field::Rule, event.rule);
  if (event.scope != model::Scope::None) out.word(Field::Scope, model::to_string(event.scope));
  out.text(Field::Blocklist, event.blocklist);
  out.number(Field::Attempt, event.attempt);
  out.number(Field::Size, event.bytes);
  out.number(Field::QueuedUs, not_negative(event.queued));
  out.number(Field::TookUs, not_negative(event.took));
  if (event.next_attempt != Time{}) out.time(Field::Next, event.next_attempt);
  out.text(Field::Tls, event.tls_protocol);
  out.text(Field::Cipher, event.tls_cipher);
  out.text(Field::TlsVerified, event.tls_verified);
  out.text(Field::TlsPolicy, event.tls_policy);
  out.number(Field::Connection, event.connection);
  out.text(Field::DkimDomain, event.dkim_domain);
  out.text(Field::Report, event.report);
  out.text(Field::Detail, event.detail);
}

// Upper bound of the line's bytes; texts above kTextMax are cut.
std::size_t line_bytes_max(const model::Event& e, std::string_view node) {
  const auto sum = [](auto... texts) { return (std::min(texts.size(), kTextMax) + ...); };
  const std::size_t texts =
      sum(e.stream, e.tenant, e.campaign, e.list, e.sender, e.recipient, e.original_recipient, e.envelope_id, e.domain,
          e.provider, e.site, e.vmta, e.pool, e.source_address, e.peer_address, e.peer_host, e.route, e.rule,
          e.blocklist, e.protocol, e.client, e.user, e.extensions, std::string_view(e.reply.text), e.tls_protocol,
          e.tls_cipher, e.tls_verified, e.tls_policy, e.dkim_domain, e.report, e.detail);
  return texts * kEscapeGrowth + node.size() + kFixedBytes;
}

}  // namespace

char* format_time(char* out, Time time) {
  constexpr Time kLast{std::chrono::seconds{253'402'300'799}};
  time = std::clamp(time, Time{}, kLast);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  auto rest = static_cast<std::uint64_t>((time - day).count());
  const auto two = [&out](unsigned value) {
    *out++ = static_cast<char>('0' + value / 10);
    *out++ = static_cast<char>('0' + value % 10);
  };
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  two(year / 100);
  two(year % 100);
  *out++ = '-';
  two(static_cast<unsigned>(date.month()));
  *out++ = '-';
  two(static_cast<unsigned>(date.day()));
  *out++ = 'T';
  const auto seconds = static_cast<unsigned>(rest / 1'000'000);
  auto micros = static_cast<unsigned>(rest % 1'000'000);
  two(seconds / 3600);
  *out++ = ':';
  two(seconds / 60 % 60);
  *out++ = ':';
  two(seconds % 60);
  *out++ = '.';
  two(micros / 10'000);
  two(micros / 100 % 100);
  two(micros % 100);
  *out++ = 'Z';
  return out;
}

void append_event(LineBuffer& out, const model::Event& event, std::string_view node) {
  Appender line(out.reserve(line_bytes_max(event, node)));
  line.raw("{\"time\":");
  line.quote();
  Appender after_time(format_time(line.at(), event.time));
  after_time.quote();
  after_time.word(Field::Type, model::to_string(event.type));
  after_time.word(Field::Node, node);
  append_message(after_time, event);
  append_path(after_time, event);
  append_attempt(after_time, event);
  after_time.raw("}\n");
  out.set_end(after_time.at());
}

}  // namespace penstock::eventlog
