// SPDX-License-Identifier: Apache-2.0
// Canonicalisation: the pieces a body comes in do not matter, and what is canonical stays as it is.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "dkim/canonical_body.h"
#include "dkim/canonical_header.h"

namespace {

using namespace penstock;

std::string body_of(std::string_view text, dkim::Canonicalization way, std::size_t piece) {
  dkim::BodyCanonicalizer canonicalizer(way);
  std::string out;
  for (; text.size() > piece; text.remove_prefix(piece)) canonicalizer.update(text.substr(0, piece), out);
  canonicalizer.update(text, out);
  canonicalizer.finish(out);
  return out;
}

std::string field_of(std::string_view bytes, dkim::Canonicalization way) {
  std::string out;
  dkim::append_field(bytes, way, out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 32;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  for (const auto way : {dkim::Canonicalization::Simple, dkim::Canonicalization::Relaxed}) {
    const std::string body = body_of(text, way, text.size() + 1);
    PENSTOCK_CHECK(body == body_of(text, way, piece));
    PENSTOCK_CHECK(body == body_of(body, way, piece));
    PENSTOCK_CHECK(body.empty() || body.ends_with("\r\n"));
    const dkim::SignedMessage message(text);
    for (const mime::HeaderField& field : message.fields()) {
      const std::string canonical = field_of(message.bytes_of(field), way);
      PENSTOCK_CHECK(canonical == field_of(canonical, way));
      std::string without;
      dkim::append_signature_field(message.bytes_of(field), way, without);
      PENSTOCK_CHECK(without.size() <= canonical.size());
    }
  }
  return 0;
}
