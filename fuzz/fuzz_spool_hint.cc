// SPDX-License-Identifier: Apache-2.0
// Any bytes as a hint file; once as they are, once with a checksum that fits.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/crc32c.h"
#include "spool/byte_codec.h"
#include "spool/hint.h"
#include "spool/record_format.h"

using namespace penstock;
using namespace penstock::spool;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  HintVisitor nobody;
  if (const auto hint = Hint::parse(bytes)) (void)hint->visit(nobody);
  if (bytes.size() < kHintHeaderBytes) return 0;
  bytes.replace(0, kHintMagic.size(), kHintMagic);
  store_le(bytes.data() + 8, crc32c(std::string_view(bytes).substr(12)));
  if (const auto hint = Hint::parse(std::move(bytes))) (void)hint->visit(nobody);
  return 0;
}
