// SPDX-License-Identifier: Apache-2.0
#include "ingest/reference_mark.h"

#include "feedback/reference.h"
#include "mime/received.h"

namespace penstock::ingest {
namespace {

constexpr std::string_view kReferenceField = "X-Penstock-Ref";
constexpr std::string_view kAddressField = "CFBL-Address";

}  // namespace

bool ReferenceMark::replaces(std::string_view name) const {
  return (name == "x-penstock-ref" && added.find(kReferenceField) != std::string::npos) ||
         (name == "cfbl-address" && added.find(kAddressField) != std::string::npos);
}

ReferenceMark mark_with_reference(const Plan& plan, model::Envelope& envelope) {
  ReferenceMark mark;
  const config::Stream* stream = plan.config->find_stream(envelope.labels.stream);
  if (stream == nullptr) return mark;
  if (plan.reference_key && (stream->reference_header || !stream->return_path.empty())) {
    const bool single = envelope.recipients.size() == 1;
    const model::RecipientId recipient{envelope.id, single ? 0 : feedback::kWholeMessage};
    const std::string token = feedback::make_reference(
        *plan.reference_key, recipient, single ? envelope.recipients.front().address : std::string(), stream->name);
    mark.added += mime::format_field(kReferenceField, token);
    if (!stream->return_path.empty() && !envelope.sender.empty()) {
      envelope.sender = feedback::expand(stream->return_path, token);
    }
  }
  if (!stream->cfbl_address.empty()) {
    mark.added += mime::format_field(kAddressField, stream->cfbl_address + "; report=arf");
  }
  return mark;
}

}  // namespace penstock::ingest
