#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace blobgate {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// One line, logged with these options.
std::string Logged(const LogOptions& options, const std::string& message,
                   spdlog::level::level_enum level = spdlog::level::info) {
  std::ostringstream out;
  const auto logger =
      MakeLogger("test", options, std::make_shared<spdlog::sinks::ostream_sink_st>(out));
  EXPECT_TRUE(logger);
  (*logger)->log(level, message);
  (*logger)->flush();
  return out.str();
}

TEST(RedactSecrets, HidesSignatures) {
  EXPECT_EQ(RedactSecrets("GET /c/b?sv=1&sig=abc%2Bd%3D&se=2"), "GET /c/b?sv=1&sig=REDACTED&se=2");
  EXPECT_EQ(RedactSecrets("sig=abc"), "sig=REDACTED");
  EXPECT_EQ(RedactSecrets("?SIG=abc \"x\""), "?SIG=REDACTED \"x\"");
  EXPECT_EQ(RedactSecrets("\"u?sig=a+b/c=\" sig=d"), "\"u?sig=REDACTED\" sig=REDACTED");
  EXPECT_EQ(RedactSecrets("src=https%3A%2F%2Fh%2F%3Fsig%3Dabc%252B%26se%3D2&x=1"),
            "src=https%3A%2F%2Fh%2F%3Fsig%3DREDACTED%26se%3D2&x=1");
  EXPECT_EQ(RedactSecrets("sig="), "sig=REDACTED");
}

TEST(RedactSecrets, LeavesTheRest) {
  for (const auto* text : {"", "s", "si", "sig", "design of a signal", "GET /sigs?signed=1"}) {
    EXPECT_EQ(RedactSecrets(text), text);
  }
}

TEST(Log, TextHasTimeLevelAndMessage) {
  EXPECT_THAT(Logged({}, "hello"),
              MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:.]+Z info [0-9]+ hello\n"));
}

TEST(Log, TextKeepsToOneLine) {
  EXPECT_THAT(Logged({}, "a\r\n2026-01-01 error forged"), EndsWith("a??2026-01-01 error forged\n"));
}

TEST(Log, JsonIsEscaped) {
  const std::string line = Logged({.level = "info", .json = true}, "say \"a\\b\"\n\x01 %v sig=x");
  EXPECT_THAT(line, HasSubstr("\"level\":\"info\",\"logger\":\"test\""));
  EXPECT_THAT(line, HasSubstr(R"("message":"say \"a\\b\"\u000a\u0001 %v sig=REDACTED"})"));
}

TEST(Log, JsonIsAlwaysUtf8) {
  EXPECT_THAT(Logged({.level = "info", .json = true}, "\xc3\xa4"), HasSubstr("\"\xc3\xa4\"}"));
  EXPECT_THAT(Logged({.level = "info", .json = true}, "\xe4"), HasSubstr(R"("\u00e4"})"));
}

TEST(Log, LinesOfARequestSayWhichItIs) {
  const LogOptions json{.level = "info", .json = true};
  const RequestLogScope scope("id-1");
  EXPECT_THAT(Logged({}, "hello"), EndsWith(" request id-1 hello\n"));
  EXPECT_THAT(Logged(json, "hello"), EndsWith("\"request_id\":\"id-1\",\"message\":\"hello\"}\n"));
  {
    const RequestLogScope inner("id-2\"\n");
    EXPECT_THAT(Logged(json, "x"), HasSubstr(R"("request_id":"id-2\"\u000a")"));
    EXPECT_THAT(Logged({}, "x"), EndsWith("request id-2\"? x\n"));
  }
  EXPECT_THAT(Logged({}, "again"), HasSubstr("request id-1 again"));
}

TEST(Log, OtherLinesDoNot) {
  EXPECT_THAT(Logged({.level = "info", .json = true}, "hello"), Not(HasSubstr("request")));
}

TEST(Log, AuditLinesAreNeverLeftOut) {
  const auto before = spdlog::default_logger();
  std::ostringstream out;
  ASSERT_TRUE(SetUpLog({.level = "off"}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out)));
  AuditLogger()->info("done, sig=secret");
  spdlog::info("quiet");
  EXPECT_THAT(out.str(), MatchesRegex("[0-9T:.-]+Z info [0-9]+ audit: done, sig=REDACTED\n"));
  spdlog::set_default_logger(before);
}

TEST(Log, LevelDecides) {
  EXPECT_EQ(Logged({.level = "warn"}, "quiet"), "");
  EXPECT_THAT(Logged({.level = "warn"}, "loud", spdlog::level::warn), HasSubstr("loud"));
  EXPECT_EQ(Logged({.level = "off"}, "loud", spdlog::level::critical), "");
}

TEST(Log, RefusesUnknownLevels) {
  const auto logger = MakeLogger("test", {.level = "loud"});
  ASSERT_FALSE(logger);
  EXPECT_EQ(logger.error().code, Errc::kInvalidArgument);
}

TEST(Log, SetUpChangesTheDefault) {
  const auto before = spdlog::default_logger();
  std::ostringstream out;
  ASSERT_TRUE(SetUpLog({}, std::make_shared<spdlog::sinks::ostream_sink_mt>(out)));
  spdlog::warn("through the default, sig={}", "secret");
  EXPECT_THAT(out.str(), Not(HasSubstr("secret")));
  EXPECT_THAT(out.str(), HasSubstr("through the default"));
  spdlog::set_default_logger(before);
}

}  // namespace
}  // namespace blobgate
