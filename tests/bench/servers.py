"""The servers that are compared: blobgate, nginx, Azurite. All listen on free ports of 127.0.0.1
and have the certificate of one CA; the client is `blobgate bench` for all of them."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import azcopy  # noqa: E402
import azure_auth  # noqa: E402
import blobgate_daemon  # noqa: E402
import certificates  # noqa: E402

ACCOUNT = "acct1"
KEY = blobgate_daemon.ACCOUNTS[ACCOUNT]
CIPHER_SUITE = "TLS_AES_128_GCM_SHA256"
CACHE_BYTES = 1 << 30  # of verified blobs: the cached datasets fit


def free_ports(count: int) -> list[int]:
    """All of them are held until the last is found, so that they differ."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def wait_for_port(port: int, process: subprocess.Popen, log: pathlib.Path) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"{log}:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)


class Blobgate:
    name = "blobgate"
    api = ("--account", ACCOUNT)

    def __init__(self, directory: pathlib.Path):
        self._daemon = blobgate_daemon.Daemon(
            {"access_log": str(directory / "access.log"), "log_level": "warn",
             "engine": {"read_cache_bytes": CACHE_BYTES},
             "limits": {"max_connections": 30_000, "body_timeout": 3600}},
            directory=directory)
        self._daemon.start()
        self.ca_file = self._daemon.ca_file

    @property
    def daemon(self) -> blobgate_daemon.Daemon:
        return self._daemon

    @property
    def pid(self) -> int:
        return self._daemon.pid

    @property
    def data_directory(self) -> pathlib.Path:
        return self._daemon.data_directory

    def url(self, container: str, tls: bool) -> str:
        scheme = "https" if tls else "http"
        return f"{scheme}://127.0.0.1:{self._daemon.ports[tls]}/{ACCOUNT}/{container}"

    def arguments(self) -> list[str]:
        return ["--sas", self._daemon.account_sas()]

    def drop_caches(self) -> None:
        self._daemon.stop()
        drop_page_cache(self.data_directory)
        self._daemon.start()

    def stop(self) -> None:
        self._daemon.kill()


def drop_page_cache(directory: pathlib.Path) -> None:
    """Of the files below `directory`; no privileges needed."""
    os.sync()
    for path in directory.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


NGINX_CONFIG = """
worker_processes {cores};
pid {home}/nginx.pid;
error_log {home}/error.log warn;
worker_rlimit_nofile 65536;
events {{ worker_connections 32768; }}
http {{
  access_log {home}/access.log combined buffer=64k;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 3600;
  keepalive_requests 1000000000;
  send_timeout 3600;
  open_file_cache max=100000 inactive=3600s;
  open_file_cache_valid 3600s;
  client_max_body_size 0;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096;
    listen 127.0.0.1:{tls_port} ssl reuseport backlog=4096;
    ssl_certificate {certificates}/server.pem;
    ssl_certificate_key {certificates}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    root {home}/root;
    location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
  }}
}}
"""


def install_nginx() -> pathlib.Path:
    """Debian's package, unpacked into the cache: installing it would start a service."""
    home = azcopy.cache_directory() / "nginx"
    binary = home / "usr/sbin/nginx"
    if not binary.exists():
        home.mkdir(parents=True, exist_ok=True)
        download = ["apt-get", "download", "-qq", "nginx"]
        if subprocess.run(download, cwd=home, capture_output=True, check=False).returncode != 0:
            subprocess.run(["apt-get", "update", "-qq"], check=True, stdout=subprocess.DEVNULL)
            subprocess.run(download, cwd=home, check=True, capture_output=True)
        for package in home.glob("nginx_*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, home], check=True)
    return binary


class Nginx:
    """Static files, and WebDAV's PUT, which is not durable."""
    name = "nginx"
    api = ("--api", "plain")

    def __init__(self, directory: pathlib.Path, certificate_directory: pathlib.Path):
        self._ports = dict(zip((False, True), free_ports(2)))
        self.data_directory = directory / "root"
        self.data_directory.mkdir(parents=True)
        self.ca_file = certificate_directory / "ca.pem"
        config = directory / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(
            cores=os.cpu_count(), home=directory, port=self._ports[False],
            tls_port=self._ports[True], certificates=certificate_directory)
            + ("user root;\n" if os.geteuid() == 0 else ""))
        log = directory / "error.log"
        log.touch()
        self._process = subprocess.Popen(
            [install_nginx(), "-c", config, "-p", directory, "-e", log, "-g", "daemon off;"])
        wait_for_port(self._ports[False], self._process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def url(self, container: str, tls: bool) -> str:
        return f"{'https' if tls else 'http'}://127.0.0.1:{self._ports[tls]}/{container}"

    def arguments(self) -> list[str]:
        return []

    def drop_caches(self) -> None:
        drop_page_cache(self.data_directory)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


class Azurite:
    """Microsoft's emulator; plain HTTP."""
    name = "azurite"
    api = ()

    def __init__(self, directory: pathlib.Path, certificate_directory: pathlib.Path):
        home = azcopy.cache_directory() / "azurite"
        program = home / "node_modules/.bin/azurite-blob"
        if not program.exists():
            home.mkdir(parents=True, exist_ok=True)
            subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix",
                            home, "azurite@3"], check=True)
        [self._port] = free_ports(1)
        self.data_directory = directory
        self.ca_file = certificate_directory / "ca.pem"
        directory.mkdir(parents=True, exist_ok=True)
        log = directory / "azurite.log"
        with open(log, "wb") as out:
            self._process = subprocess.Popen(
                [program, "--blobHost", "127.0.0.1", "--blobPort", str(self._port), "--location",
                 directory, "--silent", "--skipApiVersionCheck", "--disableTelemetry"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"})
        wait_for_port(self._port, self._process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def url(self, container: str, tls: bool) -> str:
        assert not tls
        return f"http://127.0.0.1:{self._port}/{ACCOUNT}/{container}"

    def arguments(self) -> list[str]:
        return ["--sas", azure_auth.account_sas(ACCOUNT, KEY)]

    def drop_caches(self) -> None:
        drop_page_cache(self.data_directory)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


class Servers:
    """Each is started when it is first asked for."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self._running: dict[str, Blobgate | Nginx | Azurite] = {}
        self._prepared: set[tuple[str, str]] = set()

    def __getitem__(self, name: str):
        if name not in self._running:
            here = self.directory / name
            here.mkdir(parents=True, exist_ok=True)
            if name == "blobgate":
                self._running[name] = Blobgate(here)
            else:
                shared = self.directory / "certificates"
                if not shared.exists():
                    shared.mkdir()
                    certificates.make_certificates(shared)
                kind = {"nginx": Nginx, "azurite": Azurite}[name]
                self._running[name] = kind(here / "data", shared)
        return self._running[name]

    def stop(self) -> None:
        for server in self._running.values():
            server.stop()

    def start_over(self) -> None:
        """With empty servers: what was written in seconds may fill the disk in minutes."""
        self.stop()
        for name in self._running:
            shutil.rmtree(self.directory / name)
        self._running.clear()
        self._prepared.clear()

    def bench(self, name: str, load, seconds: float, *more: str) -> dict:
        """The report of `blobgate bench`; puts the dataset first, once."""
        server = self[name]
        command = [str(blobgate_daemon.find_binary()), "bench", server.url(load.dataset, load.tls),
                   *server.api, *server.arguments(), "--size", load.size, "--blobs",
                   str(load.blobs), "--threads", str(min(2, os.cpu_count() or 1)), "--json", "-",
                   "--ca-file", str(server.ca_file), "--tls13-suites", CIPHER_SUITE,
                   "--watch-pid", str(server.pid), "--prefix", f"{load.size}-"]
        if (name, load.dataset) not in self._prepared:
            # Small blobs share syncs; a few large ones fill the disk.
            run_json([*command, "--prepare", "--seconds", "0", "--connections",
                      "4" if load.blobs < 100 else "64"])
            self._prepared.add((name, load.dataset))
        mix = load.mix if name != "nginx" else load.mix.replace("block", "put")  # the same bytes
        return run_json([*command, "--mix", mix, "--connections", str(load.connections),
                         "--seconds", str(seconds), *load.more, *more])


def run_json(command: list[str]) -> dict:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"{' '.join(command[:3])}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
