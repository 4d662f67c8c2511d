"""What systemd is told, expects and passes: readiness, reload, keep-alive, sockets."""
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import threading
import time

import blob_client
import blobgate_daemon
import loop_volume
import service_manager

KEY = blobgate_daemon.ACCOUNTS["acct1"]


class Service:
    """A daemon whose service manager is the test."""

    def __init__(self, home: pathlib.Path, listeners: list[dict], data: pathlib.Path | None = None,
                 sockets=(), watchdog: float | None = None):
        self.home = home
        self._sockets = list(sockets)
        self._watchdog = watchdog
        config = {"engine": {"data_dir": str(data or home / "data")}, "listeners": listeners,
                  "accounts": [{"name": "acct1", "keys": [KEY]}], "access_log": "off"}
        (home / "blobgate.json").write_text(json.dumps(config))
        self.notifications = service_manager.Notifications(home / "notify")
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.notifications.__exit__()

    def launch(self) -> None:
        command = [str(blobgate_daemon.find_binary()), "serve", "--config",
                   str(self.home / "blobgate.json"), "--ready-file", str(self.home / "ready")]
        if self._sockets:
            command = service_manager.passing(command, self._sockets)
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log,
                env=service_manager.environment(self.notifications, self._watchdog),
                pass_fds=[s.fileno() for _, s in self._sockets])

    def start(self) -> dict[str, str]:
        self.launch()
        return self.notifications.wait_for("READY")

    def port(self) -> int:
        return json.loads((self.home / "ready").read_text())["listeners"][0]["port"]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.notifications.wait_for("STOPPING")
        assert self.process.wait(60) == 0, self.log()

    def log(self) -> str:
        return (self.home / "log").read_text()


ANY_PORT = {"address": "127.0.0.1", "port": 0}


def test_life_of_a_service(tmp_path):
    with Service(tmp_path, [ANY_PORT]) as service:
        said = service.start()
        assert said["STATUS"] == f"Serving http://127.0.0.1:{service.port()}"
        service.process.send_signal(signal.SIGHUP)
        assert int(service.notifications.wait_for("RELOADING")["MONOTONIC_USEC"]) > 0
        assert service.notifications.wait_for("READY")["STATUS"] == said["STATUS"]
        service.process.send_signal(signal.SIGTERM)
        assert "STATUS" in service.notifications.wait_for("STOPPING")
        assert service.process.wait(60) == 0
        assert service.notifications.drop_all() == 0  # nobody asked for keep-alives


def test_keep_alives_come_while_all_is_well(tmp_path):
    with Service(tmp_path, [ANY_PORT], watchdog=0.4) as service:
        service.start()
        for _ in range(5):
            service.notifications.wait_for("WATCHDOG", 10)
        service.stop()


def test_no_keep_alive_while_the_disk_does_not_answer(tmp_path):
    """A frozen file system: writes wait as they do on a disk that has gone."""
    with loop_volume.LoopVolume(256 * loop_volume.MIB) as volume, \
            Service(tmp_path, [ANY_PORT], data=volume.path / "data", watchdog=0.4) as service:
        service.start()
        service.notifications.wait_for("WATCHDOG", 10)
        with contextlib.ExitStack() as frozen:
            subprocess.run(["fsfreeze", "-f", str(volume.path)], check=True)
            frozen.callback(subprocess.run, ["fsfreeze", "-u", str(volume.path)], check=True)
            deadline_passed = False
            for _ in range(10):  # what was sent before, and the round that ran
                if service.notifications.next(2) is None:
                    deadline_passed = True
                    break
            assert deadline_passed, "keep-alives went on"
            assert service.process.poll() is None
        service.notifications.wait_for("WATCHDOG", 30)
        service.stop()
        assert "no answer from the disk" in service.log()


def test_a_passed_socket_is_served(tmp_path):
    with contextlib.closing(service_manager.high(service_manager.listening())) as passed:
        port = passed.getsockname()[1]
        listener = {"address": "127.0.0.1", "port": port}
        with Service(tmp_path, [listener], sockets=[("blobgate.socket", passed)]) as service:
            service.start()
            assert service.port() == port
            client = blob_client.BlobClient(("127.0.0.1", port), "acct1", KEY)
            client.create_container("con")
            service.stop()
            assert "a passed socket" in service.log()


def test_a_passed_socket_is_found_by_name(tmp_path):
    with contextlib.closing(service_manager.high(service_manager.listening())) as passed:
        listener = {"address": "0.0.0.0", "port": 1, "socket": "front"}
        with Service(tmp_path, [listener], sockets=[("front", passed)]) as service:
            service.start()
            assert service.port() == passed.getsockname()[1]
            service.stop()


def test_a_passed_socket_that_fits_no_listener_is_refused(tmp_path):
    with contextlib.closing(service_manager.high(service_manager.listening())) as passed, \
            Service(tmp_path, [ANY_PORT], sockets=[("spare", passed)]) as service:
        service.launch()
        assert service.process.wait(60) == 1
        assert 'passed socket "spare"' in service.log()


def test_a_restart_fails_no_request_on_a_new_connection(tmp_path):
    with contextlib.closing(service_manager.high(service_manager.listening())) as passed:
        address = passed.getsockname()
        listener = {"address": "127.0.0.1", "port": address[1]}
        with Service(tmp_path, [listener], sockets=[("blobgate.socket", passed)]) as service:
            service.start()
            blob_client.BlobClient(address, "acct1", KEY).create_container("con")
            failures, counts, end = [], [0] * 4, threading.Event()

            def write(worker: int) -> None:
                while not end.is_set():
                    try:
                        client = blob_client.BlobClient(address, "acct1", KEY)
                        client.put_blob("con", f"{worker}", b"x" * 4096, retry=False)
                        counts[worker] += 1
                    except Exception as error:  # noqa: BLE001
                        failures.append(repr(error))

            workers = [threading.Thread(target=write, args=(i,)) for i in range(len(counts))]
            for worker in workers:
                worker.start()
            for _ in range(3):
                before = sum(counts)
                while sum(counts) < before + 40 and not failures:
                    time.sleep(0.01)
                service.stop()
                service.start()
            end.set()
            for worker in workers:
                worker.join()
            assert failures == []
            service.stop()


def test_a_queued_client_is_served_by_the_next_daemon(tmp_path):
    with contextlib.closing(service_manager.high(service_manager.listening())) as passed:
        address = passed.getsockname()
        listener = {"address": "127.0.0.1", "port": address[1]}
        with Service(tmp_path, [listener], sockets=[("blobgate.socket", passed)]) as service:
            service.start()
            service.stop()
            with socket.create_connection(address, timeout=60) as client:  # nobody accepts now
                client.sendall(b"GET /acct1?comp=list HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                service.start()
                assert client.recv(12) == b"HTTP/1.1 404"  # as whoever is anonymous
            service.stop()
