// SPDX-License-Identifier: Apache-2.0
// A DKIM-Signature value, and a whole message with signatures, as anybody may send them.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dkim/tag_list.h"
#include "dkim/verification.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto tags = dkim::TagList::parse(text)) {
    for (const dkim::Tag& tag : tags->tags()) PENSTOCK_CHECK(tags->find(tag.name)->data() == tag.value.data());
  }
  if (const auto bytes = dkim::decode_base64(text)) {
    PENSTOCK_CHECK(dkim::decode_base64(dkim::encode_base64(*bytes)) == *bytes);
  }
  (void)dkim::decode_quoted_printable(text);
  for (const auto era : {dkim::Era::Current, dkim::Era::Historic}) {
    if (const auto signature = dkim::parse_signature(text, era)) {
      PENSTOCK_CHECK(dkim::is_domain(signature->domain) && dkim::is_domain(signature->selector));
      PENSTOCK_CHECK(!signature->bytes.empty() && !signature->body_hash.empty());
    }
    const dkim::Verification verification(text, era);
    dkim::KeyAnswers keys;
    for (const std::string& name : verification.key_names()) {
      keys[name].records = {"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="};
    }
    const dkim::Report report = verification.finish(keys, Time{});
    PENSTOCK_CHECK(report.signatures.empty() == (report.summary() == "none"));
  }
  return 0;
}
