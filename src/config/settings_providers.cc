// SPDX-License-Identifier: Apache-2.0
// Where what is known of mailbox providers comes from.
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {

const Section& provider_files_section() {
  static const Section section =
      SectionBuilder<ProviderFiles>("[providers]")
          .add("builtin", &ProviderFiles::builtin, flag(), Apply::Live,
               "Whether the provider files this program was built with count.")
          .add("folder", &ProviderFiles::folder, absolute_path(), Apply::Live,
               "A folder of provider files (*.toml); each replaces the shipped one of the same provider.", "none")
          .build();
  return section;
}

}  // namespace penstock::config
