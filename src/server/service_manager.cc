#include "server/service_manager.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdint>

namespace blobgate::server {
namespace {

// As systemd's own clock for this (sd_notify(3), MONOTONIC_USEC).
std::uint64_t MonotonicMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

void Notify(const std::string& lines) {
  sd_notify(0, lines.c_str());
}

}  // namespace

void NotifyStatus(const std::string& status) {
  Notify("STATUS=" + status);
}

void NotifyReady(const std::string& status) {
  Notify("READY=1\nSTATUS=" + status);
}

void NotifyReloading() {
  Notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(MonotonicMicroseconds()) +
         "\nSTATUS=Reloading");
}

void NotifyStopping(const std::string& status) {
  Notify("STOPPING=1\nSTATUS=" + status);
}

void NotifyAlive() {
  Notify("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> WatchdogInterval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/1, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

}  // namespace blobgate::server
