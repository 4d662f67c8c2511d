// What systemd is told (sd_notify(3)). Nothing happens outside a service of Type=notify.
#pragma once

namespace blobgate::server {

void NotifyReady();
void NotifyStopping();

}  // namespace blobgate::server
