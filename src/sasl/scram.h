// SPDX-License-Identifier: Apache-2.0
// The messages of SCRAM (RFC 5802 §5.1, §7) as values: reading and writing them, and the proofs they carry.
//
// Strict: attributes in the order the RFC gives, values without NUL, nonces of printable ASCII without commas, "m="
// refused, as the RFC asks. Extensions behind the known attributes are read over. Channel binding (the -PLUS
// mechanisms) is not spoken: "p=" is refused, "y" taken as "n", which is true of us.
// Pure; any thread.   Limits: kMessageBytesMax.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::sasl {

inline constexpr std::size_t kMessageBytesMax = 2'048;

// "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
struct ClientFirst {
  std::string gs2_header;  // "n,,", as it was sent
  std::string authzid;     // whom to act as; "": the user himself
  std::string user;
  std::string nonce;
  std::string bare;  // without the header
};
[[nodiscard]] std::optional<ClientFirst> parse_client_first(std::string_view message);

// "r=rOpr…%hvYD…,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
struct ServerFirst {
  std::string nonce;  // the client's, and more
  std::string salt;
  std::uint32_t iterations = 0;
};
[[nodiscard]] std::optional<ServerFirst> parse_server_first(std::string_view message);
[[nodiscard]] std::string format_server_first(const ServerFirst& message);

// "c=biws,r=rOpr…,p=dHzb…"
struct ClientFinal {
  std::string channel_binding;  // decoded
  std::string nonce;
  std::string proof;          // decoded
  std::string without_proof;  // the message up to ",p="
};
[[nodiscard]] std::optional<ClientFinal> parse_client_final(std::string_view message);

// "v=6rriTRBi…" gives the decoded signature; nothing for "e=…" and for anything else.
[[nodiscard]] std::optional<std::string> parse_server_final(std::string_view message);

// "=2C" and "=3D" stand for "," and "=" in a name (saslname).
[[nodiscard]] std::string escape_name(std::string_view name);
[[nodiscard]] std::optional<std::string> unescape_name(std::string_view text);

// Bitwise, of two texts of the same length.
[[nodiscard]] std::string exclusive_or(std::string_view a, std::string_view b);

}  // namespace penstock::sasl
