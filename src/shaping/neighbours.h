// SPDX-License-Identifier: Apache-2.0
// Neighbours: what a path has in common with others. Either may be null: then it is alone.
#pragma once

#include <memory>

#include "shaping/refusal_pool.h"
#include "shaping/siblings.h"

namespace penstock::shaping {

struct Neighbours {
  std::shared_ptr<RefusalPool> pool;   // with all paths of a shard
  std::shared_ptr<Siblings> siblings;  // with those to the same receiver
};

}  // namespace penstock::shaping
