// SPDX-License-Identifier: Apache-2.0
// A PROXY header, cut by the first byte: the split must not matter, and no byte beyond the header may be taken.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "smtp/proxy_protocol.h"

namespace {

using namespace penstock::smtp;

struct Run {
  ProxyParser::Got got = ProxyParser::Got::More;
  std::size_t taken = 0;
  std::string source;
};

Run run_parser(std::string_view input, std::size_t piece_bytes) {
  ProxyParser parser;
  Run run;
  while (run.got == ProxyParser::Got::More && run.taken < input.size()) {
    const std::string piece(input.substr(run.taken, piece_bytes));
    std::string_view rest = piece;
    run.got = parser.take(rest);
    run.taken += piece.size() - rest.size();
  }
  if (run.got == ProxyParser::Got::Done && parser.header().has_addresses)
    run.source = parser.header().source.to_string();
  return run;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Run whole = run_parser(input, input.size() + 1);
  const Run pieces = run_parser(input, 1 + data[0] % 30);
  PENSTOCK_CHECK(whole.got == pieces.got && whole.source == pieces.source);
  if (whole.got == ProxyParser::Got::Done) {
    PENSTOCK_CHECK(whole.taken == pieces.taken);
    PENSTOCK_CHECK(run_parser(input.substr(0, whole.taken), 1000).got == ProxyParser::Got::Done);
    PENSTOCK_CHECK(run_parser(input.substr(0, whole.taken - 1), 1000).got == ProxyParser::Got::More);
  }
  return 0;
}
