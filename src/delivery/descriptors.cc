// SPDX-License-Identifier: Apache-2.0
#include "delivery/descriptors.h"

#include <algorithm>

namespace penstock::delivery {
namespace {

// Addresses come from admission with their domain in lower case already.
std::string_view domain_part(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view{} : address.substr(at + 1);
}

}  // namespace

void append_descriptors(const model::Envelope& envelope, const Clock& clock, model::NameTable& names,
                        queue::LabelSetTable& labels, std::vector<queue::QueuedRecipient>& out) {
  queue::QueuedRecipient one;
  one.message = envelope.id;
  one.labels = labels.intern(envelope.labels, names, envelope.tls);
  one.received = queue::second_of(clock.from_wall(envelope.received));
  one.due = envelope.first_attempt == Time{} ? 0 : queue::due_second(clock.from_wall(envelope.first_attempt));
  one.body_kib = static_cast<std::uint32_t>(std::min<std::uint64_t>((envelope.body_bytes + 1023) / 1024, UINT32_MAX));
  out.reserve(out.size() + envelope.recipients.size());
  std::string_view last;
  for (std::uint32_t i = 0; i < envelope.recipients.size(); ++i) {
    const std::string_view domain = domain_part(envelope.recipients[i].address);
    if (i == 0 || domain != last) one.domain = names.intern(domain);
    last = domain;
    one.index = i;
    out.push_back(one);
  }
}

}  // namespace penstock::delivery
