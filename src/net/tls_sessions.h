// SPDX-License-Identifier: Apache-2.0
// TlsSessions: what servers gave us to shorten the next handshake with them (RFC 5077, RFC 8446 §2.2), by a key of the
// caller's. The key must name everything the handshake was judged by: host, port, policy. One per shard.
//
// Threads: the shard's.   Limits: kKept sessions, a few KiB each; then it forgets them all, which costs full
// handshakes.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <string>

struct ssl_session_st;

namespace penstock::net {

struct FreeTlsSession {
  void operator()(ssl_session_st* session) const;
};
using TlsSession = std::unique_ptr<ssl_session_st, FreeTlsSession>;

class TlsSessions {
 public:
  static constexpr std::size_t kKept = 2'000;

  void put(const std::string& key, TlsSession session) {
    if (known_.size() >= kKept) known_.clear();
    known_[key] = std::move(session);
  }
  // The newest, or nullptr. It may be used by several connections: that they can be told to be of one client, which
  // RFC 8446 §C.4 warns of, is no secret of a mail server. Valid until the next put() or clear().
  [[nodiscard]] ssl_session_st* find(const std::string& key) const {
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : found->second.get();
  }
  void clear() { known_.clear(); }
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  boost::unordered_flat_map<std::string, TlsSession> known_;
};

}  // namespace penstock::net
