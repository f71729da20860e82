// SPDX-License-Identifier: Apache-2.0
// The words of phrases.h in other languages than English: German, French, Spanish, Catalan, Italian, Portuguese, Dutch,
// Polish, Czech, Slovak, Hungarian, Romanian, Croatian, Slovene, Swedish, Danish, Norwegian, Finnish, the Baltic
// languages, Turkish, Greek, Russian, Ukrainian, Bulgarian, Hebrew, Arabic, Vietnamese, Indonesian, Thai, Chinese,
// Japanese, Korean.
//
// All are written as folded() makes them, so that marks and case need not agree.   Pure; any thread.
#pragma once

#include "report/word_table.h"

namespace penstock::report {

// Subjects of notices that mail failed, and words in them.
[[nodiscard]] Words failure_subjects_abroad();
[[nodiscard]] Words failures_abroad();
// Of mail that waits; in its subject, in its text.
[[nodiscard]] Words delay_subjects_abroad();
[[nodiscard]] Words delays_abroad();
// Subjects of automatic answers.
[[nodiscard]] Words auto_subjects_abroad();
// What From calls the system that sends notices.
[[nodiscard]] Words daemons_abroad();

}  // namespace penstock::report
