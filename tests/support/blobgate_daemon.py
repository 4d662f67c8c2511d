"""Runs a blobgate daemon of its own for a test: temporary directory, private CA, two listeners.

BLOBGATE_BINARY names the program; otherwise the release build is taken, then the dev build. With
BLOBGATE_TEST_ENCRYPTION set, accounts of the configuration have encryption switched on.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import time

import azure_auth
import blob_client
import certificates
import coverage
import raw_http

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
HOST_SUFFIX = "blob.gate.test"
DFS_SUFFIX = "dfs.gate.test"
ACCOUNTS = {
    "acct1": "YmxvYmdhdGUgdGVzdCBrZXkgb25lIGZvciBhY2N0MQ==",
    "acct2": "YmxvYmdhdGUgdGVzdCBrZXkgb25lIGZvciBhY2N0Mg==",
    "versioned": "YmxvYmdhdGUgdGVzdCBrZXkgZm9yIHZlcnNpb25lZA==",
    "kept": "YmxvYmdhdGUgdGVzdCBrZXkgb25lIGZvciBrZXB0IQ==",
    "tree": "YmxvYmdhdGUgdGVzdCBrZXkgb25lIGZvciB0cmVlIQ==",
    "immutable": "YmxvYmdhdGUgdGVzdCBrZXkgZm9yIGltbXV0YWJsZQ==",
}
SECOND_KEY = "YmxvYmdhdGUgdGVzdCBrZXkgdHdvIGZvciBhY2N0MQ=="
START_DEADLINE = 120.0
STOP_DEADLINE = 60.0


def find_binary() -> pathlib.Path:
    if named := os.environ.get("BLOBGATE_BINARY"):
        return pathlib.Path(named)
    for preset in ("release", "dev"):
        candidate = REPOSITORY / "build" / preset / "src" / "blobgate"
        if candidate.is_file():
            return candidate
    raise FileNotFoundError("no blobgate binary: build it, or set BLOBGATE_BINARY")


class Daemon:
    """A daemon on free ports of 127.0.0.1. `start` may follow `stop` or `kill`: the data and the
    ports stay the same. Not for use by several threads at once (the clients it hands out are).
    `config` is merged, object by object, over the default configuration.
    """

    def __init__(self, config: dict | None = None, *, directory: pathlib.Path | None = None,
                 keep: bool = False):
        self._own_directory = directory is None
        parent = os.environ.get("BLOBGATE_TEST_TMP")
        self.directory = directory or pathlib.Path(
            tempfile.mkdtemp(prefix="blobgate-test-", dir=parent))
        self._keep = keep
        self._process: subprocess.Popen | None = None
        self.forget_ports()
        self.ready_seconds = 0.0
        self.data_directory = self.directory / "data"
        self.data_directory.mkdir(parents=True, exist_ok=True)
        if not (self.directory / "ca.pem").exists():
            certificates.make_certificates(self.directory)
        self._overrides = config or {}
        self.environment: dict[str, str] = {}  # added to that of the daemon

    def __enter__(self) -> "Daemon":
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(Exception):
            if coverage.directory():
                self.stop()  # which writes the last lines of its log
            self.kill()
        coverage.keep_log(self.directory / "access.log")
        if self._own_directory and not self._keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    # Life.

    def forget_ports(self) -> None:
        """The next start takes free ones. For daemons that are down while others run: what was
        theirs may be another's by then."""
        self.ports: dict[bool, int] = {}
        self.monitor_port = 0
        self.console_ports: dict[bool, int] = {}  # with `console` of the configuration

    def _write_config(self) -> pathlib.Path:
        config = {
            "engine": {"data_dir": str(self.data_directory)},
            "listeners": [{"address": "127.0.0.1", "port": self.ports.get(tls, 0), "tls": tls}
                          for tls in (False, True)],
            "monitor_listeners": [{"address": "127.0.0.1", "port": self.monitor_port}],
            "tls": {"certificate_file": str(self.directory / "server.pem"),
                    "key_file": str(self.directory / "server.key")},
            "suffixes": ["blob.core.windows.net", "blob.localhost", HOST_SUFFIX, DFS_SUFFIX],
            "accounts": [{"name": "acct1", "keys": [ACCOUNTS["acct1"], SECOND_KEY]},
                         {"name": "acct2", "keys": [ACCOUNTS["acct2"]]},
                         {"name": "versioned", "keys": [ACCOUNTS["versioned"]],
                          "versioning": True},
                         {"name": "tree", "keys": [ACCOUNTS["tree"]], "hierarchical": True},
                         {"name": "kept", "keys": [ACCOUNTS["kept"]],
                          "container_delete_retention_days": 7},
                         {"name": "immutable", "keys": [ACCOUNTS["immutable"]],
                          "versioning": True, "version_level_immutability": True}],
            "log_level": "info",
            "access_log": str(self.directory / "access.log"),
            "log_format": "json" if coverage.directory() else "text",
        }
        _merge(config, self._overrides)
        if os.environ.get("BLOBGATE_TEST_ENCRYPTION"):
            self._encrypt(config)
        path = self.directory / "blobgate.json"
        path.write_text(json.dumps(config, indent=2))
        return path

    def _encrypt(self, config: dict) -> None:
        key_file = self.directory / "test-master-key"
        if not key_file.exists():
            key_file.touch(0o600)
            key_file.write_text(base64.b64encode(os.urandom(32)).decode())
        config.setdefault("master_keys", []).append({"name": "of-the-tests",
                                                     "key_file": str(key_file)})
        for account in config["accounts"]:
            account.setdefault("encryption", {"enabled": True, "master_key": "of-the-tests"})

    def start(self, deadline: float = START_DEADLINE) -> None:
        """Returns once the daemon serves. `ready_seconds` is how long that took."""
        ready = self.directory / "ready.json"
        ready.unlink(missing_ok=True)
        command = [str(find_binary()), "serve", "--config", str(self._write_config()),
                   "--ready-file", str(ready)]
        began = time.monotonic()
        with open(self.directory / "daemon.log", "ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log,
                                             env={**os.environ, **self.environment})
        while not ready.exists():
            if self._process.poll() is not None:
                raise RuntimeError(f"blobgate ended with {self._process.returncode} at start:\n"
                                   + self.log_tail())
            if time.monotonic() - began > deadline:
                raise RuntimeError(f"blobgate not ready in {deadline} s:\n" + self.log_tail())
            time.sleep(0.005)
        self.ready_seconds = time.monotonic() - began
        for listener in json.loads(ready.read_text())["listeners"]:
            if listener["monitor"]:
                self.monitor_port = listener["port"]
            elif listener["console"]:
                self.console_ports[listener["tls"]] = listener["port"]
            else:
                self.ports[listener["tls"]] = listener["port"]

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, deadline: float = STOP_DEADLINE) -> int:
        """SIGTERM and wait for the drain. Returns the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"blobgate did not drain in {deadline} s:\n" + self.log_tail())
        self._process = None
        return code

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self, config: dict | None = None) -> None:
        if config:
            _merge(self._overrides, config)
        code = self.stop()
        if code != 0:
            raise RuntimeError(f"blobgate ended with {code}:\n" + self.log_tail())
        self.start()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def log_tail(self, size: int = 4000) -> str:
        try:
            return (self.directory / "daemon.log").read_bytes()[-size:].decode(errors="replace")
        except FileNotFoundError:
            return ""

    # Measures.

    def memory_mib(self, field: str = "VmHWM") -> float:
        """Peak (VmHWM) or present (VmRSS) resident memory."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {field} for process {self.pid}")

    def disk_bytes(self) -> int:
        """Blocks really allocated under the data directory (holes do not count)."""
        total = 0
        for root, _, names in os.walk(self.data_directory):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    total += os.stat(os.path.join(root, name)).st_blocks * 512
        return total

    # Ways in.

    @property
    def ca_file(self) -> pathlib.Path:
        return self.directory / "ca.pem"

    def tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca_file))

    def address(self, tls: bool = False) -> tuple[str, int]:
        return ("127.0.0.1", self.ports[tls])

    def client(self, account: str = "acct1", tls: bool = False) -> blob_client.BlobClient:
        return blob_client.BlobClient(self.address(tls), account, ACCOUNTS[account],
                                      self.tls_context() if tls else None)

    def raw(self, tls: bool = False, timeout: float = 15) -> raw_http.RawConnection:
        return raw_http.RawConnection(self.address(tls), self.tls_context() if tls else None,
                                      timeout=timeout)

    def host_names(self) -> list[str]:
        return [f"{account}{which}.{suffix}" for account in ACCOUNTS
                for which in ("", "-secondary") for suffix in (HOST_SUFFIX, DFS_SUFFIX)]

    def url(self, account: str, container: str = "", blob: str = "", sas: str = "", *,
            host_style: bool = True, quoted: bool = False, dfs: bool = False) -> str:
        """HTTPS host style (`dfs`: on that face), or plain HTTP path style. `quoted`: `blob` is
        already escaped."""
        if host_style:
            suffix = DFS_SUFFIX if dfs else HOST_SUFFIX
            base = f"https://{account}.{suffix}:{self.ports[True]}"
        else:
            base = f"http://127.0.0.1:{self.ports[False]}/{account}"
        if container:
            base += f"/{container}"
        if blob:
            base += "/" + (blob if quoted else blob_client.quote(blob))
        return base + (f"?{sas}" if sas else "")

    def account_sas(self, account: str = "acct1", **arguments) -> str:
        return azure_auth.account_sas(account, ACCOUNTS[account], **arguments)

    def container_sas(self, container: str, account: str = "acct1", **arguments) -> str:
        return azure_auth.service_sas(account, ACCOUNTS[account], container, **arguments)


def _merge(into: dict, more: dict) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
