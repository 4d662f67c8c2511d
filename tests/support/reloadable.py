"""A daemon that is told to read its configuration again."""
from __future__ import annotations

import json
import signal

import blob_client
import blobgate_daemon
import service_manager

KEYS = blobgate_daemon.ACCOUNTS


class Reloadable:
    """A daemon whose service manager is the test, so that it knows when a reload is over."""

    def __init__(self, directory):
        self.notifications = service_manager.Notifications(directory / "notify")
        self.daemon = blobgate_daemon.Daemon({"access_log": "off"}, directory=directory)
        self.daemon.environment = service_manager.environment(self.notifications, None)

    def __enter__(self) -> "Reloadable":
        self.daemon.__enter__()
        self.notifications.wait_for("READY")
        self.path = self.daemon.directory / "blobgate.json"
        self.config = json.loads(self.path.read_text())
        return self

    def __exit__(self, *_) -> None:
        self.daemon.__exit__()
        self.notifications.__exit__()

    def reload(self) -> str:
        """With the file as it is; the status line."""
        self.daemon.signal(signal.SIGHUP)
        self.notifications.wait_for("RELOADING")
        return self.notifications.wait_for("READY")["STATUS"]

    def apply(self) -> str:
        """With `config`; it must go well."""
        self.path.write_text(json.dumps(self.config))
        said = self.reload()
        assert "not reloaded" not in said, self.daemon.log_tail()
        return said

    def account(self, name: str) -> dict:
        return next(a for a in self.config["accounts"] if a["name"] == name)

    def log(self) -> str:
        return self.daemon.log_tail(1 << 20)

    def client(self, account: str, key: str | None = None) -> blob_client.BlobClient:
        return blob_client.BlobClient(self.daemon.address(), account, key or KEYS[account])

    def status(self, account: str, key: str | None = None) -> int:
        return self.client(account, key).request("GET", comp="list").status
