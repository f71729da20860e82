// SPDX-License-Identifier: Apache-2.0
#include "report/notice.h"

#include "base/check.h"

namespace penstock::report {

std::optional<DsnAction> notice_due(std::string_view sender, std::uint8_t notify, NoticeOccasion occasion) {
  if (sender.empty() || (notify & model::kNotifyNever) != 0) return std::nullopt;
  const std::uint8_t wanted = notify == model::kNotifyUnset ? std::uint8_t{model::kNotifyFailure} : notify;
  const auto if_wanted = [wanted](model::Notify flag, DsnAction action) -> std::optional<DsnAction> {
    if ((wanted & flag) == 0) return std::nullopt;
    return action;
  };
  switch (occasion) {
    case NoticeOccasion::Bounced: return if_wanted(model::kNotifyFailure, DsnAction::Failed);
    case NoticeOccasion::Delayed: return if_wanted(model::kNotifyDelay, DsnAction::Delayed);
    case NoticeOccasion::DeliveredToBox: return if_wanted(model::kNotifySuccess, DsnAction::Delivered);
    case NoticeOccasion::RelayedWithoutDsn: return if_wanted(model::kNotifySuccess, DsnAction::Relayed);
    case NoticeOccasion::RelayedWithDsn: return std::nullopt;
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace penstock::report
