// SPDX-License-Identifier: Apache-2.0
#include "dkim/verdict.h"

#include "base/check.h"

namespace penstock::dkim {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass: return "pass";
    case Verdict::Policy: return "policy";
    case Verdict::Fail: return "fail";
    case Verdict::TempError: return "temperror";
    case Verdict::PermError: return "permerror";
    case Verdict::Neutral: return "neutral";
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace penstock::dkim
