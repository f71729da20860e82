// SPDX-License-Identifier: Apache-2.0
#include "unsubscribe/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::unsubscribe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kHostile = "\"><script>alert('1')</script>\r\n&@example.net";

TEST(UnsubscribePage, EscapesWhatHtmlWouldRead) {
  EXPECT_EQ(escape_html("<a b=\"c\" d='e'>&\r\n\x7F"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;   ");
  EXPECT_EQ(escape_html("m\xC3\xBCller"), "m\xC3\xBCller");
}

TEST(UnsubscribePage, HostileTextsStayTexts) {
  for (const std::string& page :
       {confirmation_page(kHostile, kHostile), done_page(kHostile, kHostile), problem_page(kHostile, kHostile)}) {
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  }
}

TEST(UnsubscribePage, ConfirmationAsksByAFormThatPostsToItself) {
  const std::string page = confirmation_page("anna@example.net", "Weekly news");
  EXPECT_THAT(page, HasSubstr("<form method=\"post\">"));
  EXPECT_THAT(page, HasSubstr("name=\"List-Unsubscribe\" value=\"One-Click\""));
  EXPECT_THAT(page, HasSubstr("anna@example.net"));
  EXPECT_THAT(page, HasSubstr("Weekly news"));
}

// Nothing is fetched from anywhere when a page is shown.
TEST(UnsubscribePage, LoadsNothing) {
  for (const std::string& page : {confirmation_page("a@b.test", "x"), done_page("a@b.test", "x")}) {
    for (const char* word : {"src=", "href=", "url(", "http:", "https:", "<script", "@import"}) {
      EXPECT_THAT(page, Not(HasSubstr(word)));
    }
    EXPECT_THAT(page, HasSubstr("<!DOCTYPE html>"));
    EXPECT_THAT(page, HasSubstr("</html>"));
  }
}

}  // namespace
}  // namespace penstock::unsubscribe
