// SPDX-License-Identifier: Apache-2.0
#include "shaping/limit_key.h"

#include "base/check.h"

namespace penstock::shaping {

std::string_view to_string(Dimension which) {
  switch (which) {
    case Dimension::Vmta: return "vmta";
    case Dimension::SourceIp: return "source_ip";
    case Dimension::Pool: return "pool";
    case Dimension::Stream: return "stream";
    case Dimension::Tenant: return "tenant";
    case Dimension::Campaign: return "campaign";
    case Dimension::SenderDomain: return "sender_domain";
    case Dimension::DkimDomain: return "dkim_domain";
    case Dimension::Provider: return "provider";
    case Dimension::Site: return "site";
    case Dimension::MxHost: return "mx_host";
    case Dimension::RemoteIp: return "remote_ip";
  }
  PENSTOCK_UNREACHABLE();
}

std::optional<Dimension> parse_dimension(std::string_view name) {
  for (std::size_t i = 0; i < kDimensions; ++i) {
    if (to_string(static_cast<Dimension>(i)) == name) return static_cast<Dimension>(i);
  }
  return std::nullopt;
}

std::string describe(const LimitKey& key, const model::NameTable& names) {
  std::string text;
  for (std::size_t i = 0; i < kDimensions; ++i) {
    if (!key.names[i]) continue;
    if (!text.empty()) text += ' ';
    text.append(to_string(static_cast<Dimension>(i))).append(1, '=').append(names.view(key.names[i]));
  }
  return text.empty() ? "everything" : text;
}

}  // namespace penstock::shaping
