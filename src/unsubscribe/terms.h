// SPDX-License-Identifier: Apache-2.0
// Terms: what each recipient's own copy of a message bears: a link to unsubscribe, a reference that reports bring back
// (delivery/referring.h). Made from the configuration and the keys in force.
//
// Use:  CurrentTerms current(std::make_shared<const Terms>(*config, keys));
//       body = link_fields(*current.load(), envelope, index, stream, message) + message;     // each attempt
// Either belongs to one recipient, so fields are made for one: such streams send each recipient his own copy (make_plan
// sets recipients_per_message to 1). They are put before the message right before it is signed and sent;
// what is stored has none.
// Threads: Terms never change; CurrentTerms any.   Cost of link_fields: some 3 µs where a link is added.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/current.h"
#include "config/config.h"
#include "feedback/reference.h"
#include "model/envelope.h"
#include "unsubscribe/link.h"

namespace penstock::unsubscribe {

struct Terms {
  Terms() = default;
  Terms(const config::Config& config, feedback::ReferenceKeys from);

  feedback::ReferenceKeys keys;
  std::map<std::string, config::StreamUnsubscribe, std::less<>> streams;  // those that add links
  std::map<std::string, std::string, std::less<>> references;  // streams that add references: their return_path or ""
  Duration longest{0};                                         // how long links of streams last that no longer add any
  std::vector<IpNetwork> proxy_from;                           // whose X-Forwarded-For is believed
};

// "List-Unsubscribe: …" and "List-Unsubscribe-Post: …", or "" when this message gets none: its stream offers no links,
// it is a notice (null sender), or it brings a List-Unsubscribe of its own.
[[nodiscard]] std::string link_fields(const Terms& terms, const model::Envelope& envelope, std::uint32_t index,
                                      std::string_view stream, std::string_view message);

class CurrentTerms : public Current<Terms> {
 public:
  using Current::Current;
};

}  // namespace penstock::unsubscribe
