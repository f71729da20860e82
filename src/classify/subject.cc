// SPDX-License-Identifier: Apache-2.0
#include "classify/subject.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/ascii.h"
#include "model/class_policy.h"

namespace penstock::classify {
namespace {

using model::Scope;
using model::Step;
using Words = std::span<const std::string_view>;

// Nobody but us can be meant by these, whoever is named beside us.
constexpr auto kOurHost =
    std::to_array<std::string_view>({"your ip",           "your host",       "your server",   "your network",
                                     "your access",       "your system",     "your mta",      "your mail server",
                                     "your mailserver",   "your isp",        "your range",    "your subnet",
                                     "your client",       "your connection", "your provider", "client host",
                                     "client ip",         "sending host",    "sending ip",    "sending server",
                                     "sending mta",       "connecting host", "connecting ip", "remote host",
                                     "remote ip",         "sender ip",       "source ip",     "not allowed to connect",
                                     "host impersonating"});
constexpr auto kOurSender = std::to_array<std::string_view>(
    {"your domain",      "your address",   "your email address", "your e-mail address", "your account",
     "your sender",      "sender address", "sender domain",      "senders domain",      "sender's domain",
     "sender's address", "sending domain", "sender rejected",    "sender denied",       "sender refused",
     "sender blocked",   "sender not",     "sender is",          "envelope sender",     "envelope from",
     "from address",     "from domain",    "from header",        "return path",         "return-path",
     "reverse path",     "reverse-path"});
constexpr auto kRecipient = std::to_array<std::string_view>(
    {"recipient", "user", "mailbox", "mail box", "addressee", "subscriber", "customer", "destinataire", "destinatario",
     "empfanger", "benutzer", "utilisateur", "usuario", "utente"});
constexpr auto kSender = std::to_array<std::string_view>(
    {"sender", "mail from", "email from", "e-mail from", "messages from", "message from", "mails from"});
constexpr auto kHost = std::to_array<std::string_view>(
    {"host",       "client",    "ip",           "network",    "connect",     "connection", "mail server",
     "mailserver", "mta",       "access to",    "connecting", "connections", "subnet",     "netblock",
     "whitelist",  "allowlist", "from servers", "helo",       "ehlo",        "firewall",   "country"});
constexpr auto kMessage = std::to_array<std::string_view>(
    {"message", "content", "subject", "attachment", "header", "body", "url", "link", "word", "your mail", "your email",
     "your e-mail", "mail content", "transaction", "command", "this mail", "this email", "this e-mail"});
// A domain of these is the one the mail is for.
constexpr auto kOfRecipient =
    std::to_array<std::string_view>({"destination ", "recipient ", "this ", "target ", "our ", "local ", "remote "});

// At `at` a word begins and ends behind `length`, plural and possessive apart.
bool stands_alone(std::string_view text, std::size_t at, std::size_t length) {
  if (at > 0 && (ascii::is_alnum(text[at - 1]) || text[at - 1] == '@')) return false;
  std::string_view rest = text.substr(at + length);
  if (rest.starts_with("'s")) rest.remove_prefix(2);
  if (rest.starts_with("s")) rest.remove_prefix(1);
  // Within a host name or an address a word means nothing.
  return rest.empty() || !(ascii::is_alnum(rest[0]) || rest[0] == '@' || rest[0] == '_' ||
                           (rest[0] == '.' && rest.size() > 1 && ascii::is_alnum(rest[1])));
}

std::size_t find_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if (stands_alone(text, at, word.size())) return at;
  }
  return std::string_view::npos;
}

bool has_any(std::string_view text, Words words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return find_word(text, word) != std::string_view::npos; });
}

// Four numbers below 256 with dots between, and how many characters they take; 0: none at `at`.
std::size_t ipv4_at(std::string_view text, std::size_t at) {
  std::size_t i = at;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (i >= text.size() || text[i++] != '.')) return 0;
    const std::size_t begin = i;
    int number = 0;
    while (i < text.size() && i - begin < 3 && ascii::is_digit(text[i])) number = number * 10 + (text[i++] - '0');
    if (i == begin || number > 255) return 0;
  }
  return i - at;
}

// The address of a host ("192.0.2.1", "[2001:db8::1]") or, with "/24" behind it, of a range.
std::optional<Scope> address_in(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool first = i == 0 || !(ascii::is_alnum(text[i - 1]) || text[i - 1] == '.' || text[i - 1] == '-');
    if (!first || !ascii::is_digit(text[i])) continue;
    const std::size_t length = ipv4_at(text, i);
    const std::string_view rest = text.substr(i + length);
    if (length == 0 || (!rest.empty() && (ascii::is_alnum(rest[0]) || rest[0] == '-'))) continue;
    if (rest.size() > 1 && rest[0] == '.' && ascii::is_alnum(rest[1])) continue;  // part of a host name
    return rest.size() > 1 && rest[0] == '/' && ascii::is_digit(rest[1]) ? Scope::IpRange : Scope::SourceIp;
  }
  // IPv6: hexadecimal numbers with two colons at least among them.
  for (std::size_t i = text.find(':'); i != std::string_view::npos; i = text.find(':', i + 1)) {
    const auto is_part = [](char c) { return ascii::is_digit(c) || (c >= 'a' && c <= 'f') || c == ':'; };
    std::size_t begin = i;
    std::size_t end = i;
    while (begin > 0 && is_part(text[begin - 1])) --begin;
    while (end < text.size() && is_part(text[end])) ++end;
    const std::string_view run = text.substr(begin, end - begin);
    if (std::count(run.begin(), run.end(), ':') >= 3 || run.find("::") != std::string_view::npos)
      return Scope::SourceIp;
    i = end - 1;
  }
  return std::nullopt;
}

bool names_foreign_domain(std::string_view text) {
  const std::size_t at = find_word(text, "domain");
  if (at == std::string_view::npos) return false;
  const std::string_view before = text.substr(0, at);
  return std::none_of(kOfRecipient.begin(), kOfRecipient.end(),
                      [&](std::string_view whose) { return before.ends_with(whose); });
}

bool names_range(std::string_view text) {
  for (const std::string_view words :
       {"your range", "your ip range", "your netblock", "your subnet", "your address range"}) {
    if (text.find(words) != std::string_view::npos) return true;
  }
  return text.find('/') != std::string_view::npos && address_in(text) == Scope::IpRange;
}

bool is_before_recipients(const Said& said) {
  return said.step && *said.step <= Step::Mail;
}

// What passes by itself.
constexpr auto kPassing =
    std::to_array<std::string_view>({"temporar",  "try again",         "try later",     "later",    "retry",
                                     "right now", "at the moment",     "at this time",  "momentar", "cache",
                                     "ldap",      "server down",       "is down",       "not yet",  "yet,",
                                     "exist yet", "being provisioned", "being created", "shortly",  "voruberge",
                                     "spater",    "plus tard",         "mas tarde",     "piu tardi"});

}  // namespace

bool says_it_passes(std::string_view text) {
  return std::any_of(kPassing.begin(), kPassing.end(),
                     [&](std::string_view words) { return text.find(words) != std::string_view::npos; });
}

std::optional<Scope> scope_in_words(std::string_view text) {
  if (const auto address = address_in(text)) return address;
  if (has_any(text, kOurHost)) return Scope::SourceIp;
  if (has_any(text, kOurSender)) return Scope::SenderDomain;
  if (has_any(text, kRecipient)) return Scope::Recipient;
  if (has_any(text, kSender)) return Scope::SenderDomain;
  if (has_any(text, kHost)) return Scope::SourceIp;
  if (names_foreign_domain(text)) return Scope::SenderDomain;
  if (has_any(text, kMessage)) return Scope::Message;
  for (const std::string_view us : {"you", "your"}) {
    if (find_word(text, us) != std::string_view::npos) return Scope::SourceIp;
  }
  return std::nullopt;
}

Scope scope_of(model::OutcomeClass outcome_class, Scope stated, const Said& said) {
  Scope scope = stated == Scope::None ? model::policy_of(outcome_class).scope : stated;
  if (scope == Scope::SourceIp && names_range(said.text)) return Scope::IpRange;
  if (scope != Scope::Recipient) return scope;
  if (is_before_recipients(said)) return *said.step == Step::Mail ? Scope::SenderDomain : Scope::SourceIp;
  if (outcome_class != model::OutcomeClass::Policy) return scope;
  if (stated != Scope::None) return has_any(said.text, kOurHost) ? Scope::SourceIp : scope;
  const auto told = scope_in_words(said.text);
  if (told) return *told;
  const bool after_data = said.step && (*said.step == Step::Data || *said.step == Step::EndOfData);
  return after_data ? Scope::Message : scope;
}

}  // namespace penstock::classify
