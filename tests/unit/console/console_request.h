// A request to the console, put together by a test.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/accounts.h"
#include "http/request_head.h"

namespace blobgate::console {

/// Owns what a RequestHead only views.
struct ConsoleRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers{{"Host", "127.0.0.1:9650"}};
  bool secure = false;

  ConsoleRequest& With(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }

  /// Valid while this is unchanged. REQUIRES: the target is one.
  http::RequestHead Head() const {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    head.secure = secure;
    head.peer = "127.0.0.1";
    EXPECT_TRUE(http::SplitTarget(head)) << target;
    for (const auto& [name, value] : headers) head.headers.Add(name, value);
    return head;
  }
};

/// One account, "shop".
inline std::shared_ptr<gateway::AccountTable> Shop() {
  gateway::AccountEntry entry;
  entry.keys = {"shop", {"a key of sixteen or so bytes"}};
  entry.settings.name = "shop";
  std::vector<gateway::AccountEntry> entries;
  entries.push_back(std::move(entry));
  return std::make_shared<gateway::AccountTable>(
      std::move(entries), azure::AddressRules{.suffixes = {"blob.localhost"}, .is_account = {}});
}

inline std::string ValueOf(const http::Response& response, std::string_view name) {
  std::string value;
  std::size_t found = 0;
  for (const auto& [header, text] : response.headers) {
    if (header != name) continue;
    value = text;
    ++found;
  }
  EXPECT_LE(found, 1u) << name;
  return value;
}

}  // namespace blobgate::console
