// SPDX-License-Identifier: Apache-2.0
// Reads one message from a connection into one of Beast's parsers; server and client share it. Private to http.
//
// Threads: the stream's shard.
// Errors: of http::Errc; ConnectionLost with nothing read yet means that the peer ended between messages.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <functional>
#include <string>

#include "base/result.h"
#include "http/errc.h"
#include "net/stream.h"

namespace penstock::http {

struct ReadLimits {
  Duration first_byte;  // wait for the message to begin
  Duration whole;       // from its first byte to its last; zero: each read may take first_byte
};

struct ReadEnd {
  bool began = false;  // at least one byte of the message came
  Result<> result;
};

// `leftover` holds bytes read beyond the previous message and is left holding those beyond this one. `on_head` is
// called once, when the head is whole and the body is not: true means that "100 Continue" is to be sent.
template <bool kIsRequest>
net::Task<ReadEnd> read_message(net::Stream& stream, std::string& leftover,
                                boost::beast::http::basic_parser<kIsRequest>& parser, ReadLimits limits,
                                std::function<bool()> on_head);

}  // namespace penstock::http
