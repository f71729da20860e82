// SPDX-License-Identifier: Apache-2.0
// The two places where this module meets libunbound's types: a context made from options, and an Answer from a result.
//
// Inside the module only; see unbound_resolver.h for what callers use.   Threads: any; no state.
#pragma once

#include <unbound.h>

#include <memory>

#include "base/result.h"
#include "dns/answer.h"
#include "dns/unbound_resolver.h"

namespace penstock::dns {

struct DeleteContext {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
using ContextPtr = std::unique_ptr<ub_ctx, DeleteContext>;

// A context ready for asynchronous look-ups; everything is set before the first, as libunbound demands.
// Errors: BadOption names what could not be used; Library.
[[nodiscard]] Result<ContextPtr> make_context(const UnboundOptions& options);

// Records that cannot be read are left out; if none is left of a "found" answer, it counts as a server failure.
[[nodiscard]] Answer to_answer(const ub_result& result, const Question& question);

}  // namespace penstock::dns
