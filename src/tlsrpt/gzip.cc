// SPDX-License-Identifier: Apache-2.0
#include "tlsrpt/gzip.h"

#include <zlib.h>

#include "base/check.h"

namespace penstock::tlsrpt {

std::string gzip(std::string_view text) {
  constexpr int kGzip = 15 + 16;  // the largest window, with a header of gzip
  z_stream stream{};
  PENSTOCK_CHECK(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  PENSTOCK_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace penstock::tlsrpt
