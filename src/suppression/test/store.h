// SPDX-License-Identifier: Apache-2.0
// A suppression list in a folder of its own, on a clock that stands still.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "src/state/test/temp_database.h"
#include "suppression/suppression.h"

namespace penstock::suppression {

class Store {
 public:
  explicit Store(ProviderRules rules = {}) { open(rules); }
  ~Store() { close(); }
  void reopen(ProviderRules rules = {}) {
    close();
    open(rules);
  }
  Suppression& operator*() { return *list_; }
  Suppression* operator->() { return list_.get(); }
  state::Writer& writer() { return *writer_; }
  [[nodiscard]] std::string folder() const { return file_.folder(); }

  // The cause by which the address is suppressed, or "".
  std::string cause(std::string_view address, const Where& where = {}) {
    const auto hit = list_->check(address, where);
    EXPECT_TRUE(hit);
    return hit && *hit ? std::string(to_string((*hit)->cause)) : std::string();
  }
  Added add(std::string address, Cause cause, std::string_view scope = "", Time until = {},
            Overwrite overwrite = Overwrite::Always) {
    Entry entry;
    entry.address = std::move(address);
    entry.cause = cause;
    entry.scope = *parse_scope(scope);
    entry.until = until;
    const auto added = list_->add({entry}, overwrite);
    EXPECT_TRUE(added);
    return added.value_or(Added{});
  }

  FakeClock clock;

 private:
  void open(ProviderRules rules) {
    writer_ = std::move(*state::Writer::open(file_.path()));
    metrics_ = std::make_unique<metrics::Registry>();
    auto opened = Suppression::open({*writer_, clock, *metrics_, 100}, rules);
    ASSERT_TRUE(opened) << opened.error().to_string();
    list_ = std::move(*opened);
  }
  void close() {
    list_.reset();
    writer_.reset();
    metrics_.reset();
  }

  state::TempDatabase file_;
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<metrics::Registry> metrics_;
  std::unique_ptr<Suppression> list_;
};

}  // namespace penstock::suppression
