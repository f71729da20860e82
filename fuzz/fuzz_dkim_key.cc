// SPDX-License-Identifier: Apache-2.0
// Key records from DNS and from key files.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dkim/key_file.h"
#include "dkim/key_record.h"
#include "dkim/public_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace penstock;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto record = dkim::parse_key_record(text)) {
    const auto again = dkim::parse_key_record(dkim::format_key_record(record->type, record->key, record->testing));
    PENSTOCK_CHECK(again && again->key == record->key && again->type == record->type);
    (void)dkim::misfit(*record, dkim::Signature{});
    if (const auto key = dkim::PublicKey::parse(record->type, record->key)) {
      PENSTOCK_CHECK(!key->verifies(dkim::Hash::Sha256, "input", "no signature"));
    }
  }
  const auto joined = dkim::parse_txt_strings(dkim::format_txt_strings(text));
  PENSTOCK_CHECK(joined && *joined == text);
  (void)dkim::answers_from_file(text, {"a._domainkey.example.com"});
  return 0;
}
