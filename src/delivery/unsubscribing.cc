// SPDX-License-Identifier: Apache-2.0
#include "delivery/unsubscribing.h"

#include "unsubscribe/terms.h"

namespace penstock::delivery {

std::shared_ptr<const std::string> with_link(const ShardParts& parts, const Batch& batch,
                                             std::shared_ptr<const std::string> body, std::string_view stream) {
  if (parts.unsubscribe == nullptr || batch.recipients.size() != 1) return body;
  const auto terms = parts.unsubscribe->load();
  std::string fields = unsubscribe::link_fields(*terms, *batch.envelope, batch.recipients.front().index, stream, *body);
  if (fields.empty()) return body;
  fields += *body;
  return std::make_shared<const std::string>(std::move(fields));
}

}  // namespace penstock::delivery
