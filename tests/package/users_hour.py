#!/usr/bin/env python3
"""A new user's first hour, as a script: from the installed package to an upgrade under load.

    users_hour.py ROOT LATER_PACKAGE AZCOPY

Runs in name spaces of its own (run.py makes them), in which ROOT is a Debian with the package
installed and a small volume on /var/lib/blobgate. This program plays systemd. Each step is what the
operator types, and what must be true afterwards; "under load" means that clients write and read over
new and kept connections all the time and that not one request fails.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import tarfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import azure_auth  # noqa: E402
import blob_client  # noqa: E402
import service_manager  # noqa: E402
from installed_daemon import Service  # noqa: E402

SUFFIX = "blob.example.net"
HOST = f"shop.{SUFFIX}"
TLS = "etc/blobgate/tls"
CONFIG = "etc/blobgate/blobgate.json"
LISTENING = (("127.0.0.1", 10000), ("127.0.0.1", 443))
MIB = 1 << 20


class Site:
    """What the operator has: the machine, and what commands printed."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.work = root.parent / "hour"  # of programs outside of it
        self.work.mkdir()
        self.keys: list[str] = []
        sockets = [(f"blobgate-{port}.socket", service_manager.high(
            service_manager.listening(address, port))) for address, port in LISTENING]
        self.service = Service(root, sockets, self.work / "daemon.log")

    def run(self, *command: str) -> str:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                       "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(["chroot", self.root, *command], capture_output=True, text=True,
                              check=False, env=environment)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    @property
    def ca(self) -> pathlib.Path:
        return self.root / TLS / "ca.pem"

    def client(self, key: str | None = None, tls: bool = False) -> blob_client.BlobClient:
        return blob_client.BlobClient(
            LISTENING[tls], "shop", key or self.keys[0],
            ssl.create_default_context(cafile=str(self.ca)) if tls else None)


class Load:
    """Clients that write and read while it is entered. `client` makes one; it is asked again every
    twenty requests, so that connections are kept and made."""

    def __init__(self, client, clients: int = 4):
        self._client = client
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(i,)) for i in range(clients)]
        self.failures: list[str] = []
        self.done = 0

    def _work(self, number: int) -> None:
        turn = 0
        while not self._end.is_set():
            client = self._client()
            for _ in range(20):
                turn += 1
                content = f"{number} {turn}".encode()
                try:
                    client.put_blob("load", f"b{number}", content)
                    got = client.get("load", f"b{number}")
                    if got != content:
                        self.failures.append(f"{got!r}, not {content!r}")
                except Exception as error:  # noqa: BLE001  (any failure is one)
                    self.failures.append(repr(error))
                self.done += 2

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *error) -> None:
        time.sleep(1)
        self._end.set()
        for thread in self._threads:
            thread.join()
        if error[0] is None:
            assert self.done > 50, f"only {self.done} requests"
            assert not self.failures, f"{len(self.failures)} of {self.done}: {self.failures[:3]}"
            print(f"  {self.done} requests, none failed")


def make_tls(site: Site) -> None:
    site.run("blobgate", "init-tls", "--name", f"*.{SUFFIX}")
    file = site.root / CONFIG
    text = re.sub(r'"listeners": \[.*?\],', '''"listeners": [
    {"address": "127.0.0.1", "port": 10000},
    {"address": "127.0.0.1", "port": 443, "tls": true}
  ],
  "tls": {"certificate_file": "/etc/blobgate/tls/server.pem",
          "key_file": "/etc/blobgate/tls/server.key"},
  "suffixes": ["%s"],''' % SUFFIX, file.read_text(), count=1, flags=re.S)
    file.write_text(text)
    site.run("setpriv", "--reuid=blobgate", "--regid=blobgate", "--init-groups", "blobgate",
             "check-config", f"/{CONFIG}")


def start_and_add_account(site: Site) -> None:
    said = site.service.start()
    assert "https://127.0.0.1:443" in said["STATUS"], said
    made = json.loads(site.run("blobgate", "account", "add", "shop", "--json"))
    site.keys = made["keys"]
    shown = json.loads(site.run("blobgate", "account", "show", "shop", "--json"))
    assert "keys" not in shown, "they are shown once"
    site.client().create_container("load")


def azcopy(site: Site, program: str) -> None:
    """In and out again over HTTPS, by the account's own host name."""
    source, back = site.work / "source", site.work / "back"
    source.mkdir()
    contents = {f"{i:02}/file {i}.bin": os.urandom(i * 10_007) for i in range(40)}
    contents["large.bin"] = os.urandom(40 * MIB)
    for name, content in contents.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes(content)
    sas = azure_auth.account_sas("shop", site.keys[0])
    site.client().create_container("files")
    url = f"https://{HOST}/files?{sas}"
    environment = {**os.environ, "SSL_CERT_FILE": str(site.ca), "HOME": str(site.work),
                   "AZCOPY_LOG_LOCATION": str(site.work), "AZCOPY_DISABLE_SYSLOG": "true",
                   "AZCOPY_JOB_PLAN_LOCATION": str(site.work / "plans")}

    def copy(*arguments: str) -> None:
        done = subprocess.run([program, "copy", *arguments, "--recursive", "--skip-version-check"],
                              capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0 and "Final Job Status: Completed\n" in done.stdout, (
            done.stdout[-1500:] + done.stderr[-500:])

    copy(f"{source}/*", url)
    copy(f"https://{HOST}/files/*?{sas}", str(back))
    for name, content in contents.items():
        assert (back / name).read_bytes() == content, name


def rotate_keys(site: Site) -> None:
    """As docs/service.md says: the key that nobody uses, then the clients, then the other."""
    in_use = [site.keys[0]]
    with Load(lambda: site.client(in_use[0])) as load:
        fresh = json.loads(site.run("blobgate", "account", "rotate-key", "shop", "key2", "--json"))
        in_use[0] = fresh["key"]
        time.sleep(2)  # until every client uses it
        old = site.keys[0]
        other = json.loads(site.run("blobgate", "account", "rotate-key", "shop", "key1", "--json"))
        time.sleep(1)
    assert load.done
    site.keys = [other["key"], fresh["key"]]
    assert site.client(old).request("GET", "load", "b0").status == 403
    assert site.client(site.keys[0]).request("GET", "load", "b0").status == 200


def serial(site: Site) -> str:
    return ssl.get_server_certificate(LISTENING[True], ca_certs=str(site.ca))


def reload_certificate(site: Site) -> None:
    before = serial(site)
    with Load(lambda: site.client(tls=True)):
        for _ in range(3):
            site.run("blobgate", "init-tls", "--name", f"*.{SUFFIX}")
            site.service.reload()
    assert serial(site) != before


def fill_the_disk(site: Site) -> None:
    """Uploads get a clear error, reads go on; after deletes uploads go on, by themselves."""
    client = site.client()
    client.create_container("big")
    kept = os.urandom(MIB)
    client.put_blob("big", "kept", kept)
    count = 0
    while True:
        answer = client.request("PUT", "big", f"b{count}", body=os.urandom(4 * MIB),
                                headers={"x-ms-blob-type": "BlockBlob"}, retry=False)
        if answer.status != 201:
            break
        count += 1
        assert count < 2000
    assert (answer.status, answer.error_code) == (507, "InsufficientStorage"), (
        answer.status, answer.error_code)
    assert client.get("big", "kept") == kept
    for i in range(count):
        client.expect(202, "DELETE", "big", f"b{i}")
    deadline = time.monotonic() + 120
    while client.request("PUT", "big", "again", body=kept,
                         headers={"x-ms-blob-type": "BlockBlob"}, retry=False).status != 201:
        assert time.monotonic() < deadline, "no space came back"
        time.sleep(0.2)
    print(f"  full after {count} blobs of 4 MiB")


def upgrade(site: Site, package: pathlib.Path) -> None:
    """The sockets outlive the daemon: clients wait while it restarts."""
    def version() -> str:
        return site.run("dpkg-query", "-W", "-f=${Version}", "blobgate")

    before = version()
    with Load(site.client):
        site.run("dpkg", "-i", f"/tmp/{package.name}")
        site.service.stop()
        site.service.start()
    assert version() != before


def diag(site: Site) -> None:
    site.run("blobgate", "diag", "--output", "/tmp/diag.tar.gz")
    with tarfile.open(site.root / "tmp/diag.tar.gz") as bundle:
        texts = [bundle.extractfile(m).read() for m in bundle.getmembers() if m.isfile()]
    assert any(b"blobgate_requests_total" in text for text in texts)
    key = (site.root / TLS / "server.key").read_text().splitlines()[1]
    for secret in (*site.keys, key):
        assert not any(secret.encode() in text for text in texts)


def main() -> int:
    root, package, program = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "proc", "proc", f"{root}/proc"], check=True)
    site = Site(root)
    hosts = site.work / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {HOST}\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    for name, step in (
            ("TLS of one's own", lambda: make_tls(site)),
            ("start, and an account", lambda: start_and_add_account(site)),
            ("AzCopy over HTTPS, host style", lambda: azcopy(site, program)),
            ("new keys under load", lambda: rotate_keys(site)),
            ("new certificates under load", lambda: reload_certificate(site)),
            ("a full disk", lambda: fill_the_disk(site)),
            ("an upgrade under load", lambda: upgrade(site, package)),
            ("a diagnostic bundle", lambda: diag(site))):
        print(name, flush=True)
        step()
    site.service.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
