// SPDX-License-Identifier: Apache-2.0
// Lines of lists to be imported, CSV and NDJSON, and the addresses in them: whatever comes, a line is an entry whose
// address is its own canonical form, nothing, or bad.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "suppression/import_line.h"

using namespace penstock::suppression;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const ProviderRules rules{.gmail = size % 2 == 1};
  LineReader reader(format_of(rest.substr(0, rest.find('\n'))), {}, rules);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const auto entry = reader.read(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!entry || !*entry) continue;
    const auto again = canonical_address((*entry)->address, rules);
    if (!again || *again != (*entry)->address) std::abort();
    const LookupKeys keys((*entry)->address, rules);
    if (keys.size() > 3) std::abort();
  }
  return 0;
}
