"""Clients that take their answers slowly: the bytes are right, and no memory waits for them."""
import base64
import concurrent.futures
import hashlib
import os
import random
import resource
import socket
import time

import blob_client
import blobgate_daemon
import pytest

KIB, MIB = 1 << 10, 1 << 20
KEY = os.urandom(32)
CUSTOMER_KEY = {
    "x-ms-encryption-key": base64.b64encode(KEY).decode(),
    "x-ms-encryption-key-sha256": base64.b64encode(hashlib.sha256(KEY).digest()).decode(),
    "x-ms-encryption-algorithm": "AES256"}


@pytest.fixture(scope="module")
def served():
    with blobgate_daemon.Daemon({"limits": {"max_connections": 10_000}}) as daemon:
        daemon.client().create_container("con")
        yield daemon


def head_of(daemon, name: str, headers: dict[str, str]) -> bytes:
    lines = [f"GET /acct1/con/{name}?{daemon.account_sas()} HTTP/1.1", "Host: x",
             "x-ms-version: 2021-12-02", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def connect(daemon, tls: bool) -> socket.socket:
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
    plain.settimeout(60)
    plain.connect(daemon.address(tls))
    return daemon.tls_context().wrap_socket(plain, server_hostname="localhost") if tls else plain


def read_slowly(daemon, name: str, headers: dict[str, str], tls: bool, seed: int) -> bytes:
    """In steps of random sizes, with pauses that let every buffer on the way fill up."""
    pick = random.Random(seed)
    with connect(daemon, tls) as client:
        client.sendall(head_of(daemon, name, headers))
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(4 * KIB)
        head, _, body = data.partition(b"\r\n\r\n")
        assert head.split()[1] in (b"200", b"206"), head
        length = int(next(line.split(b":")[1] for line in head.split(b"\r\n")
                          if line.lower().startswith(b"content-length")))
        parts, got = [body], len(body)
        while got < length:
            if pick.random() < 0.02:
                time.sleep(pick.random() * 0.1)
            part = client.recv(min(length - got, pick.choice((1, 100, 4 * KIB, 64 * KIB, MIB))))
            assert part, f"ended after {got} of {length}"
            parts.append(part)
            got += len(part)
        return b"".join(parts)


def put_blocks(client, name: str, sizes: list[int], headers: dict[str, str]) -> bytes:
    content = b""
    ids = []
    for index, size in enumerate(sizes):
        part = os.urandom(size)
        ids.append(blob_client.block_id(index))
        client.expect(201, "PUT", "con", name, body=part, comp="block", blockid=ids[-1],
                      headers=headers)
        content += part
    client.expect(201, "PUT", "con", name, body=blob_client.block_list_xml(ids), comp="blocklist",
                  headers=headers)
    return content


@pytest.mark.parametrize("tls,key", [(False, {}), (True, {}), (True, CUSTOMER_KEY)],
                         ids=["http", "https", "https, encrypted"])
def test_the_bytes_are_right(served, tls, key):
    """Blocks of all sizes, so that what goes back crosses their borders."""
    pick = random.Random(7)
    sizes = [pick.choice((1, 1000, 32 * KIB, 32 * KIB + 1, 100_000, MIB, 3 * MIB + 5))
             for _ in range(24)]
    name = f"slow-{tls}-{bool(key)}"
    content = put_blocks(served.client(tls=tls), name, sizes, key)
    begin, end = len(content) // 3, len(content) - 77
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        whole = [pool.submit(read_slowly, served, name, key, tls, seed) for seed in range(6)]
        part = [pool.submit(read_slowly, served, name,
                            {**key, "x-ms-range": f"bytes={begin}-{end}"}, tls, seed)
                for seed in range(6)]
        assert all(future.result() == content for future in whole)
        assert all(future.result() == content[begin:end + 1] for future in part)


def test_pages(served):
    client = served.client()
    pages = os.urandom(4 * MIB)
    client.expect(201, "PUT", "con", "pages", headers={
        "x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": str(16 * MIB)})
    client.expect(201, "PUT", "con", "pages", body=pages, comp="page", headers={
        "x-ms-page-write": "update", "x-ms-range": f"bytes={2 * MIB}-{6 * MIB - 1}"})
    content = bytes(2 * MIB) + pages + bytes(10 * MIB)
    assert read_slowly(served, "pages", {}, False, 1) == content


def test_what_is_overwritten_meanwhile(served):
    """A slow reader has the state that it began with, to the end."""
    client = served.client()
    first = os.urandom(12 * MIB)
    client.put_blob("con", "changed", first)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(read_slowly, served, "changed", {}, False, seed)
                   for seed in range(4)]
        for _ in range(20):
            client.put_blob("con", "changed", os.urandom(MIB))
            time.sleep(0.02)
        for future in reading:
            got = future.result()
            assert got == first or len(got) == MIB


def test_slow_is_not_stuck():
    """Who takes little goes on, though nothing can be sent for longer than body_timeout; who takes
    nothing is cut."""
    with blobgate_daemon.Daemon({"limits": {"body_timeout": 2}}) as daemon:
        daemon.client().create_container("con")
        content = os.urandom(32 * MIB)
        daemon.client().put_blob("con", "b", content)
        with connect(daemon, False) as slow, connect(daemon, False) as stuck:
            for client in (slow, stuck):
                client.sendall(head_of(daemon, "b", {}))
            data = bytearray()
            ends = time.monotonic() + 9
            while time.monotonic() < ends:
                data += slow.recv(2 * KIB)
                time.sleep(0.1)
            whole = data.index(b"\r\n\r\n") + 4 + len(content)
            while len(data) < whole:
                assert (part := slow.recv(MIB)), f"ended after {len(data)}"
                data += part
            assert data[-len(content):] == content
            got = 0
            with pytest.raises(ConnectionResetError):
                while part := stuck.recv(MIB):
                    got += len(part)
                raise ConnectionResetError  # ended in order, after what was on the way
            assert got < len(content)


def test_no_memory_waits_for_them(served):
    """2,000 that read nothing: a piece of 256 KiB for each would be 500 MiB."""
    count = 2_000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    client = served.client()
    client.put_blob("con", "large", os.urandom(16 * MIB))
    before = served.memory_mib("VmRSS")
    stuck = []
    try:
        for _ in range(count):
            stuck.append(connect(served, False))
            stuck[-1].sendall(head_of(served, "large", {}))
        for one in stuck:  # everybody's answer has begun
            one.recv(1, socket.MSG_PEEK)
        time.sleep(1)
        grown = served.memory_mib("VmRSS") - before
        assert client.get("con", "large")[:1] != b"" and grown < 256, f"{grown} MiB"
    finally:
        for one in stuck:
            one.close()
