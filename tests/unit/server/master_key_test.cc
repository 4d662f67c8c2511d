#include "server/master_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/encoding.h"

namespace blobgate::server {
namespace {

blob::ContentKeyPtr DataKey(char fill = 'k') {
  return blob::NewAccountEncryptionKey(AsBytes(std::string(32, fill)));
}

std::shared_ptr<const MasterKey> OfBytes(char fill) {
  return MasterKeyOfBytes(AsBytes(std::string(32, fill)));
}

std::string Wrapped(const MasterKey& master, const std::string& account = "shop") {
  auto wrapped = master.Wrap(account, *DataKey(), {});
  EXPECT_TRUE(wrapped) << wrapped.error().detail;
  return *wrapped;
}

void ExpectGood(const MasterKey& master, const std::string& wrapped) {
  const auto key = master.Unwrap("shop", wrapped, {});
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_TRUE((*key)->identity.SameKey(DataKey()->identity));
  EXPECT_EQ((*key)->identity.kind, blob::Encryption::Kind::kAccountKey);
}

std::string Refusal(const MasterKey& master, std::string_view wrapped,
                    const std::string& account = "shop") {
  const auto key = master.Unwrap(account, wrapped, {});
  return key ? "unwrapped" : key.error().detail;
}

constexpr const char* kNotOurs = "it was not wrapped with this master key";

TEST(FileMasterKey, WrapsForOneAccount) {
  const auto master = OfBytes('m');
  const std::string wrapped = Wrapped(*master);
  ExpectGood(*master, wrapped);
  ExpectGood(*OfBytes('m'), wrapped);
  EXPECT_NE(Wrapped(*master), wrapped);
  EXPECT_EQ(wrapped.find("kkkk"), std::string::npos);
  EXPECT_EQ(Base64Decode(wrapped)->find("kkkk"), std::string::npos);
  EXPECT_EQ(Refusal(*master, wrapped, "shoq"), kNotOurs);
  EXPECT_EQ(Refusal(*OfBytes('n'), wrapped), kNotOurs);
}

TEST(FileMasterKey, HostileTextIsRefused) {
  const auto master = OfBytes('m');
  const std::string bytes = *Base64Decode(Wrapped(*master));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(Refusal(*master, Base64Encode(bytes.substr(0, size))), kNotOurs) << size;
  }
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(Refusal(*master, Base64Encode(changed)), kNotOurs) << bit;
  }
  EXPECT_EQ(Refusal(*master, Base64Encode(bytes + "x")), kNotOurs);
  EXPECT_EQ(Refusal(*master, Wrapped(*master) + "="), kNotOurs);
  EXPECT_EQ(Refusal(*master, "not base64!"), kNotOurs);
}

class CommandMasterKeyTest : public ::testing::Test {
 protected:
  CommandMasterKeyTest() { std::filesystem::create_directories(directory_); }
  ~CommandMasterKeyTest() override { std::filesystem::remove_all(directory_); }

  /// A program in the language of the shell.
  std::shared_ptr<const MasterKey> Program(const std::string& script) const {
    const std::string path = directory_ + "/program";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    ::chmod(path.c_str(), 0700);
    config::MasterKeyConfig config;
    config.command = {path, "first"};
    config.command_timeout = std::chrono::seconds(60);
    return MasterKeyOfCommand(config);
  }

  const std::string directory_ = ::testing::TempDir() + "/command-master-key";
};

TEST_F(CommandMasterKeyTest, IsAskedForBoth) {
  // Its wrapping is rot13 of base64, for whom it names.
  const auto master = Program(
      "read line\n"
      "[ $1 = first ] && [ $# = 2 ] || exit 1\n"
      "case $2 in\n"
      "wrap) echo \"v1:$BLOBGATE_ACCOUNT:$(echo $line | tr A-Za-z N-ZA-Mn-za-m)\" ;;\n"
      "unwrap) case $line in v1:$BLOBGATE_ACCOUNT:*) ;; *) echo no >&2; exit 1 ;; esac\n"
      "  echo ${line##*:} | tr A-Za-z N-ZA-Mn-za-m ;;\n"
      "esac");
  const std::string wrapped = Wrapped(*master);
  EXPECT_TRUE(wrapped.starts_with("v1:shop:"));
  ExpectGood(*master, wrapped);
  EXPECT_TRUE(Refusal(*master, wrapped, "other").ends_with("ended with code 1 (no)"));
}

TEST_F(CommandMasterKeyTest, RubbishIsRefused) {
  const std::string must_wrap = " wrap: must answer a line of printable ASCII, at most 4000 bytes";
  for (const char* answer : {"true", "echo", "printf 'a\\nb\\n'", "printf 'a\\0b'",
                             "printf '\\303\\244'", "head -c 4001 /dev/zero | tr '\\0' x"}) {
    const auto wrapped = Program(answer)->Wrap("shop", *DataKey(), {});
    ASSERT_FALSE(wrapped) << answer;
    EXPECT_TRUE(wrapped.error().detail.ends_with(must_wrap)) << wrapped.error().detail;
  }
  const auto endless = Program("while true; do echo x; done")->Wrap("shop", *DataKey(), {});
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, Errc::kTooLarge);
  const std::string must_unwrap = " unwrap: must answer a line with base64 of 32 bytes";
  for (const char* answer :
       {"true", "echo AAAA", "head -c 31 /dev/zero | base64", "head -c 33 /dev/zero | base64",
        "head -c 32 /dev/zero", "head -c 32 /dev/zero | base64; echo"}) {
    EXPECT_TRUE(Refusal(*Program(answer), "x").ends_with(must_unwrap)) << answer;
  }
}

TEST(MasterKeysOf, NamesTheFileThatIsWrong) {
  const std::string path = ::testing::TempDir() + "/master-key";
  config::Config config;
  config.master_keys = {{.name = "one", .key_file = path, .command = {}}};
  EXPECT_EQ(MasterKeysOf(config).error().code, Errc::kNotFound);
  std::ofstream(path) << Base64Encode(std::string(32, 'm')) << "\n";
  ::chmod(path.c_str(), 0644);
  EXPECT_EQ(MasterKeysOf(config).error().detail, path +
                                                     ": others may read it; its mode must be "
                                                     "0600");
  ::chmod(path.c_str(), 0600);
  const auto keys = MasterKeysOf(config);
  ASSERT_TRUE(keys);
  ExpectGood(*keys->at("one"), Wrapped(*OfBytes('m')));
  std::ofstream(path) << Base64Encode(std::string(31, 'm'));
  EXPECT_EQ(MasterKeysOf(config).error().detail, path + ": is not base64 of 32 bytes");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace blobgate::server
