// SPDX-License-Identifier: Apache-2.0
#include "http/connection_table.h"

#include "base/ip_network.h"

namespace penstock::http {
namespace {

std::optional<std::string> counted_as(const std::string& address) {
  const auto parsed = IpAddress::parse(address);
  if (!parsed) return std::nullopt;
  return parsed->holder().to_string();
}

}  // namespace

ConnectionTable::Place::Place(ConnectionTable& table, const std::string& address, std::function<void()> close)
    : table_(table) {
  std::optional<std::string> counted;
  const ConnectionTable::Bounds& bounds = table_.bounds_;
  if (bounds.per_address > 0 && !(bounds.exempt && bounds.exempt(address))) counted = counted_as(address);
  const std::lock_guard lock(table_.mutex_);
  Rows& rows = table_.leaving_;
  row_ = rows.insert(rows.end(), Row{std::move(counted), std::move(close), State::Leaving});
  taken_ = table_.take(row_);
}

ConnectionTable::Place::~Place() {
  {
    const std::lock_guard lock(table_.mutex_);
    table_.leave_address(*row_);
    table_.rows_in(row_->state).erase(row_);
  }
  table_.fewer_.notify_all();
}

std::size_t ConnectionTable::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + busy_.size() + leaving_.size();
}

void ConnectionTable::close_all() const {
  const std::lock_guard lock(mutex_);
  for (const Rows* rows : {&waiting_, &busy_, &leaving_}) {
    for (const Row& row : *rows) row.close();
  }
}

void ConnectionTable::wait_until_empty(Duration longest) {
  std::unique_lock lock(mutex_);
  fewer_.wait_for(lock, longest, [this] { return waiting_.empty() && busy_.empty() && leaving_.empty(); });
}

ConnectionTable::Rows& ConnectionTable::rows_in(State state) {
  return state == State::Waiting ? waiting_ : state == State::Busy ? busy_ : leaving_;
}

// One that gives way stays what it is, though its request came just now.
bool ConnectionTable::move(Rows::iterator row, State to) {
  const std::lock_guard lock(mutex_);
  if (row->state == State::Leaving) return false;
  Rows& target = rows_in(to);
  target.splice(target.end(), rows_in(row->state), row);
  row->state = to;
  return true;
}

bool ConnectionTable::take(Rows::iterator row) {
  if (row->address) {
    auto& of_address = by_address_[*row->address];
    if (of_address >= bounds_.per_address) {
      row->address.reset();
      return false;
    }
    ++of_address;
  }
  if (waiting_.size() + busy_.size() >= bounds_.all) {
    if (waiting_.empty()) {
      leave_address(*row);
      return false;
    }
    const auto longest = waiting_.begin();
    leave_address(*longest);
    leaving_.splice(leaving_.end(), waiting_, longest);
    longest->state = State::Leaving;
    longest->close();
  }
  waiting_.splice(waiting_.end(), leaving_, row);
  row->state = State::Waiting;
  return true;
}

void ConnectionTable::leave_address(Row& row) {
  if (!row.address) return;
  const auto entry = by_address_.find(*row.address);
  if (--entry->second == 0) by_address_.erase(entry);
  row.address.reset();
}

}  // namespace penstock::http
