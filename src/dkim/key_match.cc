// SPDX-License-Identifier: Apache-2.0
#include "dkim/key_match.h"

#include <fmt/format.h>

#include "dkim/public_key.h"

namespace penstock::dkim {
namespace {

// Why the record that DNS has does not fit the key here; "" when it does.
std::string difference(const std::string& text, const KeyPair& key, std::string_view service) {
  auto record = parse_key_record(text);
  if (!record) return record.error();
  if (record->key.empty()) return "the key has been revoked in DNS (p= is empty)";
  if (record->type != key.type()) {
    return fmt::format("DNS has a key of type {}, the file one of type {}", to_string(record->type),
                       to_string(key.type()));
  }
  const auto published = PublicKey::parse(record->type, record->key);
  if (!published) return published.error();
  if (record->key != key.public_key()) {
    // RFC 6376's own form of RSA keys is another encoding of perhaps the same key: only a signature tells.
    const auto probe = key.sign("probe");
    if (!probe || !published->verifies(Hash::Sha256, "probe", *probe)) {
      return "DNS has another key than the file";
    }
  }
  if (!record->serves(service)) {
    return fmt::format("the key in DNS is not for {} (s=)", service == kMailService ? "mail" : "reports of TLS");
  }
  record->services.clear();
  Signature plain;
  plain.algorithm = {key.type(), Hash::Sha256};
  return misfit(*record, plain);
}

}  // namespace

std::string mismatch(const KeyAnswer& answer, const KeyPair& key, const std::string& name, std::string_view service) {
  if (answer.temporary) return "DNS could not tell: " + answer.why;
  if (answer.records.empty()) return "there is no TXT record at " + name;
  std::string first;
  for (const std::string& record : answer.records) {
    const std::string words = difference(record, key, service);
    if (words.empty()) {
      return answer.records.size() == 1 ? ""
                                        : fmt::format("there are {} TXT records at {}", answer.records.size(), name);
    }
    if (first.empty()) first = words;
  }
  return first;
}

}  // namespace penstock::dkim
