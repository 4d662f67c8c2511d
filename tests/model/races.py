#!/usr/bin/env python3
"""Races of 64 clients for one thing that only one may have, against a real daemon.

    tests/model/races.py --races 100000 [--kinds put-blob,put-block-list,...]

put-blob        Put Blob with If-None-Match: *        one 201, the others 409 BlobAlreadyExists
put-block-list  Put Block List with If-None-Match: *  the same; each commits a block of its own
update          Put Blob with If-Match: the ETag      one 201, the others 412 ConditionNotMet
metadata        Set Blob Metadata with If-Match       one 200, the others 412 ConditionNotMet
lease           Lease Blob: acquire, own proposed id  one 201, the others 409 LeaseAlreadyPresent
container       Create Container                      one 201, the others 409 ContainerAlreadyExists
delete          Delete Blob                           one 202, the others 404 BlobNotFound
read            Put Blob against Get Blob             each read is one write, whole, with its ETag
block-lists     Put Block List, Get Block List        a block is always in exactly one list

--races is the number of the first kind; the others get a tenth of it, those in which the daemon
has to take one step after the other (container, read) a hundredth. After each race the
store must hold what the winner wrote, whole, with the ETag the winner was told. At the end the
daemon is killed and the ETags of all winners of the first two kinds are compared with a listing.

The clients are connections: all 64 requests of a race are sent before any answer is read. Requests
are rendered once, but for the number in the name.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import select
import socket
import sys
import time
import typing

import wire  # first: it finds tests/support
import blobgate_daemon
from blob_model import Operation

CLIENTS = 64
CONTAINER = "races"
NUMBER = b"00000000"  # stands for the number of the race in a rendered request
ACCOUNT = "acct1"
PATIENCE = 600.0  # seconds without any answer, and the daemon hangs


@dataclasses.dataclass(frozen=True)
class Reply:
    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """Of a header that is there; `name` as the daemon writes it."""
        start = self.head.index(b"\r\n" + name + b": ") + len(name) + 4
        return self.head[start:self.head.index(b"\r\n", start)]

    @property
    def outcome(self) -> str:
        code = self.header(b"x-ms-error-code").decode() if self.status >= 300 else ""
        return f"{self.status} {code}".rstrip()


class Violation(Exception):
    """A race that did not end as it must."""


Requests = list[bytes]
Steps = typing.Generator[Requests, list[Reply], None]


# The races. Each yields requests, one for each of the first clients, and is sent the replies.


class Field:
    """What all races need: where the daemon is, and what was won."""

    def __init__(self, endpoint: wire.Endpoint):
        self._endpoint = endpoint
        self.etags: dict[str, str] = {}  # of blobs that must be there at the end
        self.outcomes: collections.Counter[str] = collections.Counter()

    def render(self, name: str, blob: str = "", **fields) -> bytes:
        container = fields.pop("container", CONTAINER)
        return self._endpoint.render(Operation(name, container, blob, **fields))

    def winner(self, replies: list[Reply], won: int, lost: str) -> int:
        outcomes = collections.Counter(reply.outcome for reply in replies)
        self.outcomes += outcomes
        if outcomes != {str(won): 1, lost: len(replies) - 1}:
            raise Violation(f"{dict(outcomes)} instead of one {won} and the others {lost}")
        return next(i for i, reply in enumerate(replies) if reply.status == won)

    def expect(self, reply: Reply, status: int) -> None:
        if reply.status != status:
            raise Violation(f"{reply.outcome} instead of {status}")

    def check_content(self, reply: Reply, client: int, etag: bytes, content: bytes) -> None:
        self.expect(reply, 200)
        if reply.body != content or reply.header(b"x-ms-meta-client") != b"%d" % client:
            raise Violation(f"client {client} won, but the blob is not what it wrote")
        if reply.header(b"ETag") != etag:
            raise Violation(f"the ETag is {reply.header(b'ETag')!r}; the winner was told {etag!r}")


def numbered(request: bytes, number: int) -> bytes:
    return request.replace(NUMBER, b"%08d" % number, 1)


def content_of(client: int) -> bytes:
    return b"client %02d;" % client * (20 + client)


def mark(client: int, **headers: str) -> dict[str, str]:
    return {"x-ms-meta-client": str(client), **headers}


def put_blob(field: Field, races: typing.Iterator[int]) -> Steps:
    puts = [field.render("Put Blob", "put-00000000", data=content_of(client),
                         headers=mark(client, **{"if-none-match": "*"}))
            for client in range(CLIENTS)]
    get = field.render("Get Blob", "put-00000000")
    for number in races:
        replies = yield [numbered(put, number) for put in puts]
        client = field.winner(replies, 201, "409 BlobAlreadyExists")
        etag = replies[client].header(b"ETag")
        (read,) = yield [numbered(get, number)]
        field.check_content(read, client, etag, content_of(client))
        field.etags[f"put-{number:08d}"] = etag.decode()


def put_block_list(field: Field, races: typing.Iterator[int]) -> Steps:
    name = "list-00000000"
    ids = [f"{client:04d}" for client in range(CLIENTS)]
    blocks = [field.render("Put Block", name, query={"blockid": ids[client]},
                           data=content_of(client)) for client in range(CLIENTS)]
    lists = [field.render("Put Block List", name, data=[("Latest", ids[client])],
                          headers=mark(client, **{"if-none-match": "*"}))
             for client in range(CLIENTS)]
    get = field.render("Get Blob", name)
    for number in races:
        for reply in (yield [numbered(block, number) for block in blocks]):
            field.expect(reply, 201)
        replies = yield [numbered(commit, number) for commit in lists]
        client = field.winner(replies, 201, "409 BlobAlreadyExists")
        etag = replies[client].header(b"ETag")
        (read,) = yield [numbered(get, number)]
        field.check_content(read, client, etag, content_of(client))
        field.etags[f"list-{number:08d}"] = etag.decode()


def update(field: Field, races: typing.Iterator[int]) -> Steps:
    return _updates(field, races, "Put Blob", 201)


def metadata(field: Field, races: typing.Iterator[int]) -> Steps:
    return _updates(field, races, "Set Blob Metadata", 200)


def _updates(field: Field, races: typing.Iterator[int], name: str, won: int) -> Steps:
    old = NUMBER.decode()
    blob = name.replace(" ", "-")
    (first,) = yield [field.render("Put Blob", blob, data=b"first")]
    etag, content = first.header(b"ETag"), b"first"
    requests = [field.render(name, blob, headers=mark(client, **{"if-match": old}),
                             data=content_of(client) if name == "Put Blob" else b"")
                for client in range(CLIENTS)]
    get = field.render("Get Blob", blob)
    for _ in races:
        replies = yield [request.replace(NUMBER, etag, 1) for request in requests]
        client = field.winner(replies, won, "412 ConditionNotMet")
        etag = replies[client].header(b"ETag")
        if name == "Put Blob":
            content = content_of(client)
        (read,) = yield [get]
        field.check_content(read, client, etag, content)


def lease(field: Field, races: typing.Iterator[int]) -> Steps:
    blob = "leased"
    (first,) = yield [field.render("Put Blob", blob)]
    field.expect(first, 201)
    ids = [f"00000000-0000-0000-0000-{client:012d}" for client in range(CLIENTS)]
    acquires = [field.render("Lease Blob", blob, headers={
        "x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1",
        "x-ms-proposed-lease-id": ids[client]}) for client in range(CLIENTS)]
    releases = [field.render("Lease Blob", blob, headers={
        "x-ms-lease-action": "release", "x-ms-lease-id": ids[client]})
        for client in range(CLIENTS)]
    for _ in races:
        replies = yield acquires
        client = field.winner(replies, 201, "409 LeaseAlreadyPresent")
        if replies[client].header(b"x-ms-lease-id").decode() != ids[client]:
            raise Violation(f"client {client} was given the lease of another")
        (released,) = yield [releases[client]]
        field.expect(released, 200)


def container(field: Field, races: typing.Iterator[int]) -> Steps:
    name = "race-00000000"
    creates = [field.render("Create Container", container=name, headers=mark(client))
               for client in range(CLIENTS)]
    look = field.render("Get Container Metadata", container=name)
    delete = field.render("Delete Container", container=name)
    for number in races:
        replies = yield [numbered(create, number) for create in creates]
        client = field.winner(replies, 201, "409 ContainerAlreadyExists")
        (found,) = yield [numbered(look, number)]
        field.check_content(Reply(found.status, found.head, b""), client,
                            replies[client].header(b"ETag"), b"")
        (deleted,) = yield [numbered(delete, number)]
        field.expect(deleted, 202)


def delete(field: Field, races: typing.Iterator[int]) -> Steps:
    put = field.render("Put Blob", "deleted", data=b"x" * 100)
    deletes = [field.render("Delete Blob", "deleted")] * CLIENTS
    for _ in races:
        (made,) = yield [put]
        field.expect(made, 201)
        field.winner((yield deletes), 202, "404 BlobNotFound")


def read(field: Field, races: typing.Iterator[int]) -> Steps:
    writers = CLIENTS // 2
    puts = [field.render("Put Blob", "read", data=content_of(client), headers=mark(client))
            for client in range(writers)]
    get = field.render("Get Blob", "read")
    (first,) = yield puts[:1]
    written = {first.header(b"ETag"): 0}
    for _ in races:
        replies = yield puts + [get] * (CLIENTS - writers)
        for client, reply in enumerate(replies[:writers]):
            field.expect(reply, 201)
            written[reply.header(b"ETag")] = client
        for reply in replies[writers:]:
            client = written.get(reply.header(b"ETag"))
            if client is None:
                raise Violation(f"the ETag {reply.header(b'ETag')!r} was told to no writer")
            field.check_content(reply, client, reply.header(b"ETag"), content_of(client))
        field.outcomes["read"] += CLIENTS - writers
        field.outcomes["written"] += writers
        # What an earlier race wrote cannot be read in a later one, but for its last write.
        (last,) = yield [get]
        written = {last.header(b"ETag"): written[last.header(b"ETag")]}


def block_lists(field: Field, races: typing.Iterator[int]) -> Steps:
    name = "seen-00000000"
    block = field.render("Put Block", name, query={"blockid": "AAAA"}, data=b"x")
    commit = field.render("Put Block List", name, data=[("Latest", "AAAA")])
    look = field.render("Get Block List", name, query={"blocklisttype": "all"})
    for number in races:
        (staged,) = yield [numbered(block, number)]
        field.expect(staged, 201)
        half = [numbered(look, number)] * (CLIENTS // 2)
        replies = yield [*half, numbered(commit, number), *half[1:]]
        for reply in replies:
            if reply.status == 200:
                if reply.body.count(b"<Name>AAAA</Name>") != 1:
                    raise Violation(f"the lists are {reply.body!r}")
            else:
                field.expect(reply, 201)
            field.outcomes[reply.outcome] += 1


SHARES = {"put-blob": 1, "container": 100, "read": 100}  # of --races: one in so many; else in 10
KINDS: dict[str, typing.Callable[[Field, typing.Iterator[int]], Steps]] = {
    "put-blob": put_blob, "put-block-list": put_block_list, "update": update,
    "metadata": metadata, "lease": lease, "container": container, "delete": delete,
    "read": read, "block-lists": block_lists}


# Driving them.


class Group:
    """64 connections that run one race after the other."""

    def __init__(self, address: tuple[str, int]):
        self.sockets = []
        for _ in range(CLIENTS):
            connection = socket.create_connection(address, timeout=PATIENCE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets.append(connection)
        self._buffers = [b""] * CLIENTS
        self._replies: list[Reply | None] = []
        self._missing = 0
        self._steps: Steps | None = None

    def begin(self, steps: Steps) -> None:
        self._steps = steps
        self._send(next(steps, []))

    @property
    def is_done(self) -> bool:
        return self._missing == 0

    def _send(self, requests: Requests) -> None:
        self._replies, self._missing = [None] * len(requests), len(requests)
        for connection, request in zip(self.sockets, requests):
            connection.sendall(request)

    def readable(self, client: int) -> None:
        data = self.sockets[client].recv(65536)
        if not data:
            raise Violation("the daemon closed a connection")
        buffer = self._buffers[client] + data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            self._buffers[client] = buffer
            return
        status = int(buffer[9:12])
        size = 0 if status == 204 else _content_length(buffer, end)
        if len(buffer) < end + 4 + size:
            self._buffers[client] = buffer
            return
        self._buffers[client] = b""
        self._replies[client] = Reply(status, buffer[:end + 2], buffer[end + 4:])
        self._missing -= 1
        if self._missing == 0:
            try:
                self._send(self._steps.send(self._replies))
            except StopIteration:
                pass

    def close(self) -> None:
        for connection in self.sockets:
            connection.close()


def _content_length(buffer: bytes, end: int) -> int:
    start = buffer.index(b"\r\nContent-Length: ", 0, end + 2) + 18
    return int(buffer[start:buffer.index(b"\r\n", start)])


def drive(groups: list[Group], steps: list[Steps]) -> None:
    """Runs each of `steps` on a group of its own, all at once. Violation ends it."""
    poll = select.epoll()
    places = {}
    for group in groups:
        for client, connection in enumerate(group.sockets):
            poll.register(connection.fileno(), select.EPOLLIN)
            places[connection.fileno()] = (group, client)
    for group, step in zip(groups, steps):
        group.begin(step)
    while not all(group.is_done for group in groups):
        events = poll.poll(PATIENCE)
        if not events:
            raise Violation(f"no answer in {PATIENCE} s")
        for descriptor, _ in events:
            group, client = places[descriptor]
            group.readable(client)
    poll.close()


def run_kind(kind: str, count: int, field: Field, address: tuple[str, int], groups: int) -> bool:
    """Groups share the races of a kind, unless the kind has one blob that all fight for."""
    done = 0

    def numbers() -> typing.Iterator[int]:
        nonlocal done
        for _ in iter(lambda: done < count, False):
            done += 1
            yield done

    shares = kind in ("put-blob", "put-block-list", "container")
    used = [Group(address) for _ in range(groups if shares else 1)]
    began = time.monotonic()
    field.outcomes.clear()
    try:
        drive(used, [KINDS[kind](field, numbers()) for _ in used])
    except Violation as violation:
        print(f"FAIL {kind}, about race {done}: {violation}", flush=True)
        return False
    finally:
        for group in used:
            group.close()
    seconds = time.monotonic() - began
    requests = field.outcomes.total()
    print(f"PASS {kind}: {done} races, {dict(field.outcomes)}, {seconds:.1f} s, "
          f"{done / seconds:.0f} races/s, {requests / seconds:.0f} requests/s", flush=True)
    return done == count


def check_listing(daemon: blobgate_daemon.Daemon, field: Field) -> bool:
    """After kill -9: what the winners were told is what is there."""
    daemon.kill()
    daemon.start()
    found = {item.name: f'"{item.properties["Etag"]}"'
             for prefix in ("put-", "list-")
             for item in daemon.client(ACCOUNT).list_blobs(CONTAINER, prefix=prefix)}
    if found == field.etags:
        print(f"PASS after kill -9: {len(found)} blobs of winners, with their ETags")
        return True
    wrong = {name for name in found.keys() | field.etags.keys()
             if found.get(name) != field.etags.get(name)}
    print(f"FAIL after kill -9: {len(wrong)} blobs are missing or different: {sorted(wrong)[:5]}")
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=2000)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--groups", type=int, default=2, help="races at a time, 64 clients each")
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    limits = {"head_timeout": 3600, "body_timeout": 3600, "idle_timeout": 86400}
    with blobgate_daemon.Daemon({"access_log": "off", "log_level": "warn",
                                 "limits": limits}) as daemon:
        daemon.client(ACCOUNT).create_container(CONTAINER)
        field = Field(wire.Endpoint(daemon.address(), ACCOUNT, blobgate_daemon.ACCOUNTS[ACCOUNT]))
        results = [run_kind(kind, max(1, arguments.races // SHARES.get(kind, 10)), field,
                            daemon.address(), arguments.groups) for kind in kinds]
        results.append(check_listing(daemon, field))
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
