// SPDX-License-Identifier: Apache-2.0
#include "report/notice.h"

#include <gtest/gtest.h>

namespace penstock::report {
namespace {

using enum NoticeOccasion;
constexpr std::uint8_t kAll = model::kNotifySuccess | model::kNotifyFailure | model::kNotifyDelay;

TEST(NoticeDue, NotifyDecides) {
  const struct {
    std::uint8_t notify;
    NoticeOccasion occasion;
    std::optional<DsnAction> wanted;
  } table[] = {
      {model::kNotifyUnset, Bounced, DsnAction::Failed},
      {model::kNotifyUnset, Delayed, std::nullopt},
      {model::kNotifyUnset, DeliveredToBox, std::nullopt},
      {model::kNotifyUnset, RelayedWithoutDsn, std::nullopt},
      {model::kNotifyNever, Bounced, std::nullopt},
      {model::kNotifyNever | model::kNotifyFailure, Bounced, std::nullopt},
      {model::kNotifySuccess, Bounced, std::nullopt},
      {model::kNotifySuccess, DeliveredToBox, DsnAction::Delivered},
      {model::kNotifySuccess, RelayedWithoutDsn, DsnAction::Relayed},
      {model::kNotifySuccess, RelayedWithDsn, std::nullopt},
      {model::kNotifyDelay, Delayed, DsnAction::Delayed},
      {model::kNotifyDelay, Bounced, std::nullopt},
      {model::kNotifyFailure, Delayed, std::nullopt},
      {kAll, Bounced, DsnAction::Failed},
      {kAll, Delayed, DsnAction::Delayed},
      {kAll, RelayedWithDsn, std::nullopt},
  };
  for (const auto& row : table) {
    EXPECT_EQ(notice_due("a@b.example", row.notify, row.occasion), row.wanted)
        << int{row.notify} << " at " << static_cast<int>(row.occasion);
  }
}

TEST(NoticeDue, NullSenderGetsNone) {
  for (const NoticeOccasion occasion : {Bounced, Delayed, DeliveredToBox, RelayedWithDsn, RelayedWithoutDsn}) {
    EXPECT_FALSE(notice_due("", kAll, occasion));
  }
}

}  // namespace
}  // namespace penstock::report
