// What systemd is told (sd_notify(3)). Nothing happens outside a service of Type=notify.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace blobgate::server {

/// `status` is the line that `systemctl status` shows: no line break.
void NotifyStatus(const std::string& status);
void NotifyReady(const std::string& status);
/// NotifyReady ends it.
void NotifyReloading();
void NotifyStopping(const std::string& status);
void NotifyAlive();

/// From one NotifyAlive to the next at the latest (WatchdogSec=). nullopt: nobody waits for them.
/// Before other threads run: the environment is changed, so that child processes do not see it.
std::optional<std::chrono::microseconds> WatchdogInterval();

}  // namespace blobgate::server
