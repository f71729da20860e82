// SPDX-License-Identifier: Apache-2.0
#include "model/scope.h"

#include <array>

#include "base/check.h"

namespace penstock::model {
namespace {

constexpr std::array kScopes{Scope::None,      Scope::Recipient, Scope::Message,      Scope::ReceivingHost,
                             Scope::SourceIp,  Scope::IpRange,   Scope::SenderDomain, Scope::DkimDomain,
                             Scope::UrlDomain, Scope::Campaign};

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::None: return "none";
    case Scope::Recipient: return "recipient";
    case Scope::Message: return "message";
    case Scope::ReceivingHost: return "receiving-host";
    case Scope::SourceIp: return "source-ip";
    case Scope::IpRange: return "ip-range";
    case Scope::SenderDomain: return "sender-domain";
    case Scope::DkimDomain: return "dkim-domain";
    case Scope::UrlDomain: return "url-domain";
    case Scope::Campaign: return "campaign";
  }
  PENSTOCK_UNREACHABLE();
}

std::optional<Scope> parse_scope(std::string_view name) {
  for (const Scope scope : kScopes) {
    if (to_string(scope) == name) return scope;
  }
  return std::nullopt;
}

}  // namespace penstock::model
