// SPDX-License-Identifier: Apache-2.0
// DKIM keys in files below a folder of their own, which goes with this object.   Test only.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <string>

#include "base/test/temp_folder.h"
#include "config/config.h"
#include "dkim/key_pair.h"
#include "dkim/key_record.h"
#include "dkim/verification.h"

namespace penstock::delivery {

class KeyFiles {
 public:
  config::Dkim key(const std::string& domain, const std::string& selector, dkim::KeyType type) {
    const auto pair = dkim::KeyPair::generate(type);
    config::Dkim key;
    key.domain = domain;
    key.selector = selector;
    key.key_file = folder_.file(domain + "." + selector + ".pem");
    write(key.key_file, pair->to_pem());
    published_[dkim::key_name(selector, domain)].records = {dkim::format_key_record(type, pair->public_key())};
    return key;
  }
  void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
    EXPECT_EQ(::chmod(path.c_str(), 0600), 0);
  }
  // What DNS has for all keys made.
  [[nodiscard]] const dkim::KeyAnswers& published() const { return published_; }

 private:
  TempFolder folder_;
  dkim::KeyAnswers published_;
};

}  // namespace penstock::delivery
