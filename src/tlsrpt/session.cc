// SPDX-License-Identifier: Apache-2.0
#include "tlsrpt/session.h"

#include <array>
#include <utility>

#include "base/check.h"

namespace penstock::tlsrpt {

std::string_view to_string(PolicyType type) {
  switch (type) {
    case PolicyType::None: return "no-policy-found";
    case PolicyType::Tlsa: return "tlsa";
    case PolicyType::Sts: return "sts";
  }
  PENSTOCK_UNREACHABLE();
}

// OpenSSL's words (X509_verify_cert_error_string) and our own, by a part that tells them apart.
std::string_view result_type_of(std::string_view words, PolicyType policy) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kKnown{{
      {"STARTTLS", "starttls-not-supported"},
      {"mismatch", "certificate-host-mismatch"},
      {"has expired", "certificate-expired"},
      {"not yet valid", "certificate-expired"},
      {"self-signed", "certificate-not-trusted"},
      {"unable to get", "certificate-not-trusted"},
      {"unable to verify", "certificate-not-trusted"},
  }};
  for (const auto& [part, type] : kKnown) {
    if (words.find(part) == std::string_view::npos) continue;
    // A name that no TLSA record allows, or a chain that none vouches for: DANE knows one word for it.
    return policy == PolicyType::Tlsa && type != "starttls-not-supported" && type != "certificate-expired"
               ? "validation-failure"
               : type;
  }
  return "validation-failure";
}

}  // namespace penstock::tlsrpt
