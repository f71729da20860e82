// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Base64, VectorsOfRfc4648) {
  struct Case {
    const char* plain;
    const char* coded;
  };
  const Case cases[] = {{"", ""},
                        {"f", "Zg=="},
                        {"fo", "Zm8="},
                        {"foo", "Zm9v"},
                        {"foob", "Zm9vYg=="},
                        {"fooba", "Zm9vYmE="},
                        {"foobar", "Zm9vYmFy"}};
  for (const Case& c : cases) {
    EXPECT_EQ(encode_base64(c.plain), c.coded);
    EXPECT_EQ(decode_base64(c.coded), c.plain);
  }
}

TEST(Base64, EveryByteComesBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
    EXPECT_EQ(decode_base64(encode_base64(all)), all);
  }
}

TEST(Base64, WhatItWouldNotWriteItDoesNotRead) {
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "====", "=", "Zh==", "Zm9=", "Z g=", "Zg==\n", "Zm9v Zm9v", "Zm-v",
                          "Zm_v", "Zg==Zg==", "=Zg=", "Zm9vY===", "\xff\xff\xff\xff"}) {
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(decode_base64(std::string_view("Zm9\0", 4)), std::nullopt);
}

}  // namespace
}  // namespace penstock
