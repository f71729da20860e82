// SPDX-License-Identifier: Apache-2.0
// Catalog: the provider files in effect, shipped ones and those of the operator's folder.
//
// Use:  auto catalog = Catalog::load(config.provider_files);   if (!catalog) return fail(catalog.error());
//       const ProviderData* gmail = catalog->find("gmail");
//
// A file of the folder replaces the shipped file of the same provider as a whole. load() reads the folder; the rest is
// pure. Made once, then constant; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/problems.h"
#include "config/text_files.h"
#include "providers/provider_data.h"

namespace penstock::providers {

// The files of conf/providers this program was built with.
[[nodiscard]] const std::vector<config::TextFile>& shipped_texts();

class Catalog {
 public:
  Catalog() = default;
  explicit Catalog(std::vector<ProviderData> all) : all_(std::move(all)) {}

  // Fails with InvalidArgument when the folder cannot be read or a file in it is bad; the detail says where.
  [[nodiscard]] static Result<Catalog> load(const config::ProviderFiles& settings);
  // The same; what is wrong goes to `problems`, and what is good is kept.
  [[nodiscard]] static Catalog read(const config::ProviderFiles& settings, config::Problems& problems);

  [[nodiscard]] const std::vector<ProviderData>& all() const { return all_; }
  [[nodiscard]] const ProviderData* find(std::string_view name) const;  // nullptr: not known

 private:
  std::vector<ProviderData> all_;
};

}  // namespace penstock::providers
