// SPDX-License-Identifier: Apache-2.0
#include "report/message_tree.h"

#include <gmime/gmime.h>

#include <memory>

#include "base/ascii.h"
#include "mime/header.h"
#include "mime/text.h"

namespace penstock::report {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
struct Free {
  void operator()(char* text) const { g_free(text); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;
using OwnedText = std::unique_ptr<char, Free>;

std::string_view view(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string with_lf(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\r' && (i + 1 == bytes.size() || bytes[i + 1] == '\n')) continue;
    out += bytes[i] == '\0' ? ' ' : bytes[i];
  }
  return out;
}

// The message without what stands before its header, or nothing when there is no header.
std::string_view skip_to_header(std::string_view message) {
  for (std::size_t end = message.find('\n'); end != std::string_view::npos; end = message.find('\n')) {
    if (!ascii::trim(message.substr(0, end)).empty()) break;
    message.remove_prefix(end + 1);
  }
  if (message.starts_with("From ") || message.starts_with(">From ")) {
    const std::size_t end = message.find('\n');
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
  }
  const std::string_view line = message.substr(0, message.find('\n'));
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return {};
  for (const char c : line.substr(0, colon)) {
    if (c <= ' ' || c == 127) return {};
  }
  return message;
}

HeaderFields fields_of(GMimeObject* object) {
  constexpr int kFieldsMax = 300;
  constexpr std::size_t kValueBytesMax = 8 * 1024;
  HeaderFields fields;
  GMimeHeaderList* list = g_mime_object_get_header_list(object);
  const int count = std::min(g_mime_header_list_get_count(list), kFieldsMax);
  for (int i = 0; i < count; ++i) {
    GMimeHeader* header = g_mime_header_list_get_header_at(list, i);
    const std::string_view raw = view(g_mime_header_get_raw_value(header)).substr(0, kValueBytesMax);
    std::string value;
    for (const char c : raw) {
      if (c != '\r' && c != '\n') value += c == '\t' ? ' ' : c;
    }
    fields.emplace_back(std::string(view(g_mime_header_get_name(header))), std::string(ascii::trim(value)));
  }
  return fields;
}

std::string to_utf8(std::string bytes, const char* charset) {
  const bool plain = !mime::has_eight_bit(bytes) && bytes.find('\x1b') == std::string::npos;
  if (plain || charset == nullptr || mime::is_utf8(bytes)) {
    if (plain || bytes.find('\x1b') == std::string::npos || charset == nullptr) return bytes;
  }
  const iconv_t converter = g_mime_iconv_open("utf-8", charset);
  if (converter == reinterpret_cast<iconv_t>(-1)) return bytes;
  const OwnedText converted(g_mime_iconv_strndup(converter, bytes.data(), bytes.size()));
  g_mime_iconv_close(converter);
  return converted == nullptr ? bytes : std::string(converted.get());
}

class Walk {
 public:
  Walk(MessageTree& tree, const ReadLimits& limits) : tree_(tree), limits_(limits) {}

  void visit(GMimeObject* object, std::uint32_t depth) {
    if (object == nullptr) return;
    if (depth > limits_.depth_max || ++seen_ > limits_.parts_max) {
      tree_.truncated = true;
      return;
    }
    if (GMIME_IS_MULTIPART(object)) {
      auto* multipart = reinterpret_cast<GMimeMultipart*>(object);
      const int count = g_mime_multipart_get_count(multipart);
      for (int i = 0; i < count && seen_ <= limits_.parts_max; ++i) {
        visit(g_mime_multipart_get_part(multipart, i), depth + 1);
      }
    } else if (GMIME_IS_MESSAGE_PART(object)) {
      add_embedded(g_mime_message_part_get_message(reinterpret_cast<GMimeMessagePart*>(object)));
    } else if (GMIME_IS_PART(object)) {
      add_leaf(reinterpret_cast<GMimePart*>(object));
    }
  }

 private:
  void add_embedded(GMimeMessage* message) {
    if (message == nullptr) return;
    MessagePart part{PartKind::Embedded, {}, fields_of(reinterpret_cast<GMimeObject*>(message))};
    for (const auto& [name, value] : part.fields) part.text += name + ": " + value + "\n";
    tree_.parts.push_back(std::move(part));
  }

  void add_leaf(GMimePart* leaf) {
    GMimeContentType* type = g_mime_object_get_content_type(reinterpret_cast<GMimeObject*>(leaf));
    const std::string major = ascii::lower(view(g_mime_content_type_get_media_type(type)));
    const std::string minor = ascii::lower(view(g_mime_content_type_get_media_subtype(type)));
    MessagePart part;
    if (major == "message" || minor.find("rfc822-header") != std::string::npos) {
      if (minor.ends_with("delivery-status")) {
        part.kind = PartKind::Status;
      } else if (minor == "feedback-report") {
        part.kind = PartKind::Feedback;
      } else {
        part.kind = PartKind::Headers;
      }
    } else if (major == "text") {
      if (minor == "calendar" || minor == "css") return;
      part.kind = minor == "html" ? PartKind::Html : PartKind::Text;
    } else if (major != "multipart") {
      return;
    }
    part.text = to_utf8(decoded(leaf), g_mime_content_type_get_parameter(type, "charset"));
    tree_.parts.push_back(std::move(part));
  }

  std::string decoded(GMimePart* leaf) {
    GMimeDataWrapper* content = g_mime_part_get_content(leaf);
    if (content == nullptr) return {};
    const Owned<GMimeStream> out(g_mime_stream_mem_new());
    g_mime_data_wrapper_write_to_stream(content, out.get());
    const GByteArray* bytes = g_mime_stream_mem_get_byte_array(reinterpret_cast<GMimeStreamMem*>(out.get()));
    std::string_view all(reinterpret_cast<const char*>(bytes->data), bytes->len);
    if (all.size() > limits_.text_bytes_max) {
      tree_.truncated = true;
      all = all.substr(0, limits_.text_bytes_max);
    }
    return with_lf(all);
  }

  MessageTree& tree_;
  const ReadLimits& limits_;
  std::uint32_t seen_ = 0;
};

void add_unparsed_body(std::string_view message, const ReadLimits& limits, MessageTree& tree) {
  const std::string text = with_lf(message);
  const std::size_t end = text.find("\n\n");
  if (end == std::string::npos) return;
  tree.parts.push_back({PartKind::Text, text.substr(end + 2, limits.text_bytes_max), {}});
}

// GMime wants one call before anything else, and none at the end.
void start_library() {
  static const bool started = [] {
    g_mime_init();
    return true;
  }();
  (void)started;
}

}  // namespace

std::string_view field_value(const HeaderFields& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (ascii::equal_ignoring_case(field, name)) return value;
  }
  return {};
}

MessageTree take_apart(std::string_view message, const ReadLimits& limits) {
  start_library();
  MessageTree tree;
  tree.truncated = message.size() > limits.bytes_max;
  message = message.substr(0, limits.bytes_max);
  const std::string_view whole = skip_to_header(message);
  if (whole.empty()) {
    tree.content_type = "text/plain";
    tree.parts.push_back({PartKind::Text, with_lf(message.substr(0, limits.text_bytes_max)), {}});
    return tree;
  }
  const Owned<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(whole.data(), whole.size()));
  const Owned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  const Owned<GMimeMessage> parsed(g_mime_parser_construct_message(parser.get(), nullptr));
  if (parsed == nullptr) return tree;
  tree.header = fields_of(reinterpret_cast<GMimeObject*>(parsed.get()));
  tree.subject = with_lf(view(g_mime_message_get_subject(parsed.get())));
  GMimeObject* body = g_mime_message_get_mime_part(parsed.get());
  if (body == nullptr) return tree;
  const OwnedText type(g_mime_content_type_get_mime_type(g_mime_object_get_content_type(body)));
  tree.content_type = ascii::lower(view(type.get()));
  Walk(tree, limits).visit(body, 0);
  // Boundaries that do not fit: the parts are there to read, though not for a parser.
  if (tree.parts.empty() && GMIME_IS_MULTIPART(body)) add_unparsed_body(whole, limits, tree);
  return tree;
}

}  // namespace penstock::report
