// SPDX-License-Identifier: Apache-2.0
// Input: the parameters of one request, from its query or from its JSON body, read strictly.
//
// Use:  auto input = Input::from_body(text);   if (!input) …
//       request.reason = input->text("reason");   request.dry_run = input->flag("dry_run");
//       if (auto read = input->finish(); !read) return tl::unexpected(read.error());
// Each read names a parameter, which makes it known; an absent one gives its fallback. The first mistake is kept, later
// reads go on with fallbacks, and finish() reports it, or a parameter that nobody read, with the nearest known name.
// Threads: one owner.   Limits: texts have at most kTextMax bytes and no control characters.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/problem.h"
#include "api/types.h"
#include "api/words.h"

namespace penstock::api {

class Input {
 public:
  static constexpr std::size_t kTextMax = 1000;
  static constexpr std::uint64_t kRowsMax = 10'000;  // that one answer lists

  // A body is one JSON object, or empty, which is an object without members.
  static Asked<Input> from_body(std::string_view text);
  static Input from_query(const std::vector<std::pair<std::string, std::string>>& query);

  [[nodiscard]] std::string text(std::string_view name);
  // As text(), of any length and content.
  [[nodiscard]] std::optional<std::string> raw_text(std::string_view name);
  [[nodiscard]] std::vector<std::string> list(std::string_view name);  // of texts; in a query "a,b"
  // Whether it was given, whatever it is. It still has to be read.
  [[nodiscard]] bool has(std::string_view name) const { return values_.contains(name); }
  [[nodiscard]] bool flag(std::string_view name);
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                                     std::uint64_t most);
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name);
  // "30s"
  [[nodiscard]] Duration duration(std::string_view name, Duration fallback, Duration most);
  // RFC 3339, or a duration before `now` ("2h" ago). The epoch when absent.
  [[nodiscard]] Time time_before(std::string_view name, Time now);
  // The same after `now`.
  [[nodiscard]] Time time_after(std::string_view name, Time now);
  [[nodiscard]] std::optional<model::MessageId> message_id(std::string_view name);
  template <class E>
  [[nodiscard]] std::optional<E> word(std::string_view name) {
    const std::string given = text(name);
    if (given.empty()) return std::nullopt;
    const auto found = find_word<E>(given);
    if (!found) complain(name, "one of " + join_words(Words<E>::kAll), given);
    return found;
  }
  // In a query the criteria stand beside the other parameters, in a body in an object "selection".
  [[nodiscard]] Selection selection();

  // Records a mistake in words of the caller, unless there is one already.
  void refuse_with(Problem problem);
  [[nodiscard]] Asked<> finish();

 private:
  enum class From { Query, Body };
  Input(From from, boost::json::object values) : from_(from), values_(std::move(values)) {}
  const boost::json::value* take(std::string_view name);
  void complain(std::string_view name, std::string_view expected, std::string_view given);
  Time time(std::string_view name, Time now, int direction);
  Selection read_criteria();

  From from_;
  boost::json::object values_;
  std::vector<std::string_view> known_;
  std::optional<Problem> problem_;
  std::string within_;  // "selection." while reading the inner object
};

}  // namespace penstock::api
