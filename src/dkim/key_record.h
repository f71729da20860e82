// SPDX-License-Identifier: Apache-2.0
// KeyRecord: the TXT record that publishes a key (RFC 6376 §3.6.1, RFC 8463 §4), read and written.
//
// g= (obsolete since RFC 6376) and unknown tags are ignored. Whether a record suits a signature is decided by
// misfit(). Owns its strings.   Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dkim/algorithm.h"
#include "dkim/signature.h"
#include "dkim/verdict.h"

namespace penstock::dkim {

// Names of services in s=.
inline constexpr std::string_view kMailService = "email";
inline constexpr std::string_view kTlsReportService = "tlsrpt";  // reports of TLS (RFC 8460 §3)

struct KeyRecord {
  KeyType type = KeyType::Rsa;
  std::string key;                                 // p=, decoded; empty: the key has been revoked
  std::optional<std::vector<std::string>> hashes;  // h=; absent: all
  std::vector<std::string> services;               // s=, small letters; empty: all
  bool testing = false;                            // t=y
  bool exact_domain = false;                       // t=s: i= must have d= as its domain, not one below it
  [[nodiscard]] bool names(std::string_view service) const;
  // It names the service, or all.
  [[nodiscard]] bool serves(std::string_view service) const;
};

// `text` is the whole record, its strings put together.
[[nodiscard]] Readable<KeyRecord> parse_key_record(std::string_view text);

// Why this record cannot serve for this signature; "" when it can. The key itself is not looked at.
[[nodiscard]] std::string misfit(const KeyRecord& record, const Signature& signature);

// "v=DKIM1; k=rsa; p=…" of a public key as it stands in p=. `service`: s=; "": all.
[[nodiscard]] std::string format_key_record(KeyType type, std::string_view key, bool testing = false,
                                            std::string_view service = "");

// A TXT record as master files want it: quoted strings of at most 255 bytes (RFC 1035 §3.3.14), joined by blanks.
[[nodiscard]] std::string format_txt_strings(std::string_view record);
// The reverse, as key files and copied zone lines have it: `"v=DKIM1; p=MII" "AB…"` is put together, with \" and \\ and
// \123 read (RFC 1035 §5.1); text without a quotation mark at its start is taken as it is.
[[nodiscard]] Readable<std::string> parse_txt_strings(std::string_view text);

}  // namespace penstock::dkim
