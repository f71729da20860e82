// SPDX-License-Identifier: Apache-2.0
#include "base/fold.h"

#include <gtest/gtest.h>

#include <string>

using penstock::fold_character;

namespace {

std::string fold(std::string_view text) {
  std::string folded(text.size(), ' ');
  char* out = folded.data();
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) > 0x7f) {
      i += fold_character(text.substr(i), out);
    } else {
      *out++ = text[i++];
    }
  }
  folded.resize(static_cast<std::size_t>(out - folded.data()));
  return folded;
}

}  // namespace

TEST(Fold, LatinLettersLoseTheirMarks) {
  struct Case {
    std::string_view text, folded;
  };
  for (const Case& c : {Case{"boîte aux lettres fermée", "boite aux lettres fermee"},
                        {"Empfänger ungültig, größer", "Empfanger ungultig, groser"},
                        {"ÉÀÜÑÇØ", "eaunco"},
                        {"buzón año não", "buzon ano nao"},
                        {"przepełniona użytkownik źródło", "przepelniona uzytkownik zrodlo"},
                        {"kullanıcı bulunamadı", "kullanici bulunamadi"},
                        {"schránka neexistuje, žádný", "schranka neexistuje, zadny"},
                        {"felhasználó őű", "felhasznalo ou"},
                        {"L’utilisateur « x » “y”", "L'utilisateur ' x ' 'y'"},
                        {"a\u00a0b", "a b"}}) {
    EXPECT_EQ(fold(c.text), c.folded);
  }
}

TEST(Fold, Latin1IsReadToo) {
  EXPECT_EQ(fold("bo\xee"
                 "te ferm\xe9"),
            "boite ferme");
  EXPECT_EQ(fold("\xdc"
                 "berpr\xfc"
                 "fung"),
            "uberprufung");
}

TEST(Fold, CyrillicIsSmall) {
  EXPECT_EQ(fold("ПОЛЬЗОВАТЕЛЬ Не Найден Ёлка ё"), "пользователь не найден елка е");
  EXPECT_EQ(fold("Їжак ЄІ"), "їжак єі");
}

TEST(Fold, GreekIsSmallAndWithoutAccents) {
  EXPECT_EQ(fold("Ο χρήστης Δεν ΥΠΆΡΧΕΙ, Αυτόματη απάντηση"), "ο χρηστησ δεν υπαρχει, αυτοματη απαντηση");
}

TEST(Fold, WholeTextIsSmall) {
  EXPECT_EQ(penstock::folded("Échec: Could not DELIVER « x » – НЕТ"), "echec: could not deliver ' x ' – нет");
  EXPECT_EQ(penstock::folded(""), "");
}

TEST(Fold, OtherScriptsStay) {
  for (const char* text : {"用户不存在", "宛先不明", "사용자", "אב", "😀"}) EXPECT_EQ(fold(text), text);
}

TEST(Fold, BrokenBytesAreTakenOneByOne) {
  for (const std::string_view text : {"\x80", "\xbf\xbf", "\xf0\x9f", "\xff", "\xc3", "\xe2\x80", "\xc0\xaf"}) {
    EXPECT_LE(fold(text).size(), text.size());
    EXPECT_FALSE(fold(text).empty());
  }
}
