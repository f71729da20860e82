// SPDX-License-Identifier: Apache-2.0
// penstock dkim …: works on files and DNS itself, no daemon needed.
#include <boost/json/array.hpp>

#include "api/time_text.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/dkim_lookup.h"
#include "dkim/verification.h"
#include "mime/date.h"
#include "mime/header.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;

std::string time_text(std::chrono::sys_seconds time) {
  return api::format_time(Time(time));
}

void add_signature(const dkim::Signature& s, json::object& out) {
  out["domain"] = s.domain;
  out["selector"] = s.selector;
  out["identity"] = s.identity;
  out["algorithm"] = dkim::to_string(s.algorithm);
  out["canonicalization"] = dkim::to_string(s.canonicalization);
  json::array headers;
  for (const std::string& name : s.headers) headers.emplace_back(name);
  out["headers"] = std::move(headers);
  if (s.signed_at) out["signed_at"] = time_text(*s.signed_at);
  if (s.expires_at) out["expires_at"] = time_text(*s.expires_at);
  if (s.body_length) out["body_length"] = *s.body_length;
}

json::object to_json(const dkim::SignatureReport& report) {
  json::object out;
  out["result"] = dkim::to_string(report.verdict);
  out["reason"] = report.reason;
  if (report.signature) add_signature(*report.signature, out);
  if (report.key_bits > 0) out["key_bits"] = report.key_bits;
  if (report.testing) out["testing"] = true;
  if (report.unsigned_body_bytes > 0) out["unsigned_body_bytes"] = report.unsigned_body_bytes;
  return out;
}

std::string to_text(const dkim::SignatureReport& report) {
  std::string line = "  " + std::string(dkim::to_string(report.verdict));
  if (report.signature) {
    line += "  d=" + report.signature->domain + " s=" + report.signature->selector +
            " a=" + dkim::to_string(report.signature->algorithm);
  }
  if (!report.reason.empty()) line += "  " + report.reason;
  if (report.testing) line += "  (the key is in test mode)";
  return line + "\n";
}

// When the message was received, as the host that did it says in the first Received field: signatures that have expired
// since were good then (RFC 6376 §3.5 on x=). Without one: now.
Got<Time> verification_time(const Cli& cli, std::string_view message) {
  const std::string at = cli.arguments.text("--at");
  if (!at.empty() && at != "now") {
    const auto time = api::parse_time(at);
    if (!time) return fail_with(kExitUsage, "--at: not a time: " + at);
    return *time;
  }
  if (at.empty()) {
    const auto received = mime::find_field(message, "Received");
    const std::string line = received ? mime::unfold(received->value) : std::string();
    const auto time = mime::parse_date(line.substr(line.rfind(';') + 1));
    if (time) return *time;
  }
  return SystemClock().wall();
}

}  // namespace

Ended dkim_verify(Cli& cli) {
  const std::string path = cli.arguments.text("FILE");
  const auto text = read_input(path);
  if (!text) return tl::unexpected<Failure>(text.error());
  const std::string message = dkim::with_crlf(*text);
  const auto now = verification_time(cli, message);
  if (!now) return tl::unexpected<Failure>(now.error());
  const auto era = cli.arguments.has("--historic") ? dkim::Era::Historic : dkim::Era::Current;
  const dkim::Verification verification(message, era);
  const auto keys = find_keys(verification.key_names(), cli.arguments.text("--keys"), cli.arguments.text("--resolver"));
  if (!keys) return tl::unexpected<Failure>(keys.error());
  const dkim::Report report = verification.finish(*keys, *now);
  if (cli.json()) {
    json::array signatures;
    for (const auto& signature : report.signatures) signatures.emplace_back(to_json(signature));
    Cli::print_json({{"file", path},
                     {"result", report.summary()},
                     {"as_of", api::format_time(*now)},
                     {"signatures", std::move(signatures)}});
  } else {
    Cli::print(path + ": " + std::string(report.summary()) + "\n");
    for (const auto& signature : report.signatures) Cli::print(to_text(signature));
  }
  if (report.summary() == "pass") return {};
  return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
}

}  // namespace penstock::cli
