// SPDX-License-Identifier: Apache-2.0
#include "dkim/verification.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/ascii.h"
#include "dkim/canonical_body.h"
#include "dkim/key_record.h"
#include "dkim/public_key.h"
#include "mime/date.h"

namespace penstock::dkim {
namespace {

constexpr int kRsaBitsMin = 1024;  // RFC 8301 §3.2
constexpr int kHistoricBitsMin = 512;

// Fields that RFC 5322 §3.6 and RFC 2045 allow once. More of them than were signed means that one was added on the way,
// and a reader may be shown that one (RFC 6376 §8.15).
constexpr std::array<std::string_view, 14> kOnceOnly{
    "from",   "to",       "cc",         "bcc",         "subject",      "date",         "message-id",
    "sender", "reply-to", "references", "in-reply-to", "mime-version", "content-type", "content-transfer-encoding"};

// Body hashes of one message, each computed once.
class BodyHashes {
 public:
  explicit BodyHashes(std::string_view body) : body_(body) {}
  const BodyHash& of(const Signature& signature) {
    const Key key{signature.algorithm.hash, signature.canonicalization.body, signature.body_length};
    const auto known = hashes_.find(key);
    if (known != hashes_.end()) return known->second;
    BodyHasher hasher(std::get<0>(key), std::get<1>(key), std::get<2>(key));
    hasher.update(body_);
    return hashes_.emplace(key, hasher.finish()).first->second;
  }

 private:
  using Key = std::tuple<Hash, Canonicalization, std::optional<std::uint64_t>>;
  std::string_view body_;
  std::map<Key, BodyHash> hashes_;
};

// What the signature signs: the fields of h=, then itself.
std::string header_input(const SignedMessage& message, const mime::HeaderField& field, const Signature& signature) {
  std::string input;
  FieldChooser choose(message, &field);
  const Canonicalization way = signature.canonicalization.header;
  for (const std::string& name : signature.headers) {
    if (const auto* chosen = choose.next(name)) append_field(message.bytes_of(*chosen), way, input);
  }
  append_signature_field(message.bytes_of(field), way, input);
  return input;
}

// The name of a field that is there more often than it was signed, or "".
std::string_view added_field(const SignedMessage& message, const Signature& signature) {
  for (const std::string_view name : kOnceOnly) {
    const auto signed_times = std::count(signature.headers.begin(), signature.headers.end(), name);
    if (signed_times == 0) continue;
    const auto& fields = message.fields();
    const auto times = std::count_if(fields.begin(), fields.end(), [&](const mime::HeaderField& field) {
      return ascii::equal_ignoring_case(field.name, name);
    });
    if (times > signed_times) return name;
  }
  return {};
}

class Judge {
 public:
  Judge(const SignedMessage& message, const mime::HeaderField& field, const Signature& signature, Era era, Time now)
      : message_(message), field_(field), signature_(signature), era_(era), now_(now) {}

  SignatureReport judge(const KeyAnswer* answer, BodyHashes& hashes) {
    report_.signature = signature_;
    if (answer == nullptr || answer->temporary) {
      say(Verdict::TempError, "the key could not be looked up" +
                                  (answer == nullptr || answer->why.empty() ? std::string() : ": " + answer->why));
    } else if (answer->records.empty()) {
      say(Verdict::PermError, "there is no key at " + key_name(signature_.selector, signature_.domain));
    } else if (check_body(hashes)) {
      try_records(answer->records);
    }
    return std::move(report_);
  }

 private:
  bool say(Verdict verdict, std::string reason) {
    report_.verdict = verdict;
    report_.reason = std::move(reason);
    return false;
  }

  bool check_body(BodyHashes& hashes) {
    const BodyHash& hash = hashes.of(signature_);
    if (signature_.body_length && *signature_.body_length > hash.canonical_bytes) {
      return say(Verdict::Fail, "l= is more than the body has");
    }
    if (signature_.body_length) report_.unsigned_body_bytes = hash.canonical_bytes - *signature_.body_length;
    return hash.digest == signature_.body_hash || say(Verdict::Fail, "the body has been changed (bh=)");
  }

  // Several records at a name are undefined (RFC 6376 §3.6.2.2); one that serves is enough.
  void try_records(const std::vector<std::string>& records) {
    SignatureReport best;
    for (std::size_t i = 0; i < std::min(records.size(), kRecordsMax); ++i) {
      const auto record = parse_key_record(records[i]);
      record ? try_key(*record) : void(say(Verdict::PermError, record.error()));
      if (report_.verdict == Verdict::Pass) return;
      if (i == 0 || report_.verdict < best.verdict) best = report_;
    }
    report_ = std::move(best);
  }

  void try_key(const KeyRecord& record) {
    report_.testing = record.testing;
    if (std::string words = misfit(record, signature_); !words.empty()) {
      say(Verdict::PermError, std::move(words));
      return;
    }
    const auto key = PublicKey::parse(record.type, record.key);
    if (!key) {
      say(Verdict::PermError, key.error());
      return;
    }
    report_.key_bits = key->bits();
    if (!key->verifies(signature_.algorithm.hash, header_input(message_, field_, signature_), signature_.bytes)) {
      say(Verdict::Fail, "the signature does not fit header and key");
      return;
    }
    say(Verdict::Pass, "");
    accept();
  }

  // The signature is right; is it acceptable?
  void accept() {
    const int bits_min = era_ == Era::Historic ? kHistoricBitsMin : kRsaBitsMin;
    if (signature_.expires_at && now_ > *signature_.expires_at) {
      say(Verdict::Fail, "it expired on " + mime::format_date(*signature_.expires_at));
    } else if (signature_.algorithm.hash == Hash::Sha1 && era_ == Era::Current) {
      say(Verdict::Policy, "rsa-sha1 is not to be trusted (RFC 8301)");
    } else if (signature_.algorithm.key == KeyType::Rsa && report_.key_bits < bits_min) {
      say(Verdict::Policy, "an RSA key of " + std::to_string(report_.key_bits) + " bits is too short (RFC 8301)");
    } else if (const auto name = added_field(message_, signature_); !name.empty()) {
      say(Verdict::Policy, "the message has more " + std::string(name) + " fields than were signed");
    }
  }

  const SignedMessage& message_;
  const mime::HeaderField& field_;
  const Signature& signature_;
  const Era era_;
  const Time now_;
  SignatureReport report_;
};

}  // namespace

std::string_view Report::summary() const {
  constexpr std::array<Verdict, 6> kOrder{Verdict::Pass, Verdict::TempError, Verdict::Policy,
                                          Verdict::Fail, Verdict::PermError, Verdict::Neutral};
  for (const Verdict verdict : kOrder) {
    const bool there = std::any_of(signatures.begin(), signatures.end(),
                                   [&](const SignatureReport& report) { return report.verdict == verdict; });
    if (there) return to_string(verdict);
  }
  return "none";
}

Verification::Verification(std::string_view message, Era era) : message_(message), era_(era) {
  for (const mime::HeaderField& field : message_.fields()) {
    if (!ascii::equal_ignoring_case(field.name, "DKIM-Signature")) continue;
    if (found_.size() < kSignaturesMax) {
      found_.push_back({&field, parse_signature(field.value, era)});
    } else {
      found_.push_back({&field, wrong("there are more than " + std::to_string(kSignaturesMax) + " signatures")});
    }
  }
}

std::vector<std::string> Verification::key_names() const {
  std::vector<std::string> names;
  for (const Found& found : found_) {
    if (found.signature) names.push_back(key_name(found.signature->selector, found.signature->domain));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Report Verification::finish(const KeyAnswers& keys, Time now) const {
  Report report;
  BodyHashes hashes(message_.body());
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const auto& [field, signature] = found_[i];
    if (!signature) {
      const Verdict verdict = i < kSignaturesMax ? Verdict::PermError : Verdict::Neutral;
      report.signatures.push_back({.verdict = verdict, .reason = signature.error(), .signature = std::nullopt});
      continue;
    }
    const auto answer = keys.find(key_name(signature->selector, signature->domain));
    report.signatures.push_back(
        Judge(message_, *field, *signature, era_, now).judge(answer == keys.end() ? nullptr : &answer->second, hashes));
  }
  return report;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  while (true) {
    const std::size_t at = text.find('\n');
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    if (at == 0 || text[at - 1] != '\r') out += '\r';
    out += '\n';
    text.remove_prefix(at + 1);
  }
}

}  // namespace penstock::dkim
