"""Runs in name spaces of its own: starts the installed daemon as its unit says and checks it.

  installed_daemon.py ROOT ACCOUNT KEY CHECK...
"""

from __future__ import annotations

import http.client
import pathlib
import shlex
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import blob_client  # noqa: E402
import service_manager  # noqa: E402

ADDRESS = ("127.0.0.1", 10000)
CONTENT = b"stored by the installed daemon"


class Service:
    """The service of the chroot directory `root`. `sockets` are passed to it. `log`: the file that
    takes the place of the journal; none: this program's output."""

    def __init__(self, root: pathlib.Path, sockets=(), log: pathlib.Path | None = None):
        self._root = root
        self._log = log
        self._sockets = list(sockets)
        unit = (root / "lib/systemd/system/blobgate.service").read_text()
        fields = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
        assert fields["Type"] == "notify"
        user = f"{fields['User']}:{fields['Group']}"
        self._command = ["chroot", f"--userspec={user}", str(root),
                         *shlex.split(fields["ExecStart"])]
        self.notifications = service_manager.Notifications(root / "run/notify")
        self._process: subprocess.Popen | None = None

    def start(self) -> dict[str, str]:
        """Returns the message with which it is ready."""
        environment = service_manager.environment(self.notifications, 2.0, "/run/notify")
        command = self._command
        if self._sockets:
            command = service_manager.passing(command, self._sockets)
        output = open(self._log, "ab") if self._log else None
        self._process = subprocess.Popen(command, env=environment, stdout=output, stderr=output,
                                         pass_fds=[s.fileno() for _, s in self._sockets])
        if output:
            output.close()
        return self.notifications.wait_for("READY")

    def reload(self) -> None:
        self._process.send_signal(signal.SIGHUP)
        said = self.notifications.wait_for("RELOADING")
        assert int(said["MONOTONIC_USEC"]) > 0, said
        self.notifications.wait_for("READY")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self.notifications.wait_for("STOPPING")
        code = self._process.wait(60)
        assert code == 0, f"ended with {code}"


def write(_: Service, client) -> None:
    client.create_container("con")
    client.put_blob("con", "blob", CONTENT)


def read(_: Service, client) -> None:
    assert client.get("con", "blob") == CONTENT
    monitor = http.client.HTTPConnection("127.0.0.1", 9640, timeout=15)
    monitor.request("GET", "/readyz")
    assert monitor.getresponse().status == 200


def reload(service: Service, _) -> None:
    service.reload()


def watchdog(service: Service, _) -> None:
    for _ in range(3):
        service.notifications.wait_for("WATCHDOG")


def restart_with_sockets(root: pathlib.Path, account: str, key: str) -> None:
    """While clients ask over new connections the daemon restarts twice: no request fails."""
    listening = service_manager.high(service_manager.listening(*ADDRESS))
    service = Service(root, [("blobgate.socket", listening)])
    service.start()
    failures, asked, end = [], [0], threading.Event()

    def ask() -> None:
        while not end.is_set():
            try:
                client = blob_client.BlobClient(ADDRESS, account, key)
                answer = client.request("GET", "con", "blob", retry=False)
                assert answer.body == CONTENT, answer.status
                asked[0] += 1
            except Exception as error:  # noqa: BLE001  (any failure is one)
                failures.append(repr(error))

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    for _ in range(2):
        time.sleep(1)
        service.stop()
        service.start()
    time.sleep(1)
    end.set()
    for client in clients:
        client.join()
    service.stop()
    assert not failures, f"{len(failures)} of {asked[0]} failed: {failures[:3]}"
    print(f"{asked[0]} requests over two restarts")


def main() -> int:
    root, account, key, *checks = sys.argv[1:]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "proc", "proc", f"{root}/proc"], check=True)
    if checks == ["sockets"]:
        restart_with_sockets(pathlib.Path(root), account, key)
        return 0
    service = Service(pathlib.Path(root))
    said = service.start()
    assert said["STATUS"] == "Serving http://127.0.0.1:10000", said
    client = blob_client.BlobClient(ADDRESS, account, key)
    for check in checks:
        {"write": write, "read": read, "reload": reload, "watchdog": watchdog}[check](service, client)
    service.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
