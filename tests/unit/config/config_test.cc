#include "config/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/schema.h"

namespace blobgate::config {
namespace {

constexpr const char* kKey = "MDEyMzQ1Njc4OWFiY2RlZg==";

std::string Minimal(const std::string& more = "") {
  return R"({"engine": {"data_dir": "/tmp/x"}, "listeners": [{"address": "127.0.0.1"}],)"
         R"( "accounts": [{"name": "acct1", "keys": [")" +
         std::string(kKey) + "\"]}]" + more + "}";
}

std::string ErrorOf(const std::string& text) {
  auto config = Parse(text);
  return config ? "(accepted)" : config.error().detail;
}

TEST(Config, MinimalFileHasDefaults) {
  auto config = Parse(Minimal());
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->engine.segment_bytes, 1024ull * 1024 * 1024);
  EXPECT_EQ(config->listeners.at(0).port, 0);
  EXPECT_FALSE(config->listeners.at(0).tls);
  EXPECT_EQ(config->accounts.at(0).kind, "StorageV2");
  EXPECT_EQ(config->limits.idle_timeout.count(), 240);
}

TEST(Config, CommentsAreAllowed) {
  EXPECT_TRUE(Parse("// a store\n" + Minimal()));
}

TEST(Config, SyntaxErrorsNameLineAndColumn) {
  EXPECT_EQ(ErrorOf("{\n  \"engine\": ]\n}"), "line 2, column 13: not valid JSON");
  EXPECT_NE(ErrorOf("").find("line 1"), std::string::npos);
}

TEST(Config, UnknownOptionsAreErrors) {
  EXPECT_EQ(ErrorOf(Minimal(R"(, "loglevel": "info")")), "loglevel: unknown option");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "limits": {"heads": 1})")), "limits.heads: unknown option");
}

TEST(Config, TypesAndRangesAreChecked) {
  EXPECT_EQ(ErrorOf(Minimal(R"(, "threads": "two")")), "threads: must be a whole number 0..256");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "threads": -1)")), "threads: must be a whole number 0..256");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "threads": 1.5)")), "threads: must be a whole number 0..256");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "limits": {"head_timeout": 0})")),
            "limits.head_timeout: must be a whole number 1..3600");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "suffixes": "x")")), "suffixes: must be a list of strings");
  EXPECT_EQ(ErrorOf(Minimal(R"(, "log_level": "loud")")),
            "log_level: must be one of debug, info, warn, error");
  EXPECT_EQ(ErrorOf("[]"), "the file: must be an object");
}

TEST(Config, RequiredOptions) {
  EXPECT_EQ(ErrorOf("{}"), "engine: is required");
  EXPECT_EQ(ErrorOf(R"({"engine": {}})"), "engine.data_dir: is required");
  EXPECT_EQ(ErrorOf(R"({"engine": {"data_dir": "/x"}, "listeners": []})"),
            "listeners: at least one is needed");
}

TEST(Config, AccountsAreChecked) {
  auto with = [](const std::string& account) {
    return ErrorOf(R"({"engine": {"data_dir": "/x"}, "listeners": [{"address": "::1"}],)"
                   R"("accounts": [)" +
                   account + "]}");
  };
  const std::string key = kKey;
  EXPECT_NE(with(R"({"name": "Bad", "keys": [")" + key + "\"]}").find("lower-case"),
            std::string::npos);
  EXPECT_NE(with(R"({"name": "acct1", "keys": []})").find("one or two keys"), std::string::npos);
  EXPECT_NE(with(R"({"name": "acct1", "keys": ["c2hvcnQ="]})").find("16 bytes"), std::string::npos);
  EXPECT_NE(with(R"({"name": "acct1", "keys": ["***"]})").find("base64"), std::string::npos);
  const std::string good = R"({"name": "acct1", "keys": [")" + key + "\"]}";
  EXPECT_NE(with(good + "," + good).find("twice"), std::string::npos);
}

TEST(Config, TlsListenersNeedACertificate) {
  EXPECT_NE(ErrorOf(R"({"engine": {"data_dir": "/x"},)"
                    R"("listeners": [{"address": "::1", "tls": true}]})")
                .find("certificate_file"),
            std::string::npos);
}

TEST(Config, TheExampleFileIsValidAndNamesOnlyDocumentedOptions) {
  auto config = Load(std::string(BLOBGATE_SOURCE_DIR) + "/config/blobgate.json");
  EXPECT_TRUE(config) << config.error().detail;
}

TEST(Config, TheDocumentationIsCurrent) {
  std::ifstream in(std::string(BLOBGATE_SOURCE_DIR) + "/docs/configuration.md");
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), DocumentationMarkdown()) << "run: blobgate config-docs";
}

}  // namespace
}  // namespace blobgate::config
