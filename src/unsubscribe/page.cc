// SPDX-License-Identifier: Apache-2.0
#include "unsubscribe/page.h"

#include <fmt/format.h>

namespace penstock::unsubscribe {
namespace {

constexpr std::string_view kStyle =
    "body{margin:0;background:#f4f5f7;color:#1c2430;font:17px/1.5 system-ui,sans-serif}"
    "main{max-width:32em;margin:12vh auto 0;padding:2em;background:#fff;border-radius:10px;"
    "box-shadow:0 1px 4px rgba(0,0,0,.15);overflow-wrap:anywhere}"
    "h1{font-size:1.35em;margin:0 0 .6em}p{margin:0 0 1.2em}"
    "button{font:inherit;font-weight:600;padding:.6em 1.4em;border:0;border-radius:6px;background:#1857b8;color:#fff;"
    "cursor:pointer}button:focus,button:hover{background:#0f3f8a}"
    "@media(prefers-color-scheme:dark){body{background:#14181f;color:#e6e9ee}main{background:#1e242d}}"
    "@media(max-width:36em){main{margin:0;border-radius:0;min-height:100vh;box-sizing:border-box}}";

std::string page(std::string_view heading, std::string_view content) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"robots\" content=\"noindex\"><title>{0}</title><style>{1}</style></head>\n"
      "<body><main><h1>{0}</h1>\n{2}\n</main></body></html>\n",
      heading, kStyle, content);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
  }
  return out;
}

std::string confirmation_page(std::string_view address, std::string_view title) {
  return page("Unsubscribe?", fmt::format("<p><strong>{}</strong> will get no more mail of <strong>{}</strong>.</p>\n"
                                          "<form method=\"post\"><button type=\"submit\" name=\"List-Unsubscribe\" "
                                          "value=\"One-Click\">Unsubscribe</button></form>",
                                          escape_html(address), escape_html(title)));
}

std::string done_page(std::string_view address, std::string_view title) {
  return page("You are unsubscribed",
              fmt::format("<p><strong>{}</strong> gets no more mail of <strong>{}</strong>.</p>\n"
                          "<p>Nothing else needs to be done; you can close this page.</p>",
                          escape_html(address), escape_html(title)));
}

std::string problem_page(std::string_view heading, std::string_view words) {
  return page(escape_html(heading), fmt::format("<p>{}</p>", escape_html(words)));
}

}  // namespace penstock::unsubscribe
