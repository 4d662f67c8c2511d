#include "server/account_registry.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "server/account_file.h"
#include "server/account_keys.h"

namespace blobgate::server {
namespace {

class AccountRegistryTest : public ::testing::Test {
 protected:
  AccountRegistryTest() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    config_.file = "/etc/the.json";
    config_.engine.data_dir = directory_;
    config_.listeners = {{.address = "127.0.0.1"}};
    config_.accounts = {Named("fixed")};
    Open();
  }
  ~AccountRegistryTest() override { std::filesystem::remove_all(directory_); }

  static config::AccountConfig Named(std::string name) {
    config::AccountConfig account;
    account.name = std::move(name);
    account.keys = {NewAccountKey(), NewAccountKey()};
    return account;
  }

  void Open() {
    auto opened = AccountRegistry::Open(config_);
    ASSERT_TRUE(opened) << opened.error().detail;
    registry_ = std::move(*opened);
  }

  static Status Version(config::AccountConfig& account) {
    account.versioning = true;
    return {};
  }

  const std::string directory_ = ::testing::TempDir() + "/account-registry";
  config::Config config_;
  std::unique_ptr<AccountRegistry> registry_;
};

TEST_F(AccountRegistryTest, ChangesAreInForceAndKept) {
  ASSERT_TRUE(registry_->Add(Named("made")));
  ASSERT_TRUE(registry_->accounts().FindAccount("made"));
  const auto changed = registry_->Change("made", Version);
  ASSERT_TRUE(changed) << changed.error().detail;
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(registry_->accounts().FindAccount("made")->versioning);
    EXPECT_EQ(registry_->Find("made")->account.keys, changed->keys);
    EXPECT_TRUE(registry_->Find("made")->by_command);
    EXPECT_FALSE(registry_->Find("fixed")->by_command);
    Open();
  }
  ASSERT_TRUE(registry_->Remove("made"));
  EXPECT_FALSE(registry_->accounts().FindAccount("made"));
  Open();
  EXPECT_FALSE(registry_->accounts().FindAccount("made"));
}

TEST_F(AccountRegistryTest, ARequestKeepsTheTableThatItTook) {
  ASSERT_TRUE(registry_->Add(Named("made")));
  const auto table = registry_->accounts().Current();
  const gateway::AccountEntry* entry = table->Find("made");
  ASSERT_TRUE(registry_->Remove("made"));
  EXPECT_EQ(entry->settings.name, "made");
  EXPECT_TRUE(table->rules().is_account("made"));
  EXPECT_FALSE(registry_->accounts().Current()->rules().is_account("made"));
}

TEST_F(AccountRegistryTest, WhatIsRefusedChangesNothing) {
  ASSERT_TRUE(registry_->Add(Named("made")));
  EXPECT_EQ(registry_->Add(Named("made")).error().code, Errc::kConflict);
  EXPECT_EQ(registry_->Add(Named("fixed")).error().code, Errc::kConflict);
  EXPECT_EQ(registry_->Add(Named("Bad")).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(registry_->Change("nobody", Version).error().code, Errc::kNotFound);
  EXPECT_EQ(registry_->Remove("nobody").error().code, Errc::kNotFound);
  const auto fixed = registry_->Change("fixed", Version);
  EXPECT_EQ(fixed.error().code, Errc::kInvalidArgument);
  EXPECT_NE(fixed.error().detail.find("/etc/the.json"), std::string::npos);
  EXPECT_FALSE(registry_->Change("made", [](config::AccountConfig& account) {
    account.versioning = account.hierarchical = true;
    return Status();
  }));
  EXPECT_FALSE(registry_->accounts().FindAccount("made")->versioning);
  EXPECT_EQ(registry_->accounts().Names(), (std::vector<std::string>{"fixed", "made"}));
}

TEST_F(AccountRegistryTest, ANewConfigurationReplacesItsOwnAccountsOnly) {
  ASSERT_TRUE(registry_->Add(Named("made")));
  config::Config next = config_;
  next.accounts = {Named("other")};
  ASSERT_TRUE(registry_->Reconfigure(next));
  EXPECT_EQ(registry_->accounts().Names(), (std::vector<std::string>{"made", "other"}));
  next.accounts.push_back(Named("made"));
  EXPECT_EQ(registry_->Reconfigure(next).error().code, Errc::kConflict);
  EXPECT_EQ(registry_->accounts().Names(), (std::vector<std::string>{"made", "other"}));
  ASSERT_TRUE(registry_->Add(Named("more"))) << "beside the configuration in force";
}

TEST_F(AccountRegistryTest, TheOwnerHearsOfChanges) {
  int heard = 0;
  registry_->OnChange([&] { ++heard; });
  ASSERT_TRUE(registry_->Add(Named("made")));
  ASSERT_FALSE(registry_->Add(Named("made")));
  ASSERT_TRUE(registry_->Remove("made"));
  ASSERT_TRUE(registry_->Reconfigure(config_));
  EXPECT_EQ(heard, 3);
}

TEST_F(AccountRegistryTest, TheFileIsPrivate) {
  ASSERT_TRUE(registry_->Add(Named("made")));
  const std::string path = AccountFileOf(directory_);
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(AccountRegistry::Open(config_).error().code, Errc::kInvalidArgument);
}

TEST_F(AccountRegistryTest, AFileThatCannotBeUnderstoodIsRefused) {
  const std::string path = AccountFileOf(directory_);
  for (const char* text : {"", "{", "[]", "{\"accounts\": 1}", "{\"accounts\": [1]}",
                           "{\"accounts\": [{\"nothing\": 1}]}", "{\"accounts\": [], \"x\": 1}"}) {
    std::ofstream(path, std::ios::trunc) << text;
    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
    EXPECT_FALSE(LoadAccountFile(path)) << text;
  }
}

TEST(AccountKeys, AreLongAndNew) {
  EXPECT_EQ(NewAccountKey().size(), 88u);
  EXPECT_NE(NewAccountKey(), NewAccountKey());
}

}  // namespace
}  // namespace blobgate::server
