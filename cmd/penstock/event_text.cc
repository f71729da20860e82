// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/event_text.h"

#include <fmt/format.h>

#include "api/time_text.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;

std::string time_of(const json::object& event) {
  const auto time = api::parse_time(text_of(event, "time"));
  if (!time) return "?";
  std::string text = api::format_time(*time).substr(0, 23);
  text[10] = ' ';
  return text;
}

// Who is at the other end: "v1 to mx1.slow.example", "from 192.0.2.7".
std::string ends_of(const json::object& event) {
  const std::string vmta = text_of(event, "vmta");
  std::string peer = text_of(event, "peer_host");
  if (peer.empty()) peer = text_of(event, "peer");
  const std::string type = text_of(event, "type");
  const bool incoming = type == "accepted" || type == "rejected";
  if (incoming && !peer.empty()) return "from " + peer;
  if (vmta.empty()) return peer.empty() ? "" : "to " + peer;
  return peer.empty() ? vmta : vmta + " to " + peer;
}

// "(rcpt, rate-limit, attempt 1)"
std::string facts_of(const json::object& event) {
  std::string facts;
  const auto add = [&facts](const std::string& fact) {
    if (!fact.empty()) facts += (facts.empty() ? "" : ", ") + fact;
  };
  add(text_of(event, "step"));
  add(text_of(event, "class"));
  if (const auto attempt = count_of(event, "attempt"); attempt > 0) add(fmt::format("attempt {}", attempt));
  if (const auto bytes = count_of(event, "size"); bytes > 0) add(human_size(bytes));
  if (const std::string next = text_of(event, "next"); !next.empty()) add("next " + human_time(next));
  return facts.empty() ? "" : " (" + facts + ")";
}

}  // namespace

std::string format_event(const json::object& event) {
  std::string id = text_of(event, "id");
  if (!id.empty() && find(event, "rcpt_index") != nullptr) id += fmt::format(".{}", count_of(event, "rcpt_index"));
  std::string line = fmt::format("{}  {:<10}", time_of(event), text_of(event, "type"));
  std::string separator = " ";
  for (const std::string& part : {id, text_of(event, "recipient"), ends_of(event)}) {
    if (part.empty()) continue;
    line += separator + part;
    separator = "  ";
  }
  while (line.ends_with(' ')) line.pop_back();
  std::string said = text_of(event, "reply");
  if (const std::string detail = text_of(event, "detail"); !detail.empty()) said += (said.empty() ? "" : "; ") + detail;
  if (!said.empty()) line += ": " + said;
  return printable(line + facts_of(event));
}

}  // namespace penstock::cli
