// SPDX-License-Identifier: Apache-2.0
// Said: a reply in the form that rules look at.
//
// The text is in lower case, on one line, blanks collapsed, quotation marks and back-ticks as ', and without the codes
// that multi-line replies repeat ("550-5.7.1 … 550 5.7.1 …"). Letters outside ASCII are folded (fold.h: "Boîte" is
// "boite"), control characters are blanks. An enhanced code that stands elsewhere in the text ("(#5.1.1)", as qmail
// writes it) counts as given.
//
// Pure. Limits: text_max bytes are kept. Cost: one pass.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "model/reply.h"

namespace penstock::classify {

struct Said {
  std::uint16_t code = 0;  // 0: none given
  model::EnhancedStatus enhanced;
  std::string text;
  std::optional<model::Step> step;
};

// `out` is reused: its string keeps its memory.
void normalise(const model::Reply& reply, std::optional<model::Step> step, std::size_t text_max, Said& out);

// A reply as others quote it: "550 5.1.1 …", "smtp; 550-5.1.1 …", "host x said: 550 … (in reply to RCPT TO command)",
// "5.1.1 …", or only words.
void read_quoted(std::string_view quoted, std::size_t text_max, Said& out);

// The step at which a reply came, as whoever quotes it tells: "(in reply to MAIL FROM command)", "after end of data",
// "after initial connection". Nothing when it is not told. Any case.
[[nodiscard]] std::optional<model::Step> step_told(std::string_view words);

}  // namespace penstock::classify
