// SPDX-License-Identifier: Apache-2.0
// TwoDomains: a desk whose mail to one.example and two.example comes to one scripted receiver, over loopback.
// Threads: the test's.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"

namespace penstock::delivery {

class TwoDomains : public ::testing::Test {
 protected:
  TwoDomains() {
    desk_.dns.mx("one.example", {{10, "mx.one.example"}});
    desk_.dns.a("mx.one.example", {"127.0.0.1"});
    desk_.dns.mx("two.example", {{10, "mx.two.example"}});
    desk_.dns.a("mx.two.example", {"127.0.0.1"});
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) { plan.mx_port = receiver_->port(); });
  }
  void send_many(int messages, const std::string& domain = "one.example") {
    for (int i = 0; i < messages; ++i) desk_.send({"r" + std::to_string(i) + "@" + domain});
  }
  void wait_for(model::EventType type, std::size_t count) {
    desk_.run_until([&] { return desk_.events.count(type) >= count; });
    EXPECT_EQ(desk_.events.count(type), count);
  }
  // Until the retry time, and on.
  void let_pass(Duration time) {
    desk_.clock.advance(time);
    desk_.poll();
  }

  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
};

}  // namespace penstock::delivery
