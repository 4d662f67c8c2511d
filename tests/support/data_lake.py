"""The Data Lake SDK against a daemon of ours: host style over HTTPS, names resolved in this
process."""
from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator

from azure.core.credentials import AzureNamedKeyCredential
from azure.storage.blob import BlobServiceClient
from azure.storage.filedatalake import DataLakeServiceClient

import azure_auth
import blobgate_daemon

_SUFFIXES = (blobgate_daemon.HOST_SUFFIX, blobgate_daemon.DFS_SUFFIX)


@contextlib.contextmanager
def resolved_names() -> Iterator[None]:
    """Within it the hosts of test accounts are 127.0.0.1."""
    original = socket.getaddrinfo

    def resolve(host, *rest, **named):
        if isinstance(host, str) and host.endswith(_SUFFIXES):
            host = "127.0.0.1"
        return original(host, *rest, **named)

    socket.getaddrinfo = resolve
    try:
        yield
    finally:
        socket.getaddrinfo = original


def _key(account: str) -> AzureNamedKeyCredential:
    return AzureNamedKeyCredential(account, blobgate_daemon.ACCOUNTS[account])


def service(daemon: blobgate_daemon.Daemon, account: str = "tree", credential=None,
            **options) -> DataLakeServiceClient:
    return DataLakeServiceClient(daemon.url(account, dfs=True),
                                 credential or _key(account),
                                 connection_verify=str(daemon.ca_file), retry_total=0, **options)


def blob_service(daemon: blobgate_daemon.Daemon, account: str = "tree") -> BlobServiceClient:
    return BlobServiceClient(daemon.url(account), _key(account),
                             connection_verify=str(daemon.ca_file), retry_total=0)


class Answer:
    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.headers.get("x-ms-error-code", "")


class Raw:
    """Requests with an account SAS, or `sas`: on the dfs host (names must resolve), or in path style, where
    one address serves both faces. Keeps its connection; for one thread at a time."""

    def __init__(self, daemon: blobgate_daemon.Daemon, account: str, path_style: bool = False,
                 sas: str = ""):
        self._prefix = f"/{account}" if path_style else ""
        self._sas = sas or azure_auth.account_sas(account, blobgate_daemon.ACCOUNTS[account])
        if path_style:
            self._connection = http.client.HTTPConnection(*daemon.address(), timeout=60)
        else:
            host = f"{account}.{blobgate_daemon.DFS_SUFFIX}"
            self._connection = http.client.HTTPSConnection(host, daemon.ports[True], timeout=60,
                                                           context=daemon.tls_context())

    def __call__(self, method: str, target: str, headers: dict[str, str] | None = None,
                 body: bytes = b"") -> Answer:
        target = self._prefix + target + ("&" if "?" in target else "?") + self._sas
        self._connection.request(method, target, body,
                                 {"x-ms-version": "2023-11-03", "Content-Length": str(len(body)),
                                  **(headers or {})})
        return Answer(self._connection.getresponse())

    # The few requests that tests of whole trees are made of; each answers its status.

    def mkdir(self, path: str) -> int:
        return self("PUT", f"/{path}?resource=directory", {"If-None-Match": "*"}).status

    def write(self, path: str, data: bytes) -> int:
        made = self("PUT", f"/{path}?resource=file").status
        if made != 201 or not data:
            return made
        return self("PATCH", f"/{path}?action=append&position=0&flush=true", body=data).status

    def rename(self, old: str, new: str) -> int:
        return self("PUT", f"/{new}", {"x-ms-rename-source": f"/{old}"}).status

    def delete(self, path: str, recursive: bool) -> int:
        return self("DELETE", f"/{path}?recursive={str(recursive).lower()}").status

    def tree(self, filesystem: str, page: int = 5000) -> list[tuple[str, bool]]:
        """Every path and whether it is a directory, as listed."""
        found: list[tuple[str, bool]] = []
        marker = ""
        while True:
            answer = self("GET", f"/{filesystem}?resource=filesystem&recursive=true"
                                 f"&maxResults={page}&continuation={marker}")
            assert answer.status == 200, answer.body
            found += [(entry["name"], entry.get("isDirectory") == "true")
                      for entry in answer.json()["paths"]]
            marker = answer.headers.get("x-ms-continuation", "")
            if not marker:
                return found
