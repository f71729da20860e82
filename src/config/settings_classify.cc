// SPDX-License-Identifier: Apache-2.0
// How receivers' replies are understood.
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {

const Section& classify_section() {
  static const Section section =
      SectionBuilder<Classify>("[classify]")
          .add("rules", &Classify::rules, absolute_path(), Apply::Live,
               "A folder of rule files (*.toml) of your own, asked before the shipped ones.", "none")
          .build();
  return section;
}

}  // namespace penstock::config
