// SPDX-License-Identifier: Apache-2.0
#include "spf/check_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/check.h"
#include "spf/macro.h"
#include "spf/name.h"
#include "spf/record.h"

namespace penstock::spf {
namespace {

constexpr std::size_t kHostsMax = 10;

enum class Match : std::uint8_t {
  No,
  Yes,
  Ended  // an error, or an answer is missing: outcome_ has it
};

Verdict verdict_of(Qualifier qualifier) {
  switch (qualifier) {
    case Qualifier::Pass: return Verdict::Pass;
    case Qualifier::Fail: return Verdict::Fail;
    case Qualifier::SoftFail: return Verdict::SoftFail;
    case Qualifier::Neutral: return Verdict::Neutral;
  }
  PENSTOCK_UNREACHABLE();
}

std::string reverse_name(const IpAddress& address) {
  std::string dotted = dotted_address(address);
  std::string name;
  while (!dotted.empty()) {
    const std::size_t dot = dotted.rfind('.');
    name += dotted.substr(dot == std::string::npos ? 0 : dot + 1) + ".";
    dotted.resize(dot == std::string::npos ? 0 : dot);
  }
  return name + (address.v6 ? "ip6.arpa" : "in-addr.arpa");
}

class Evaluation {
 public:
  Evaluation(const Query& query, const Answers& known) : query_(query), known_(known), sender_(full_sender(query)) {}

  Outcome run() {
    const std::string domain = canonical(query_.domain);
    check(domain, Depth::Top);
    if (!outcome_.missing.empty()) outcome_.decided_by.clear();
    return std::move(outcome_);
  }

 private:
  enum class Depth : std::uint8_t { Top, Included };

  static std::string full_sender(const Query& query) {
    const std::size_t at = query.sender.rfind('@');
    if (at != std::string::npos && at > 0) return query.sender;
    if (at == 0) return "postmaster" + query.sender;
    return "postmaster@" + (query.sender.empty() ? query.domain : query.sender);
  }

  bool ended() const { return !outcome_.missing.empty() || has_error_; }

  Match end_with(Verdict verdict, std::string why) {
    if (has_error_) return Match::Ended;
    has_error_ = true;
    outcome_.verdict = verdict;
    outcome_.why = std::move(why);
    return Match::Ended;
  }

  // nullptr: it is among the missing now.
  const Answer* ask(RecordType type, const std::string& name) {
    Question question{type, name};
    const auto found = known_.find(question);
    if (found != known_.end()) return &found->second;
    outcome_.missing.push_back(std::move(question));
    return nullptr;
  }

  bool may_look_up(std::string_view term) {
    const int most = query_.walk == Walk::Everything ? kWalkLookupsMax : kLookupsMax;
    if (++outcome_.lookups <= most) return true;
    end_with(Verdict::PermError, fmt::format("more than {} terms ask DNS; \"{}\" is one too many", most, term));
    return false;
  }

  // False: that was one nothing too many.
  bool may_find_nothing(const Answer& answer, std::string_view name) {
    if (answer.status != Answer::Status::None || ++outcome_.void_lookups <= kVoidLookupsMax) return true;
    if (query_.walk == Walk::Everything) return true;
    end_with(Verdict::PermError,
             fmt::format("more than {} look-ups found nothing; {} is one too many", kVoidLookupsMax, name));
    return false;
  }

  MacroValues values(std::string_view domain) const {
    return {sender_, domain, query_.address, query_.helo, validated_, query_.receiver, query_.unix_seconds};
  }

  // Nothing when it ended.
  std::optional<std::string> target_of(const std::string& spec, const std::string& domain) {
    if (spec.empty()) return domain;
    if (needs_validated_name(spec) && !find_validated_name(domain)) return std::nullopt;
    return expand_domain(spec, values(domain));
  }

  // The record of `domain`; nothing when there is none or it ended.
  std::optional<Record> find_record(const std::string& domain) {
    const Answer* answer = ask(RecordType::Txt, domain);
    if (answer == nullptr) return std::nullopt;
    if (answer->status == Answer::Status::Trouble) {
      end_with(Verdict::TempError, fmt::format("DNS could not tell the TXT records of {}", domain));
      return std::nullopt;
    }
    const std::string* text = nullptr;
    for (const std::string& value : answer->values) {
      if (!is_spf_record(value)) continue;
      if (text != nullptr) {
        end_with(Verdict::PermError, fmt::format("{} has more than one SPF record", domain));
        return std::nullopt;
      }
      text = &value;
    }
    if (text == nullptr) return std::nullopt;
    auto record = parse_record(*text);
    if (record) return std::move(*record);
    end_with(Verdict::PermError, fmt::format("the SPF record of {} cannot be read: {}", domain, record.error()));
    return std::nullopt;
  }

  // Sets outcome_.verdict; None when there is no record.
  void check(const std::string& domain, Depth depth) {
    outcome_.verdict = Verdict::None;
    if (!is_checkable(domain)) {
      outcome_.why = fmt::format("\"{}\" is no domain that can have a record", domain);
      return;
    }
    const auto record = find_record(domain);
    if (ended()) return;
    if (!record) {
      outcome_.why = fmt::format("{} has no SPF record", domain);
      return;
    }
    bool has_all = false;
    for (const Directive& directive : record->directives) {
      has_all = has_all || directive.mechanism == Mechanism::All;
      outcome_.decided_by.push_back({domain, directive.text});
      const Match match = fits(directive, domain);
      if (match == Match::Ended) return;
      if (match == Match::Yes && (query_.walk == Walk::UntilMatch || directive.mechanism == Mechanism::All)) {
        outcome_.verdict = verdict_of(directive.qualifier);
        outcome_.why.clear();
        if (outcome_.verdict == Verdict::Fail && depth == Depth::Top) explain(*record, domain);
        return;
      }
      outcome_.decided_by.pop_back();
    }
    if (record->redirect.empty() || has_all) {
      outcome_.verdict = Verdict::Neutral;
      outcome_.why.clear();
      return;
    }
    redirect(*record, domain, depth);
  }

  void redirect(const Record& record, const std::string& domain, Depth depth) {
    const std::string term = "redirect=" + record.redirect;
    outcome_.decided_by.push_back({domain, term});
    if (!may_look_up(term)) return;
    const auto target = target_of(record.redirect, domain);
    if (!target) return;
    check(*target, depth);
    if (ended() || outcome_.verdict != Verdict::None) return;
    end_with(Verdict::PermError, fmt::format("{} of {} leads nowhere: {}", term, domain, outcome_.why));
  }

  Match fits(const Directive& directive, const std::string& domain) {
    switch (directive.mechanism) {
      case Mechanism::All: return Match::Yes;
      case Mechanism::Ip4:
      case Mechanism::Ip6: return is_near(directive.address, directive) ? Match::Yes : Match::No;
      case Mechanism::Include:
      case Mechanism::A:
      case Mechanism::Mx:
      case Mechanism::Ptr:
      case Mechanism::Exists: break;
    }
    if (!may_look_up(directive.text)) return Match::Ended;
    const auto target = target_of(directive.domain, domain);
    if (!target) return Match::Ended;
    if (directive.mechanism == Mechanism::Include) return fits_include(directive, *target);
    // §4.8: a name that is none does not exist.
    if (!can_be_asked(*target)) return Match::No;
    switch (directive.mechanism) {
      case Mechanism::A: return fits_addresses(directive, *target);
      case Mechanism::Mx: return fits_mx(directive, *target);
      case Mechanism::Ptr: return fits_ptr(*target);
      default: return exists(*target);
    }
  }

  Match fits_include(const Directive& directive, const std::string& target) {
    // What has been found on the way to a "no" is not part of the decision.
    const std::size_t depth = outcome_.decided_by.size();
    check(target, Depth::Included);
    if (ended()) return Match::Ended;
    switch (outcome_.verdict) {
      case Verdict::Pass: return Match::Yes;
      case Verdict::None:
        return end_with(Verdict::PermError, fmt::format("{} leads nowhere: {}", directive.text, outcome_.why));
      default: outcome_.decided_by.resize(depth); return Match::No;
    }
  }

  bool is_near(const IpAddress& address, const Directive& directive) const {
    return same_network(address, query_.address, address.v6 ? directive.prefix6 : directive.prefix4);
  }

  RecordType address_type() const { return query_.address.v6 ? RecordType::Aaaa : RecordType::A; }

  // `answer` is one of addresses.
  bool any_near(const Answer& answer, const Directive& directive) const {
    return std::any_of(answer.values.begin(), answer.values.end(), [&](const std::string& text) {
      const auto address = IpAddress::parse(text);
      return address && is_near(*address, directive);
    });
  }

  Match dns_trouble(std::string_view what, const std::string& name) {
    return end_with(Verdict::TempError, fmt::format("DNS could not tell {} of {}", what, name));
  }

  Match fits_addresses(const Directive& directive, const std::string& target) {
    const Answer* answer = ask(address_type(), target);
    if (answer == nullptr) return Match::Ended;
    if (answer->status == Answer::Status::Trouble) return dns_trouble("the addresses", target);
    if (!may_find_nothing(*answer, target)) return Match::Ended;
    return any_near(*answer, directive) ? Match::Yes : Match::No;
  }

  Match fits_mx(const Directive& directive, const std::string& target) {
    const Answer* answer = ask(RecordType::Mx, target);
    if (answer == nullptr) return Match::Ended;
    if (answer->status == Answer::Status::Trouble) return dns_trouble("the MX records", target);
    if (!may_find_nothing(*answer, target)) return Match::Ended;
    if (answer->values.size() > kHostsMax) {
      return end_with(Verdict::PermError, fmt::format("{} has more than {} MX hosts", target, kHostsMax));
    }
    std::vector<std::string> hosts;
    for (const std::string& host : answer->values) {
      std::string name = canonical(host);
      if (can_be_asked(name)) hosts.push_back(std::move(name));
    }
    // All at once, so that one round of look-ups is enough.
    for (const std::string& host : hosts) (void)ask(address_type(), host);
    if (ended()) return Match::Ended;
    for (const std::string& host : hosts) {
      const Answer* addresses = ask(address_type(), host);
      if (addresses->status == Answer::Status::Trouble) return dns_trouble("the addresses", host);
      if (!may_find_nothing(*addresses, host)) return Match::Ended;
      if (any_near(*addresses, directive)) return Match::Yes;
    }
    return Match::No;
  }

  // Names of the client whose addresses include its own (§5.5); nothing when answers are missing.
  std::optional<std::vector<std::string>> validated_names() {
    const Answer* answer = ask(RecordType::Ptr, reverse_name(query_.address));
    if (answer == nullptr) return std::nullopt;
    std::vector<std::string> names;
    for (const std::string& value : answer->values) {
      std::string name = canonical(value);
      if (names.size() < kHostsMax && can_be_asked(name)) names.push_back(std::move(name));
    }
    for (const std::string& name : names) (void)ask(address_type(), name);
    if (ended()) return std::nullopt;
    const Directive whole{};
    std::erase_if(names, [&](const std::string& name) { return !any_near(*ask(address_type(), name), whole); });
    return names;
  }

  Match fits_ptr(const std::string& target) {
    const auto names = validated_names();
    if (!names) return Match::Ended;
    const bool any =
        std::any_of(names->begin(), names->end(), [&](const auto& name) { return is_within(name, target); });
    return any ? Match::Yes : Match::No;
  }

  // For %{p} (§7.3): the domain itself, else one below it, else any. False when it ended.
  bool find_validated_name(const std::string& domain) {
    if (has_validated_) return true;
    if (!may_look_up("%{p}")) return false;
    const auto names = validated_names();
    if (!names) return false;
    has_validated_ = true;
    validated_ = names->empty() ? "unknown" : names->front();
    for (const std::string& name : *names) {
      if (is_within(name, domain)) validated_ = name;
      if (name == domain) break;
    }
    return true;
  }

  Match exists(const std::string& target) {
    const Answer* answer = ask(RecordType::A, target);
    if (answer == nullptr) return Match::Ended;
    if (answer->status == Answer::Status::Trouble) return dns_trouble("the addresses", target);
    if (!may_find_nothing(*answer, target)) return Match::Ended;
    return answer->status == Answer::Status::Found ? Match::Yes : Match::No;
  }

  // §6.2: whatever goes wrong here, there is just no explanation. Its look-ups do not count.
  void explain(const Record& record, const std::string& domain) {
    if (record.explanation.empty() || query_.walk == Walk::Everything) return;
    const int lookups = outcome_.lookups;
    const auto target = target_of(record.explanation, domain);
    outcome_.lookups = lookups;
    if (!target || !can_be_asked(*target)) return forget_error();
    const Answer* answer = ask(RecordType::Txt, *target);
    if (answer == nullptr || answer->values.size() != 1) return;
    const std::string& text = answer->values.front();
    const bool ascii_only = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7F'; });
    if (!ascii_only || !check_macros(text, MacroUse::Explanation).empty()) return;
    if (needs_validated_name(text) && !find_validated_name(domain)) return forget_error();
    outcome_.lookups = lookups;
    outcome_.explanation = expand_macros(text, values(domain));
  }
  void forget_error() {
    if (!has_error_) return;
    has_error_ = false;
    outcome_.verdict = Verdict::Fail;
    outcome_.why.clear();
  }

  const Query& query_;
  const Answers& known_;
  const std::string sender_;
  Outcome outcome_;
  bool has_error_ = false;
  bool has_validated_ = false;
  std::string validated_ = "unknown";
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::None: return "none";
    case Verdict::Neutral: return "neutral";
    case Verdict::Pass: return "pass";
    case Verdict::Fail: return "fail";
    case Verdict::SoftFail: return "softfail";
    case Verdict::TempError: return "temperror";
    case Verdict::PermError: return "permerror";
  }
  PENSTOCK_UNREACHABLE();
}

std::string Outcome::to_string() const {
  std::string text(spf::to_string(verdict));
  for (std::size_t i = 0; i < decided_by.size(); ++i) {
    text += fmt::format("{} {} of {}", i == 0 ? ":" : ",", decided_by[i].term, decided_by[i].domain);
  }
  if (!why.empty()) text += fmt::format("{} {}", decided_by.empty() ? ":" : ";", why);
  return text;
}

Outcome check_host(const Query& query, const Answers& known) {
  return Evaluation(query, known).run();
}

}  // namespace penstock::spf
