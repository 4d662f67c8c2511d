#include "config/environment.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "config/schema.h"

namespace blobgate::config {
namespace {

using Variables = std::map<std::string, std::string>;

constexpr const char* kFile =
    R"({"listeners": [{"address": "127.0.0.1"}], "log_level": "warn", "limits": {"head_timeout": 3}})";

Result<Config> ParseWith(const Variables& variables, const std::string& file = kFile) {
  return Parse(file, [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

std::string ErrorWith(Variables variables, const std::string& file = kFile) {
  variables.emplace("BLOBGATE_ENGINE_DATA_DIR", "/store");
  const auto config = ParseWith(variables, file);
  return config ? "(accepted)" : config.error().detail;
}

TEST(Environment, GoesBeforeTheFile) {
  const auto config = ParseWith({{"BLOBGATE_ENGINE_DATA_DIR", "/store"},
                                 {"BLOBGATE_LOG_LEVEL", "debug"},
                                 {"BLOBGATE_LIMITS_HEAD_BYTES", "9000"},
                                 {"BLOBGATE_ENGINE_DIRECT_IO", "false"},
                                 {"BLOBGATE_SUFFIXES", "a.example,b.example"},
                                 {"BLOBGATE_COPY_SOURCES_ALLOWED_HOSTS", ""}});
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->engine.data_dir, "/store");
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->limits.head_bytes, 9000u);
  EXPECT_EQ(config->limits.head_timeout.count(), 3) << "of the file";
  EXPECT_FALSE(config->engine.direct_io);
  EXPECT_EQ(config->suffixes, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_TRUE(config->copy_sources.allowed_hosts.empty());
}

TEST(Environment, ErrorsNameTheVariable) {
  EXPECT_EQ(ErrorWith({{"BLOBGATE_LOG_LEVEL", "loud"}}),
            "BLOBGATE_LOG_LEVEL: log_level: must be one of debug, info, warn, error");
  for (const char* number : {"", "x", "-1", "1x", " 9000", "99999999999999999999", "1"}) {
    EXPECT_EQ(ErrorWith({{"BLOBGATE_LIMITS_HEAD_BYTES", number}}),
              "BLOBGATE_LIMITS_HEAD_BYTES: limits.head_bytes: must be a whole number 8192..1048576")
        << number;
  }
  EXPECT_EQ(ErrorWith({{"BLOBGATE_ENGINE_DIRECT_IO", "yes"}}),
            "BLOBGATE_ENGINE_DIRECT_IO: engine.direct_io: must be true or false");
}

TEST(Environment, DoesNotHideFaultsOfTheFile) {
  const Variables head{{"BLOBGATE_LIMITS_HEAD_BYTES", "9000"}};
  EXPECT_EQ(ErrorWith(head, R"({"limits": 5})"), "limits: must be an object");
  EXPECT_EQ(ErrorWith(head, "[]"), "the file: must be an object");
  EXPECT_EQ(ErrorWith(head, R"({"listeners": [{}]})"), "listeners[0].address: is required");
}

TEST(Environment, EveryOptionHasItsOwnVariable) {
  std::set<std::string> seen;
  for (const OptionDoc& option : Documentation()) {
    const std::string name = VariableOf(option.path);
    EXPECT_EQ(name.empty(), option.path.contains("[]")) << option.path;
    if (!name.empty()) EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_TRUE(name.empty() || !option.secret) << "a secret in the environment: " << option.path;
  }
  EXPECT_EQ(VariableOf("engine.scrub.bytes_per_second"), "BLOBGATE_ENGINE_SCRUB_BYTES_PER_SECOND");
}

}  // namespace
}  // namespace blobgate::config
