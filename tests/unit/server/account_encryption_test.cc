#include "server/account_encryption.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/encoding.h"

namespace blobgate::server {
namespace {

class AccountEncryptionTest : public ::testing::Test {
 protected:
  AccountEncryptionTest() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
    config_.master_keys = {Master("first", 'a')};
    config_.accounts = {Account("shop", true), Account("plain", false)};
  }
  ~AccountEncryptionTest() override { std::filesystem::remove_all(directory_); }

  /// A master key whose file holds `fill`.
  config::MasterKeyConfig Master(const std::string& name, char fill) const {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << Base64Encode(std::string(32, fill));
    ::chmod(path.c_str(), 0600);
    return {.name = name, .key_file = path, .command = {}};
  }

  static config::AccountConfig Account(std::string name, bool enabled) {
    config::AccountConfig account;
    account.name = std::move(name);
    account.encryption.enabled = enabled;
    return account;
  }

  Status Apply() {
    BG_TRY(auto plan, encryption_->Prepare(config_));
    encryption_->Use(std::move(plan));
    return {};
  }

  /// As a start does.
  void Open() {
    scopes_ = std::make_shared<operations::EncryptionScopes>();
    encryption_ = std::make_unique<AccountEncryption>(directory_, scopes_);
    ASSERT_TRUE(Apply());
    const Status begun = encryption_->Begin();
    ASSERT_TRUE(begun) << begun.error().detail;
  }

  /// In hex; empty: none.
  std::string KeyOf(std::string_view account) const {
    const auto key = scopes_->KeyOfAccount(account);
    return key ? Base64Encode(key->key.bytes()) : "";
  }

  std::string ShownOf(std::string_view account) const {
    const auto shown = encryption_->Find(account);
    if (!shown) return "none";
    return shown->master_key + (shown->available ? "" : " missing");
  }

  const std::string directory_ = ::testing::TempDir() + "/account-encryption";
  const std::string file_ = EncryptionKeyFileOf(directory_);
  config::Config config_;
  std::shared_ptr<operations::EncryptionScopes> scopes_;
  std::unique_ptr<AccountEncryption> encryption_;
};

TEST_F(AccountEncryptionTest, AnAccountKeepsItsKey) {
  Open();
  const std::string key = KeyOf("shop");
  EXPECT_FALSE(key.empty());
  EXPECT_EQ(ShownOf("shop"), "first");
  EXPECT_EQ(ShownOf("plain"), "none");
  EXPECT_EQ(KeyOf("plain"), "");
  std::ifstream in(file_);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text.find(key), std::string::npos);
  struct stat status{};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  Open();
  EXPECT_EQ(KeyOf("shop"), key);
  config_.accounts = {Account("shop", false)};  // what is encrypted is still read
  ASSERT_TRUE(Apply());
  EXPECT_EQ(KeyOf("shop"), key);
  Open();
  EXPECT_EQ(KeyOf("shop"), key);
  config_.accounts.clear();
  ASSERT_TRUE(Apply());
  EXPECT_EQ(KeyOf("shop"), "");
  EXPECT_EQ(encryption_->unavailable(), 0u);
  config_.accounts = {Account("shop", true), Account("later", true)};
  ASSERT_TRUE(Apply());
  EXPECT_EQ(KeyOf("shop"), key);
  EXPECT_NE(KeyOf("later"), key);
  EXPECT_NE(KeyOf("later"), "");
}

TEST_F(AccountEncryptionTest, AWrongMasterKeyStopsNobodyElse) {
  Open();
  const std::string key = KeyOf("shop");
  config_.master_keys = {Master("first", 'x')};
  config_.accounts.push_back(Account("other", true));
  Open();
  EXPECT_EQ(ShownOf("shop"), "first missing");
  EXPECT_EQ(KeyOf("shop"), "");
  EXPECT_NE(KeyOf("other"), "");
  EXPECT_EQ(encryption_->unavailable(), 1u);
  EXPECT_FALSE(encryption_->Rewrap("shop"));
  config_.accounts.pop_back();
  config_.master_keys = {Master("first", 'a')};
  ASSERT_TRUE(Apply());  // a reload tries again at once
  EXPECT_EQ(KeyOf("shop"), key);
  EXPECT_EQ(encryption_->unavailable(), 0u);
}

TEST_F(AccountEncryptionTest, ANewMasterKey) {
  Open();
  const std::string key = KeyOf("shop");
  config_.master_keys = {Master("second", 'b'), Master("first", 'a')};
  ASSERT_TRUE(Apply());
  EXPECT_EQ(ShownOf("shop"), "first");
  const auto before = encryption_->Rewrap("shop");
  ASSERT_TRUE(before) << before.error().detail;
  EXPECT_EQ(before->master_key, "first");
  EXPECT_EQ(ShownOf("shop"), "second");
  config_.master_keys.pop_back();
  Open();
  EXPECT_EQ(KeyOf("shop"), key);
  EXPECT_EQ(encryption_->Rewrap("plain").error().code, Errc::kNotFound);
  EXPECT_EQ(encryption_->Rewrap("nobody").error().code, Errc::kNotFound);
}

TEST_F(AccountEncryptionTest, AKeyInMemoryOutlivesItsMasterKey) {
  Open();
  const std::string key = KeyOf("shop");
  config_.master_keys = {Master("second", 'b')};
  ASSERT_TRUE(Apply());
  EXPECT_EQ(KeyOf("shop"), key);
  ASSERT_TRUE(encryption_->Rewrap("shop"));
  Open();
  EXPECT_EQ(KeyOf("shop"), key);
}

TEST_F(AccountEncryptionTest, AMasterKeyThatIsGoneIsNamed) {
  Open();
  config_.master_keys = {Master("second", 'b')};
  Open();
  EXPECT_EQ(ShownOf("shop"), "first missing");
  const auto rewrapped = encryption_->Rewrap("shop");
  ASSERT_FALSE(rewrapped);
  EXPECT_EQ(rewrapped.error().detail, "master key \"first\" is not configured");
}

TEST_F(AccountEncryptionTest, WhatCannotBeUnwrappedIsNotUsed) {
  Open();
  for (const char* program : {"echo wrapped", "head -c 32 /dev/zero | base64", "exit 1"}) {
    config_.master_keys.resize(1);
    config_.master_keys.push_back(
        {.name = "bad", .key_file = {}, .command = {"/bin/sh", "-c", program}});
    config_.accounts = {Account("shop", true), Account("fresh", true)};
    config_.accounts[1].encryption.master_key = "bad";
    EXPECT_FALSE(Apply()) << program;
    EXPECT_EQ(ShownOf("fresh"), "none");
    config_.accounts = {Account("shop", true)};
    config_.accounts[0].encryption.master_key = "bad";
    ASSERT_TRUE(Apply());
    EXPECT_FALSE(encryption_->Rewrap("shop")) << program;
    EXPECT_EQ(ShownOf("shop"), "first");
  }
}

TEST_F(AccountEncryptionTest, AStartWithoutItsVaultGoesOn) {
  config_.master_keys = {{.name = "vault", .key_file = {}, .command = {"/bin/sh", "-c", "exit 1"}}};
  Open();
  EXPECT_EQ(ShownOf("shop"), " missing");
  EXPECT_EQ(encryption_->unavailable(), 1u);
  ASSERT_TRUE(Apply());  // a reload is not refused for what lacked before
  config_.master_keys = {Master("vault", 'v')};
  ASSERT_TRUE(Apply());
  EXPECT_EQ(ShownOf("shop"), "vault");
  EXPECT_NE(KeyOf("shop"), "");
}

TEST_F(AccountEncryptionTest, HostileFilesAreRefused) {
  Open();
  std::ifstream in(file_);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  const std::string entry = good.substr(good.find('{', 1), good.rfind('}') - good.find('{', 1));
  const std::string one = entry.substr(0, entry.find('}') + 1);
  const std::string twice = "{\"keys\": [" + one + "," + one + "]}";
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), std::string("{\"keys\": {}}"),
        std::string("{\"keys\": [1]}"), std::string("{\"keys\": [{}]}"), twice,
        good.substr(0, good.size() / 2), "{\"more\": 1, " + good.substr(1)}) {
    std::ofstream(file_) << text;
    EXPECT_FALSE(LoadEncryptionKeyFile(file_)) << text;
  }
  std::ofstream(file_) << good;
  EXPECT_EQ(LoadEncryptionKeyFile(file_)->size(), 1u);
  ::chmod(file_.c_str(), 0644);
  EXPECT_FALSE(LoadEncryptionKeyFile(file_));
}

TEST_F(AccountEncryptionTest, ASnapshotHasTheKeys) {
  Open();
  const std::string target = directory_ + "/snapshot";
  std::filesystem::create_directory(target);
  ASSERT_TRUE(CopyEncryptionKeyFile(directory_, target));
  EXPECT_EQ(LoadEncryptionKeyFile(EncryptionKeyFileOf(target))->at("shop").wrapped,
            LoadEncryptionKeyFile(file_)->at("shop").wrapped);
}

}  // namespace
}  // namespace blobgate::server
