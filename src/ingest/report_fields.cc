// SPDX-License-Identifier: Apache-2.0
#include "ingest/report_fields.h"

#include "mime/received.h"

namespace penstock::ingest {

bool ReportFields::replaces(std::string_view name) const {
  return (refers && name == "x-penstock-ref") || (!added.empty() && name == "cfbl-address");
}

ReportFields report_fields(const Plan& plan, const model::Envelope& envelope) {
  ReportFields fields;
  const config::Stream* stream = plan.config->find_stream(envelope.labels.stream);
  if (stream == nullptr) return fields;
  fields.refers = stream->reference_header || !stream->return_path.empty();
  if (!stream->cfbl_address.empty()) {
    fields.added = mime::format_field("CFBL-Address", stream->cfbl_address + "; report=arf");
  }
  return fields;
}

}  // namespace penstock::ingest
