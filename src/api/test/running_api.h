// SPDX-License-Identifier: Apache-2.0
// RunningApi: an AdminServer over FakeOperations in a temporary folder.   Test only.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>

#include "api/admin_server.h"
#include "base/test/temp_folder.h"
#include "http/client.h"
#include "src/api/test/fake_operations.h"

namespace penstock::api {

struct ApiAnswer {
  unsigned status = 0;
  std::string text;
  boost::json::value json;  // null when the text is not JSON
};

class RunningApi {
 public:
  RunningApi() {
    server_ = std::make_unique<AdminServer>(
        fake, AdminOptions{socket(), 0600, *net::make_endpoint("127.0.0.1", 0), 2, &clock_});
    const auto opened = server_->open();
    EXPECT_TRUE(opened) << opened.error().to_string();
    server_->start();
  }

  [[nodiscard]] std::string folder() const { return folder_.path(); }
  [[nodiscard]] std::string socket() const { return folder_.file("admin.sock"); }
  AdminServer& server() { return *server_; }

  ApiAnswer get(const std::string& target) { return ask(*http::resolve_server("unix:" + socket()), target, nullptr); }
  ApiAnswer post(const std::string& target, const std::string& body) {
    return ask(*http::resolve_server("unix:" + socket()), target, &body);
  }
  ApiAnswer get_metrics(const std::string& target) {
    return ask(http::ServerAddress{*server_->metrics_endpoint(), "localhost"}, target, nullptr);
  }

  FakeOperations fake;

 private:
  static ApiAnswer ask(const http::ServerAddress& address, const std::string& target, const std::string* body) {
    http::Request request;
    request.target = target;
    if (body != nullptr) request.method = http::Method::Post;
    if (body != nullptr) request.body = *body;
    const auto response = http::fetch(address, request);
    EXPECT_TRUE(response) << response.error().to_string();
    if (!response) return {};
    ApiAnswer answer{response->status, response->body, nullptr};
    boost::system::error_code error;
    auto value = boost::json::parse(response->body, error);
    if (!error) answer.json = std::move(value);
    return answer;
  }

  const FakeClock clock_{FakeOperations::kNow};
  const TempFolder folder_;
  std::unique_ptr<AdminServer> server_;
};

}  // namespace penstock::api
