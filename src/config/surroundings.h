// SPDX-License-Identifier: Apache-2.0
// Surroundings: the seam through which files and the host name come in.   Threads: any, for Machine.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "config/load.h"

namespace penstock::config {

class Surroundings {
 public:
  virtual ~Surroundings() = default;
  // The contents, or why not: "No such file or directory".
  [[nodiscard]] virtual tl::expected<std::string, std::string> read_file(const std::string& path) const = 0;
  // Files that fit a shell pattern, sorted by name.
  [[nodiscard]] virtual std::vector<std::string> find_files(const std::string& pattern) const = 0;
  [[nodiscard]] virtual std::string host_name() const = 0;
};

// The real ones. Limits: regular files up to 16 MiB.
class Machine final : public Surroundings {
 public:
  [[nodiscard]] tl::expected<std::string, std::string> read_file(const std::string& path) const override;
  [[nodiscard]] std::vector<std::string> find_files(const std::string& pattern) const override;
  [[nodiscard]] std::string host_name() const override;
};

// As load_text(), in these surroundings.
[[nodiscard]] Loaded load_text(std::string_view text, const std::string& name, const Surroundings& surroundings);

}  // namespace penstock::config
