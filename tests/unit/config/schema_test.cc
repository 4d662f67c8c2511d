#include "config/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace blobgate::config {
namespace {

using nlohmann::json;

Config Standard() {
  Config config;
  config.engine.data_dir = "/store";
  config.listeners = {{.address = "127.0.0.1"}};
  for (const char* name : {"one", "two"}) {
    AccountConfig account;
    account.name = name;
    account.keys = {"MDEyMzQ1Njc4OWFiY2RlZg=="};
    config.accounts.push_back(account);
  }
  return config;
}

std::vector<std::string> Texts(const Config& before, const Config& after) {
  std::vector<std::string> out;
  for (const Change& change : Differences(before, after)) {
    out.push_back(TextOf(change) + (change.needs_restart ? " (restart)" : ""));
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(Schema, DifferencesOfOptions) {
  const Config before = Standard();
  EXPECT_EQ(Texts(before, before), Lines());
  Config after = before;
  after.limits.head_bytes = 8192;
  after.limits.idle_timeout = std::chrono::seconds(7);
  after.threads = 2;
  after.engine.scrub.bytes_per_second = 0;
  after.suffixes = {"x"};
  after.log_level = "warn";
  EXPECT_EQ(
      Texts(before, after),
      (Lines{"engine.scrub.bytes_per_second: 8388608 -> 0 (restart)",
             "suffixes: [\"blob.core.windows.net\",\"blob.localhost\",\"dfs.core.windows.net\","
             "\"dfs.localhost\"] -> [\"x\"]",
             "limits.head_bytes: 65536 -> 8192", "limits.idle_timeout: 240 -> 7",
             "threads: 0 -> 2 (restart)", "log_level: \"info\" -> \"warn\""}));
}

TEST(Schema, AccountsAreToldApartByName) {
  const Config before = Standard();
  Config after = before;
  std::swap(after.accounts[0], after.accounts[1]);
  EXPECT_EQ(Texts(before, after), Lines());
  after.accounts[0].versioning = true;  // "two"
  after.accounts[0].encryption_scopes = {{"red", "/k"}};
  after.accounts[1].name = "three";
  EXPECT_EQ(Texts(before, after), (Lines{"accounts[one]: removed", "accounts[three]: added",
                                         "accounts[two].versioning: false -> true",
                                         "accounts[two].encryption_scopes[red]: added"}));
}

TEST(Schema, OtherElementsAreToldApartByPlace) {
  const Config before = Standard();
  Config after = before;
  after.listeners[0].port = 80;
  after.listeners.push_back({.address = "::1"});
  EXPECT_EQ(Texts(before, after),
            (Lines{"listeners[0].port: 0 -> 80 (restart)", "listeners[1]: added (restart)"}));
}

TEST(Schema, SecretsAreNotShown) {
  const Config before = Standard();
  Config after = before;
  after.accounts[0].keys = {"c2VjcmV0IHNlY3JldCBzZWNyZXQ="};
  after.accounts[0].delegation_secrets = {"c2VjcmV0IHNlY3JldCBzZWNyZXQ="};
  EXPECT_EQ(Texts(before, after),
            (Lines{"accounts[one].keys: changed", "accounts[one].delegation_secrets: changed"}));
}

/// Every option of `config` is another one.
Config AllDifferent() {
  Config config = Standard();
  config.engine.segment_bytes = 1 << 20;
  config.engine.scrub.interval = std::chrono::seconds(61);
  config.listeners[0].tls = true;
  config.monitor_listeners = {{.address = "::1"}};
  config.tls = {"/c", "/k"};
  config.suffixes = {"a"};
  config.web_suffixes = {"b"};
  config.accounts[0].name = "new";
  config.accounts[1].sku = "Premium_LRS";
  config.accounts[1].change_feed.enabled = true;
  config.background.lifecycle_interval = std::chrono::seconds(1);
  config.oauth.issuers = {{"i", "t", "f", ""}};
  config.oauth.roles.emplace_back().role = "r";
  config.oauth.audiences = {"x"};
  config.oauth.authority = "https://a";
  config.copy_sources = {{"h"}, "/ca"};
  config.limits.drain_timeout = std::chrono::seconds(1);
  config.rehydration.high = std::chrono::seconds(9);
  config.threads = 5;
  config.log_level = "debug";
  config.log_format = "json";
  config.access_log = "off";
  return config;
}

TEST(Schema, AReloadTakesWhatNeedsNoRestart) {
  const Config running = Standard();
  const Config next = AllDifferent();
  const Config reloaded = Reloaded(running, next);
  for (const Change& change : Differences(reloaded, next)) {
    EXPECT_TRUE(change.needs_restart) << TextOf(change);
  }
  for (const Change& change : Differences(running, reloaded)) {
    EXPECT_FALSE(change.needs_restart) << TextOf(change);
  }
  const auto restart = [](const auto& changes) {
    return std::ranges::count(changes, true, &Change::needs_restart);
  };
  const auto all = Differences(running, next);
  EXPECT_EQ(restart(Differences(reloaded, next)), restart(all));
  EXPECT_GT(restart(all), 0);
  EXPECT_EQ(reloaded.accounts.at(0).name, "new");
  EXPECT_EQ(reloaded.threads, 0u);
  EXPECT_EQ(reloaded.copy_sources.allowed_hosts, std::vector<std::string>{"h"});
  EXPECT_EQ(reloaded.copy_sources.ca_file, "");
}

TEST(Schema, AnAccountIsReadAsItWasWritten) {
  AccountConfig account = Standard().accounts[0];
  account.kind = "BlobStorage";
  account.immutable_containers = {"a", "b"};
  account.container_delete_retention_days = 9;
  account.encryption_scopes = {{"red", "/k"}};
  account.change_feed = {true, 4};
  account.delegation_secrets = {"x"};
  for (const Which which : {Which::kAll, Which::kNotDefault}) {
    AccountConfig read;
    const Status done = ReadAccount(WriteAccount(account, which), read);
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_EQ(WriteAccount(read, Which::kAll), WriteAccount(account, Which::kAll));
  }
}

TEST(Schema, WhatIsWrittenOfAnAccount) {
  AccountConfig account = Standard().accounts[0];
  account.change_feed.retention_days = 4;
  EXPECT_EQ(
      WriteAccount(account, Which::kNotDefault),
      (json{{"name", "one"}, {"keys", account.keys}, {"change_feed", {{"retention_days", 4}}}}));
  const json open = WriteAccount(account, Which::kPublic);
  EXPECT_FALSE(open.contains("keys") || open.contains("delegation_secrets"));
  EXPECT_EQ(open["sku"], "Standard_LRS");
}

TEST(Schema, WhatIsNotGivenStays) {
  AccountConfig account = Standard().accounts[0];
  account.versioning = true;
  account.change_feed = {true, 4};
  account.website_hosts = {"a"};
  account.encryption_scopes = {{"red", "/k"}};
  const json given{
      {"change_feed", {{"retention_days", 5u}}},
      {"website_hosts", json::array({"b"})},
      {"encryption_scopes", json::array({json{{"name", "blue"}, {"key_file", "/b"}}})}};
  const Status read = ReadAccount(given, account);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_TRUE(account.versioning && account.change_feed.enabled);
  EXPECT_EQ(account.change_feed.retention_days, 5u);
  EXPECT_EQ(account.website_hosts, std::vector<std::string>{"b"});
  ASSERT_EQ(account.encryption_scopes.size(), 1u);
  EXPECT_EQ(account.encryption_scopes[0].name, "blue");
}

}  // namespace
}  // namespace blobgate::config
