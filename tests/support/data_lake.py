"""The Data Lake SDK against a daemon of ours: host style over HTTPS, names resolved in this
process."""
from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from azure.storage.blob import BlobServiceClient
from azure.storage.filedatalake import DataLakeServiceClient

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


def service(daemon: blobgate_daemon.Daemon, account: str = "tree", credential=None,
            **options) -> DataLakeServiceClient:
    return DataLakeServiceClient(daemon.url(account, dfs=True),
                                 credential or blobgate_daemon.ACCOUNTS[account],
                                 connection_verify=str(daemon.ca_file), retry_total=0, **options)


def blob_service(daemon: blobgate_daemon.Daemon, account: str = "tree") -> BlobServiceClient:
    return BlobServiceClient(daemon.url(account), blobgate_daemon.ACCOUNTS[account],
                             connection_verify=str(daemon.ca_file), retry_total=0)
