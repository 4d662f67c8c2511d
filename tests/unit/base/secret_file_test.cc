#include "base/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace blobgate {
namespace {

class SecretFileTest : public ::testing::Test {
 protected:
  SecretFileTest() { std::filesystem::create_directories(directory_ + "/below"); }
  ~SecretFileTest() override {
    unsetenv("CREDENTIALS_DIRECTORY");
    std::filesystem::remove_all(directory_);
  }

  std::string Write(const std::string& name, const std::string& content, mode_t mode) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << content;
    chmod(path.c_str(), mode);
    return path;
  }

  const std::string directory_ = ::testing::TempDir() + "secret-file";
};

TEST_F(SecretFileTest, IsForItsOwnerOnly) {
  EXPECT_EQ(ReadSecretFile(Write("a", "secret\n", 0600)).value_or(""), "secret\n");
  EXPECT_EQ(ReadSecretFile(Write("a", "", 0400)).value_or("?"), "");
  for (const mode_t mode : {0640, 0604, 0660, 0601}) {
    EXPECT_EQ(ReadSecretFile(Write("b", "secret", mode)).error().code, Errc::kInvalidArgument);
  }
  EXPECT_EQ(ReadSecretFile(directory_ + "/none").error().code, Errc::kNotFound);
}

TEST_F(SecretFileTest, UnlessItIsACredential) {
  const std::string path = Write("c", "secret", 0440);
  const std::string below = Write("below/c", "secret", 0440);
  setenv("CREDENTIALS_DIRECTORY", directory_.c_str(), 1);
  EXPECT_TRUE(ReadSecretFile(path));
  EXPECT_FALSE(ReadSecretFile(below));
  setenv("CREDENTIALS_DIRECTORY", (directory_ + "/be").c_str(), 1);
  EXPECT_FALSE(ReadSecretFile(below)) << "another directory that begins so";
  setenv("CREDENTIALS_DIRECTORY", "", 1);
  EXPECT_FALSE(ReadSecretFile(path));
}

TEST_F(SecretFileTest, HasALimit) {
  const std::string path = Write("d", std::string(5000, 'x'), 0600);
  EXPECT_TRUE(ReadSecretFile(path, 5000));
  EXPECT_EQ(ReadSecretFile(path, 4999).error().code, Errc::kInvalidArgument);
}

TEST_F(SecretFileTest, ADirectoryIsNone) {
  chmod((directory_ + "/below").c_str(), 0700);
  EXPECT_FALSE(ReadSecretFile(directory_ + "/below"));
}

}  // namespace
}  // namespace blobgate
