// SPDX-License-Identifier: Apache-2.0
// Rules for texts of the configuration: names, paths, domains, patterns, times of day.   Pure.
#pragma once

#include <string_view>

#include "config/config.h"
#include "config/kinds.h"

namespace penstock::config {

[[nodiscard]] Kind<std::string> any_text(std::size_t longest);
[[nodiscard]] Kind<std::string> absolute_path();
// Letters, digits, ".", "_" and "-"; up to 64, the first a letter or a digit: what labels and names consist of.
[[nodiscard]] Kind<std::string> name();
// Small letters afterwards, without a final dot. U-labels may stand as they are.
[[nodiscard]] Kind<std::string> domain();
// Also "*.example.com": everything below.
[[nodiscard]] Kind<std::string> domain_pattern();
// RFC 5322 §2.2, without colon.
[[nodiscard]] Kind<std::string> header_name();
// "@example.com", or an address with "*" and "?".
[[nodiscard]] Kind<std::string> sender_pattern();
[[nodiscard]] Kind<std::string> mail_address();
// An address with one "{ref}" in its local part, short enough for the reference.
[[nodiscard]] Kind<std::string> return_path();
// The last part of a Feedback-ID: 5 to 15 letters, digits, "-", "_", ".".
[[nodiscard]] Kind<std::string> feedback_id();
// Of a delivery window: "mon-fri,sun"; "08:00-22:00"; "Europe/Berlin".
[[nodiscard]] Kind<std::string> days();
[[nodiscard]] Kind<std::string> hours();
[[nodiscard]] Kind<std::string> zone();
// "0660", as chmod takes it.
[[nodiscard]] Kind<std::uint32_t> file_mode();

// "none", "opportunistic", "require", "verify"; in settings_tls.cc.
[[nodiscard]] Kind<TlsLevel> tls_level();

[[nodiscard]] bool is_domain(std::string_view text);

}  // namespace penstock::config
