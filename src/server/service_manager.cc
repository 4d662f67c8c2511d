#include "server/service_manager.h"

#include <systemd/sd-daemon.h>

namespace blobgate::server {

void NotifyReady() {
  sd_notify(0, "READY=1\nSTATUS=Serving\n");
}
void NotifyStopping() {
  sd_notify(0, "STOPPING=1\nSTATUS=Draining\n");
}

}  // namespace blobgate::server
