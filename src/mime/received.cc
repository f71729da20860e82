// SPDX-License-Identifier: Apache-2.0
#include "mime/received.h"

#include <algorithm>

#include "base/ascii.h"
#include "mime/date.h"

namespace penstock::mime {
namespace {

constexpr std::size_t kNameBytesMax = 255;

bool is_host_byte(char c) {
  return ascii::is_alnum(c) || std::string_view(".-_:[]").find(c) != std::string_view::npos;
}
// atext of RFC 5321 §4.1.2 with RFC 6531's UTF-8, and what a domain or an address literal may hold.
bool is_address_byte(char c) {
  return static_cast<unsigned char>(c) > 127 || is_host_byte(c) ||
         std::string_view("@!#$%&'*+/=?^`{|}~").find(c) != std::string_view::npos;
}

void append_host(std::string& out, std::string_view name) {
  for (const char c : name.substr(0, kNameBytesMax)) out += is_host_byte(c) ? c : '?';
}

}  // namespace

std::string format_received(const ReceivedLine& line) {
  std::string out = "Received: ";
  out.reserve(256);
  if (!line.client_address.empty()) {
    out += "from ";
    append_host(out, line.client_name.empty() ? std::string_view("unknown") : line.client_name);
    out += line.client_address.find(':') == std::string_view::npos ? " ([" : " ([IPv6:";
    append_host(out, line.client_address);
    out += "])\r\n\t";
  }
  out += "by ";
  append_host(out, line.host);
  out += " with ";
  out += line.protocol;
  out += " id ";
  out += line.id;
  // A quoted local part could hold what ends the clause; such a recipient is simply not named.
  if (!line.recipient.empty() && std::ranges::all_of(line.recipient, is_address_byte)) {
    out += "\r\n\tfor <";
    out += line.recipient;
    out += '>';
  }
  out += ";\r\n\t";
  out += format_date(line.time);
  out += "\r\n";
  return out;
}

std::string make_message_id(std::string_view id, std::string_view host) {
  std::string out;
  out.reserve(id.size() + host.size() + 3);
  out += '<';
  out += id;
  out += '@';
  out += host;
  out += '>';
  return out;
}

std::string format_field(std::string_view name, std::string_view value) {
  std::string out;
  out.reserve(name.size() + value.size() + 4);
  out += name;
  out += ": ";
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += "\r\n";
  return out;
}

}  // namespace penstock::mime
