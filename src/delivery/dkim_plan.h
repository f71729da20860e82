// SPDX-License-Identifier: Apache-2.0
// DkimPlan: the keys of a configuration, ready to sign, and which of them sign a message.
//
// Use:  const auto signers = plan.dkim->choose({stream.name, stream.dkim}, message, clock.wall());
//       sign_message(signers, message, clock.wall())       // on a worker: RSA blocks
// A stream names domains; "from" is the domain of the From field, or the nearest one above it that has a key. Of a
// domain's keys those sign whose `sign` has come and whose `retire` has not; of each key type the one whose `sign` is
// the latest. So a key made for next month takes over by itself, and RSA and Ed25519 may sign together. Keys that name
// streams sign the mail of these alone, and go before keys that name none.
// Threads: constant after load(); const from any.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "dkim/signer.h"

namespace penstock::delivery {

class DkimPlan {
 public:
  // Signers outlive the plan they are chosen from as long as somebody holds them.
  using Signers = std::vector<std::shared_ptr<const dkim::Signer>>;

  // What a stream asks for.
  struct Asked {
    std::string_view stream;
    std::span<const std::string> domains;
  };

  // Reads the key files. Errors: BadKey; the detail names domain, file and what to do.
  [[nodiscard]] static Result<std::shared_ptr<const DkimPlan>> load(std::span<const config::Dkim> keys);

  // Each signer once, in the order of its domains; empty when none of them has a key now.
  [[nodiscard]] Signers choose(const Asked& asked, std::string_view message, Time now) const;

 private:
  struct Key {
    std::shared_ptr<const dkim::Signer> signer;
    Time sign = Time::min();
    Time retire = Time::max();
    std::vector<std::string> streams = {};  // empty: all
    [[nodiscard]] bool signs_for(std::string_view stream) const;
  };
  void add_domain(std::string_view domain, std::string_view stream, Time now, Signers& out) const;
  [[nodiscard]] std::string_view nearest(std::string_view domain, std::string_view stream) const;

  std::map<std::string, std::vector<Key>, std::less<>> domains_;
};

// The domain of the first address in the From field, in small letters; "" when there is none.
[[nodiscard]] std::string from_domain(std::string_view message);

// The fields to put before the message. A signer that cannot sign leaves its field out.
struct SignedFields {
  std::string text;
  std::uint32_t made = 0;
  std::string problem;  // of the last signer that could not
};
[[nodiscard]] SignedFields sign_message(const DkimPlan::Signers& signers, std::string_view message, Time now);
// About how long they will be, for SIZE=.
[[nodiscard]] std::uint64_t field_bytes(const DkimPlan::Signers& signers);

}  // namespace penstock::delivery
