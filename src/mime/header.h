// SPDX-License-Identifier: Apache-2.0
// The header block of a finished message (RFC 5322 §2.2), scanned where it lies. Door of the module: labels.h,
// edit.h, received.h and date.h work on what is found here.
//
// Use:  HeaderScanner scan(message);
//       for (HeaderField field; scan.next(field);) use(field.name, field.value);
//       message.substr(scan.body_offset())
//
// A line ends with CRLF and nothing else; a bare CR or LF is a byte of the line. The block ends before the first empty
// line, or with the message. A message whose first line is no field has no header at all: everything is body.
// Malformed lines further down (no colon, bytes in the name that may not stand there) are skipped and counted, together
// with their continuation lines; so is the "From " line of a mailbox file before the first field. Views point into
// `message`, which must outlive them. Cost: one memchr per line, no allocation; the body is never touched. Limits:
// header_bytes_max and fields_max; at the bound the scan stops, over_limit() is set, and the message should be refused.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::mime {

// A half-open range of bytes of the message.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] std::size_t size() const { return end - begin; }
  bool operator==(const ByteRange&) const = default;
};

struct HeaderField {
  std::string_view name;   // as written; without colon and the blanks before it
  std::string_view value;  // everything between the colon and the last CRLF, folds included
  ByteRange bytes;         // the whole field, its last CRLF included
};

struct HeaderLimits {
  std::size_t header_bytes_max = 256 * 1024;
  std::uint32_t fields_max = 2000;
};

class HeaderScanner {
 public:
  explicit HeaderScanner(std::string_view message, HeaderLimits limits = {});

  // The next well-formed field, in order; false at the end, which is final.
  bool next(HeaderField& field);

  // The following say what was found so far; they are complete once next() has returned false.
  [[nodiscard]] std::uint32_t field_count() const { return fields_; }
  [[nodiscard]] std::uint32_t malformed_count() const { return malformed_; }
  // Bytes of the mailbox file's "From " line at the start; mostly 0. It cuts the header short for other readers.
  [[nodiscard]] std::size_t mailbox_line_size() const { return mailbox_line_size_; }
  [[nodiscard]] bool over_limit() const { return over_limit_; }
  // The bytes of all fields: [0, header_size()). The empty line, if there is one, comes next.
  [[nodiscard]] std::size_t header_size() const { return position_; }
  // Whether the empty line is there. If not, either there is no body, or the message is all body.
  [[nodiscard]] bool has_separator() const { return separator_; }
  // Where the body starts; message.size() when there is none.
  [[nodiscard]] std::size_t body_offset() const { return separator_ ? position_ + 2 : position_; }

 private:
  // One past the CRLF of the line that starts at `from`, or horizon_ when there is none.
  [[nodiscard]] std::size_t line_end(std::size_t from) const;
  // The same for a whole field, its continuation lines included.
  [[nodiscard]] std::size_t field_end(std::size_t from) const;
  // Splits the bytes into name and value; false if they are no field.
  bool split(ByteRange bytes, HeaderField& field) const;
  void skip_mailbox_line();

  std::string_view message_;
  HeaderLimits limits_;
  std::size_t horizon_;  // nothing at or beyond this offset is looked at
  std::size_t position_ = 0;
  std::size_t mailbox_line_size_ = 0;
  std::uint32_t fields_ = 0;
  std::uint32_t malformed_ = 0;
  bool separator_ = false;
  bool over_limit_ = false;
  bool done_ = false;
};

// The first field of that name, case ignored, or nothing.
[[nodiscard]] std::optional<HeaderField> find_field(std::string_view message, std::string_view name);

// A value on one line (RFC 5322 §2.2.3: only the CRLFs before white space go), trimmed at both ends.
[[nodiscard]] std::string unfold(std::string_view value);

// Whether any byte is above 127; eight bytes at a time.
[[nodiscard]] bool has_eight_bit(std::string_view bytes);

}  // namespace penstock::mime
