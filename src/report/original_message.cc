// SPDX-License-Identifier: Apache-2.0
#include "report/original_message.h"

#include <algorithm>

#include "base/ascii.h"
#include "report/notice_text.h"
#include "report/status_fields.h"
#include "report/status_text.h"

namespace penstock::report {
namespace {

constexpr std::size_t kFieldBytesMax = 2000;
constexpr std::size_t kDkimDomainsMax = 8;

void set(std::string& to, const HeaderFields& fields, std::string_view name) {
  if (to.empty()) to = squeeze(field_value(fields, name), kFieldBytesMax);
}

// The d= tag of a DKIM-Signature (RFC 6376 §3.5).
std::string signing_domain(std::string_view value) {
  while (!value.empty()) {
    const std::size_t end = value.find(';');
    const std::string_view tag = ascii::trim(value.substr(0, end));
    value.remove_prefix(end == std::string_view::npos ? value.size() : end + 1);
    const std::size_t equals = tag.find('=');
    if (equals == std::string_view::npos || ascii::trim(tag.substr(0, equals)) != "d") continue;
    return squeeze(ascii::lower(ascii::trim(tag.substr(equals + 1))), 255);
  }
  return {};
}

}  // namespace

void add_original(const HeaderFields& fields, OriginalMessage& original) {
  set(original.message_id, fields, "Message-ID");
  set(original.reference, fields, "X-Penstock-Ref");
  set(original.from, fields, "From");
  set(original.to, fields, "To");
  set(original.list_unsubscribe, fields, "List-Unsubscribe");
  if (original.return_path.empty()) original.return_path = address_of(field_value(fields, "Return-Path"));
  for (const auto& [name, value] : fields) {
    if (original.dkim_domains.size() >= kDkimDomainsMax) break;
    if (!ascii::equal_ignoring_case(name, "DKIM-Signature")) continue;
    std::string domain = signing_domain(value);
    const auto& known = original.dkim_domains;
    if (!domain.empty() && std::find(known.begin(), known.end(), domain) == known.end()) {
      original.dkim_domains.push_back(std::move(domain));
    }
  }
}

std::string recipient_of_original(const HeaderFields& fields, bool& named_by_provider) {
  named_by_provider = true;
  for (const std::string_view name : {"X-HmXmrOriginalRecipient", "X-Original-Recipient", "X-Rcpt-To"}) {
    std::string address = address_of(field_value(fields, name));
    if (address.find('@') != std::string::npos) return address;
  }
  named_by_provider = false;
  const std::vector<std::string> to = addresses_in(field_value(fields, "To"));
  return to.empty() ? std::string() : to.front();
}

}  // namespace penstock::report
