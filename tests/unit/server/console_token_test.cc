#include "server/console_token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace blobgate::server {
namespace {

class ConsoleTokenTest : public ::testing::Test {
 protected:
  ConsoleTokenTest() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
  }
  ~ConsoleTokenTest() override { std::filesystem::remove_all(directory_); }

  std::string Content() const {
    std::ostringstream out;
    out << std::ifstream(file_).rdbuf();
    return out.str();
  }

  const std::string directory_ = ::testing::TempDir() + "/console-token";
  const std::string file_ = directory_ + "/console.token";
};

TEST_F(ConsoleTokenTest, IsKeptAsItsDigest) {
  ASSERT_TRUE(LoadConsoleToken(directory_));
  EXPECT_FALSE(LoadConsoleToken(directory_)->has_value());
  const auto first = NewConsoleToken(directory_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), 43u);
  EXPECT_EQ(**LoadConsoleToken(directory_), DigestOfConsoleToken(*first));
  EXPECT_EQ(Content().find(*first), std::string::npos);
  struct stat status{};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto second = NewConsoleToken(directory_);
  ASSERT_TRUE(second);
  EXPECT_NE(*first, *second);
  EXPECT_EQ(**LoadConsoleToken(directory_), DigestOfConsoleToken(*second));
}

TEST_F(ConsoleTokenTest, OtherFilesAreRefused) {
  ASSERT_TRUE(NewConsoleToken(directory_));
  const std::string good = Content();
  for (const std::string& text : {std::string(), std::string("sha256:"), std::string("secret\n"),
                                  good.substr(0, 20), good.substr(7), "x" + good}) {
    std::ofstream(file_) << text;
    EXPECT_FALSE(LoadConsoleToken(directory_)) << text;
  }
  std::ofstream(file_) << good;
  EXPECT_TRUE(LoadConsoleToken(directory_));
  ::chmod(file_.c_str(), 0640);
  EXPECT_FALSE(LoadConsoleToken(directory_));
}

}  // namespace
}  // namespace blobgate::server
