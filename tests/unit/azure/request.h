// A request head with its own text.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "http/request_head.h"

namespace blobgate::azure {

class TestRequest {
 public:
  using Header = std::pair<std::string_view, std::string_view>;

  TestRequest(std::string_view method, std::string_view target,
              std::initializer_list<Header> headers = {}) {
    head_.method = Keep(method);
    head_.target = Keep(target);
    EXPECT_TRUE(http::SplitTarget(head_)) << target;
    for (const auto& [name, value] : headers) head_.headers.Add(Keep(name), Keep(value));
  }
  TestRequest(const TestRequest&) = delete;
  TestRequest& operator=(const TestRequest&) = delete;

  const http::RequestHead& head() const { return head_; }

 private:
  // A deque never moves what it holds.
  std::string_view Keep(std::string_view text) { return texts_.emplace_back(text); }

  std::deque<std::string> texts_;
  http::RequestHead head_;
};

}  // namespace blobgate::azure
