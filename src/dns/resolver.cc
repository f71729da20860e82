// SPDX-License-Identifier: Apache-2.0
#include "dns/resolver.h"

#include <memory>
#include <utility>

#include "dns/one_shot.h"

namespace penstock::dns {

net::Task<Result<AnswerPtr>> Resolver::lookup(net::Shard& shard, Question question) {
  std::vector<Question> questions;
  questions.push_back(std::move(question));
  auto answers = co_await lookup_all(shard, std::move(questions));
  co_return std::move(answers.front());
}

net::Task<std::vector<Result<AnswerPtr>>> Resolver::lookup_all(net::Shard& shard, std::vector<Question> questions) {
  struct Gathering {
    std::vector<Result<AnswerPtr>> answers;
    std::size_t missing;
    OneShot complete;
  };
  if (questions.empty()) co_return std::vector<Result<AnswerPtr>>();
  auto gathering = std::make_shared<Gathering>();
  gathering->answers.resize(questions.size());
  gathering->missing = questions.size();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    ask(shard, std::move(questions[i]), [gathering, i](Result<AnswerPtr> answer) {
      gathering->answers[i] = std::move(answer);
      if (--gathering->missing == 0) gathering->complete.fire();
    });
  }
  if (gathering->missing != 0) co_await OneShot::wait({gathering, &gathering->complete});
  co_return std::move(gathering->answers);
}

}  // namespace penstock::dns
