// SPDX-License-Identifier: Apache-2.0
// Header fields as they are hashed (RFC 6376 §3.4.1, §3.4.2, §3.7), and the choice of the fields that h= means
// (§5.4.2).
//
// Use:  SignedMessage message(bytes);   FieldChooser choose(message);
//       for (name : signature.headers) if (const auto* f = choose.next(name)) append_field(*f, way, input);
// Views point into the message.   Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dkim/algorithm.h"
#include "mime/header.h"

namespace penstock::dkim {

// The fields of a message, and where its body starts. Lines must end in CRLF.
// Limits: a header of at most 1 MiB and 4,000 fields is looked at; over_limit() tells of more.
class SignedMessage {
 public:
  explicit SignedMessage(std::string_view message);
  [[nodiscard]] const std::vector<mime::HeaderField>& fields() const { return fields_; }
  [[nodiscard]] std::string_view body() const { return body_; }
  // The whole field, its last CRLF included if it has one.
  [[nodiscard]] std::string_view bytes_of(const mime::HeaderField& field) const;
  [[nodiscard]] bool over_limit() const { return over_limit_; }

 private:
  std::string_view message_;
  std::vector<mime::HeaderField> fields_;
  std::string_view body_;
  bool over_limit_ = false;
};

// Gives the fields of a name from the last to the first; the same object serves for one signature.
class FieldChooser {
 public:
  // `except`: the signature itself, which is never among them.
  explicit FieldChooser(const SignedMessage& message, const mime::HeaderField* except = nullptr)
      : message_(message), except_(except) {}
  // The next field of that name (case ignored), or null when there is none left.
  [[nodiscard]] const mime::HeaderField* next(std::string_view name);

 private:
  const SignedMessage& message_;
  const mime::HeaderField* except_;
  std::vector<std::pair<std::string_view, std::size_t>> below_;  // fields of that name from this index on are taken
};

// The canonical field with its CRLF. `bytes`: the whole field as it stands.
void append_field(std::string_view bytes, Canonicalization way, std::string& out);
// The same for the DKIM-Signature itself: what b= says is left out, and the last CRLF.
void append_signature_field(std::string_view bytes, Canonicalization way, std::string& out);

}  // namespace penstock::dkim
