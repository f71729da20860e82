// SPDX-License-Identifier: Apache-2.0
// A configuration as anybody may send it to /v1/config/check. No file but the text itself is read.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "config/surroundings.h"

namespace {

using namespace penstock;

class Nothing final : public config::Surroundings {
 public:
  [[nodiscard]] tl::expected<std::string, std::string> read_file(const std::string&) const override {
    return tl::unexpected(std::string("no such file"));
  }
  [[nodiscard]] std::vector<std::string> find_files(const std::string&) const override { return {}; }
  [[nodiscard]] std::string host_name() const override { return "host.example"; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const config::Loaded loaded = config::load_text(text, "penstock.toml", Nothing{});
  bool any_error = false;
  for (const config::Problem& problem : loaded.problems) {
    any_error = any_error || problem.is_error;
    PENSTOCK_CHECK(!problem.message.empty() && config::format_problem(problem).find('\n') == std::string::npos);
  }
  PENSTOCK_CHECK(any_error == (loaded.config == nullptr));
  if (!loaded.config) return 0;
  PENSTOCK_CHECK(!loaded.settings.empty());
  PENSTOCK_CHECK(config::compare(*loaded.config, *loaded.config).empty());
  PENSTOCK_CHECK(loaded.config->find_stream(loaded.config->fallback_stream) != nullptr);
  for (const config::Stream& stream : loaded.config->streams) {
    PENSTOCK_CHECK(loaded.config->find_pool(stream.pool) != nullptr);
  }
  for (const config::Listener& listener : loaded.config->listeners) {
    for (const IpNetwork& network : listener.relay_from) PENSTOCK_CHECK(network.prefix != 0);
  }
  return 0;
}
