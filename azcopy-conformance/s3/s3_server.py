"""A real S3 server, versitygw, under the names of AWS, and what the scenarios put into it."""

from __future__ import annotations

import pathlib
import socket
import subprocess
import time

import azcopy
import install

PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
VERSION = "v1.8.0"
ADDRESS = "127.0.0.2"
ACCESS_KEY, SECRET_KEY = "gateway", "the-secret-of-the-s3-account"
REGION = "us-east-1"
DOMAIN = "s3.amazonaws.com"
_HOST_STYLE = f"s3.dualstack.{REGION}.amazonaws.com"  # where AzCopy names a bucket in the host
_DOMAINS = (DOMAIN, f"s3.{REGION}.amazonaws.com", _HOST_STYLE)


def install_server() -> pathlib.Path:
    return install.go_install(PACKAGE, VERSION, azcopy.cache_directory() / "s3")


def certificate_names() -> list[str]:
    return [name for domain in _DOMAINS for name in (domain, f"*.{domain}")]


def host_names(buckets: list[str]) -> list[str]:
    """A bucket is named in the path or in the host."""
    return [name for domain in _DOMAINS
            for name in (domain, *(f"{bucket}.{domain}" for bucket in buckets))]


class Server:
    """Listens on ADDRESS:443 with the certificate in `directory`; its objects are files there."""

    def __init__(self, program: pathlib.Path, directory: pathlib.Path):
        self._directory = directory
        self.log = directory / "s3-access.log"
        root = directory / "s3"
        root.mkdir()
        command = [str(program), "--access", ACCESS_KEY, "--secret", SECRET_KEY, "--region", REGION,
                   "--port", f"{ADDRESS}:443", "--virtual-domain", _HOST_STYLE, "--cert", str(directory / "server.pem"),
                   "--key", str(directory / "server.key"), "--quiet",
                   "--access-log", str(self.log), "posix", str(root)]
        with open(directory / "s3.log", "wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log,
                                             stdin=subprocess.DEVNULL)
        self._await()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.wait()

    def _await(self) -> None:
        for _ in range(100):
            try:
                with socket.create_connection((ADDRESS, 443), timeout=1):
                    return
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError((self._directory / "s3.log").read_text())

    def request(self, method: str, path: str, *arguments: str) -> None:
        """A signed request by curl, which must succeed."""
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--fail-with-body", "--aws-sigv4",
             f"aws:amz:{REGION}:s3", "--user", f"{ACCESS_KEY}:{SECRET_KEY}", "--cacert",
             str(self._directory / "ca.pem"), "--request", method,
             "--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD", *arguments, f"https://{DOMAIN}/{path}"], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{method} {path}: {done.stdout}{done.stderr}")

    def create_bucket(self, bucket: str) -> None:
        self.request("PUT", bucket)

    def put(self, path: str, file: pathlib.Path, *headers: str) -> None:
        """`path` is bucket and key, percent-encoded."""
        given = [part for header in headers for part in ("--header", header)]
        self.request("PUT", path, *given, "--data-binary", f"@{file}")

    def requests(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []
