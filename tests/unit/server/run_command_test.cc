#include "server/run_command.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace blobgate::server {
namespace {

CommandRun Shell(std::string script) {
  return {.argv = {"/bin/sh", "-c", std::move(script)}};
}

Result<std::string> Ask(const CommandRun& run, std::string_view input = {}) {
  return RunCommand(run, input, {});
}

TEST(RunCommand, AnswersWhatItWrites) {
  EXPECT_EQ(*Ask(Shell("cat; printf more"), "given\n"), "given\nmore");
  EXPECT_EQ(*Ask(Shell("exit 0")), "");
  const std::string largest(4096, 'x');
  EXPECT_EQ(*Ask(Shell("cat"), largest), largest);
  EXPECT_EQ(*Ask(Shell("exec >&2; seq 1 100000")), "") << "errors beyond what is kept";
}

TEST(RunCommand, ArgumentsAreNotForAShell) {
  EXPECT_EQ(*Ask({.argv = {"/bin/echo", "$HOME; exit 1", "*"}}), "$HOME; exit 1 *\n");
}

TEST(RunCommand, WhoDoesNotReadItsInputIsNotWaitedFor) {
  EXPECT_EQ(*Ask(Shell("exec <&-; echo done"), std::string(4096, 'x')), "done\n");
  EXPECT_EQ(Ask(Shell("cat"), std::string(4097, 'x')).error().code, Errc::kTooLarge);
}

TEST(RunCommand, FailuresSayWhatTheProgramSays) {
  const auto failed = Ask(Shell("echo answer; printf 'no\\033 vault\\nmore\\n' >&2; exit 3"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::kIoError);
  EXPECT_EQ(failed.error().detail, "/bin/sh: ended with code 3 (no? vault)");
  EXPECT_EQ(Ask(Shell("kill -9 $$")).error().detail, "/bin/sh: was ended by signal 9");
  EXPECT_EQ(Ask({.argv = {"/no/such/program"}}).error().code, Errc::kIoError);
  EXPECT_EQ(Ask({.argv = {"/tmp"}}).error().code, Errc::kIoError);
}

TEST(RunCommand, WhoHangsIsKilled) {
  CommandRun run = Shell("echo begun; sleep 1000");
  run.time = std::chrono::milliseconds(200);
  EXPECT_EQ(Ask(run).error().code, Errc::kTimeout);
  run = Shell("trap '' TERM INT; while true; do echo x >&2; done");
  run.time = std::chrono::milliseconds(200);
  EXPECT_EQ(Ask(run).error().code, Errc::kTimeout);
}

TEST(RunCommand, WhoWritesTooMuchIsKilled) {
  CommandRun run = Shell("while true; do echo x; done");
  run.most_output = 1000;
  EXPECT_EQ(Ask(run).error().code, Errc::kTooLarge);
  run = Shell("printf 12345");
  run.most_output = 5;
  EXPECT_EQ(*Ask(run), "12345");
}

TEST(RunCommand, WhatItLeavesRunningIsKilledToo) {
  // The sleep has its standard output, and its process group.
  const auto pid = Ask(Shell("sleep 1000 & echo $!"));
  ASSERT_TRUE(pid);
  const pid_t left = std::stoi(*pid);
  // Reaped by whoever adopted it.
  while (::kill(left, 0) == 0) {
    char state = 'Z';
    const std::string path = "/proc/" + std::to_string(left) + "/stat";
    if (std::FILE* const file = std::fopen(path.c_str(), "re")) {
      if (std::fscanf(file, "%*d %*s %c", &state) != 1) state = 'Z';
      std::fclose(file);
    }
    if (state == 'Z') break;
    std::this_thread::yield();
  }
}

TEST(RunCommand, IsStopped) {
  std::stop_source stop;
  std::jthread later([&stop] { stop.request_stop(); });
  EXPECT_EQ(RunCommand(Shell("sleep 1000"), {}, stop.get_token()).error().code, Errc::kCancelled);
}

TEST(RunCommand, HasNothingOfOurs) {
  ::setenv("NOTIFY_SOCKET", "/run/notify", 1);
  ::setenv("WATCHDOG_USEC", "1", 1);
  ::setenv("OPERATORS_OWN", "kept", 1);
  CommandRun run = Shell("echo \"$NOTIFY_SOCKET$WATCHDOG_USEC$OPERATORS_OWN $ADDED\"");
  run.environment = {"ADDED=too"};
  EXPECT_EQ(*Ask(run), "kept too\n");
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
  const int open = ::dup(0);  // inherited, were it not closed
  EXPECT_EQ(
      *Ask(Shell("for fd in /proc/self/fd/*; do [ -e $fd ] && printf '%s ' ${fd##*/}; done; true")),
      "0 1 2 ");
  ::close(open);
}

}  // namespace
}  // namespace blobgate::server
