#!/usr/bin/env python3
"""Kills the daemon under load, again and again, and looks for what it had acknowledged.

    tests/fault/kill_loop.py --cycles 50 [--seed N] [--writers N] [--seconds S]

Each writer owns its blobs, so it knows what a blob may hold: the last acknowledged state, or the
one state it was about to make when the daemon died. After each kill -9 and restart every blob is
read: one of the two, whole, with its Content-MD5, metadata and ETag, the same in the listing, or
the cycle failed. Now and then the daemon is killed again while it recovers. Intents and
acknowledgements are kept in this process, outside the daemon.

SIGINT or SIGTERM ends the run after the cycle that is on its way, with the same summary.

"lost" counts blobs that hold an older state than the last acknowledged one, "torn" those that hold
a state nobody ever wrote as a whole.
"""
from __future__ import annotations

import argparse
import base64
import collections
import dataclasses
import hashlib
import pathlib
import random
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import blob_client  # noqa: E402
import blobgate_daemon  # noqa: E402

CONTAINER = "kill"
NAMES = 12  # blobs of each writer
BLOCK_SIZE = 200_000
# Bytes; small ones more often: the number of acknowledgements at a kill is what finds faults.
SIZES = (0, 1, 100, 100, 1000, 4096, 4096, 20_000, 40_000, 300_000, 1_500_000)
CONTENT = random.Random(1).randbytes(4 << 20)  # what is written is a piece of this
RECOVERY_KILLS = 0.25  # part of the restarts that are cut short by another kill
RECOVERY_SECONDS = 0.1
# Small segments that are rewritten as soon as something in them is gone.
CONFIG = {"access_log": "off",
          "engine": {"segment_bytes": 16 << 20, "rewrite_live_percent": 90}}


@dataclasses.dataclass(frozen=True)
class State:
    """What a blob holds; all None if there is no blob. The ETag is None until acknowledged."""
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    mark: str | None = None
    etag: str | None = None

    def whole(self) -> State:
        """Without the ETag, which is the server's to choose."""
        return dataclasses.replace(self, etag=None)


GONE = State()


class Writer:
    """Blobs of one thread. `known` is acknowledged, `doubt` what was being written, `written` all
    states that were ever meant to be. `killing` is set before the daemon is killed: an error
    while it is not set is the daemon's."""

    def __init__(self, number: int, seed: int, killing: threading.Event):
        self.number = number
        self.random = random.Random(f"{seed}-{number}")
        self.killing = killing
        self.known: dict[str, State] = {}
        self.doubt: dict[str, State] = {}
        self.written: dict[str, set[State]] = collections.defaultdict(lambda: {GONE})
        self.acknowledged = 0
        self.problem = ""

    def names(self) -> list[str]:
        return [f"w{self.number}-{index}" for index in range(NAMES)]

    def _content(self) -> bytes:
        size = self.random.choice(SIZES)
        start = self.random.randrange(len(CONTENT) - size)
        return CONTENT[start:start + size]

    def _intend(self, name: str, state: State) -> None:
        self.doubt[name] = state
        self.written[name].add(state)

    def _step(self, client: blob_client.BlobClient) -> None:
        name = self.random.choice(self.names())
        action = self.random.choice(("put", "put", "put", "blocks", "delete", "metadata"))
        before = self.known.get(name, GONE)
        mark = f"{self.random.getrandbits(64):x}"
        if action in ("delete", "metadata") and before == GONE:
            action = "put"
        if action == "delete":
            self._intend(name, GONE)
            answer = client.expect(202, "DELETE", CONTAINER, name, retry=False)
        elif action == "metadata":
            self._intend(name, dataclasses.replace(before, mark=mark, etag=None))
            answer = client.expect(200, "PUT", CONTAINER, name, comp="metadata", retry=False,
                                   headers={"x-ms-meta-mark": mark})
        else:
            content = self._content()
            md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
            self._intend(name, State(len(content), hashlib.sha256(content).hexdigest(), md5, mark))
            answer = self._write(client, name, content, action)
        self.known[name] = dataclasses.replace(self.doubt.pop(name), etag=answer.headers["ETag"])
        self.acknowledged += 1

    def _write(self, client, name: str, content: bytes, action: str) -> blob_client.Response:
        intended = self.doubt[name]
        headers = {"x-ms-meta-mark": intended.mark, "x-ms-blob-content-md5": intended.md5}
        if action == "put":
            return client.put_blob(CONTAINER, name, content, headers, retry=False)
        ids = []
        for start in range(0, len(content), BLOCK_SIZE):  # an empty block is refused, as in Azure
            ids.append(base64.b64encode(f"{start:09}".encode()).decode())
            client.expect(201, "PUT", CONTAINER, name, body=content[start:start + BLOCK_SIZE],
                          comp="block", blockid=ids[-1], retry=False)
        return client.expect(201, "PUT", CONTAINER, name, body=blob_client.block_list_xml(ids),
                             headers=headers, comp="blocklist", retry=False)

    def run(self, client: blob_client.BlobClient) -> None:
        self.problem = ""
        try:
            while True:
                self._step(client)
        except blob_client.UnexpectedStatus as error:
            self.problem = str(error)
        except Exception as error:  # the daemon is gone; or else it closed without a reason
            if not self.killing.is_set():
                self.problem = f"before the kill: {type(error).__name__}: {error}"
        finally:
            client.close()


class Findings:
    """Of one cycle."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.lost = 0
        self.torn = 0


def state_of(client: blob_client.BlobClient, name: str) -> State:
    answer = client.expect((200, 404), "GET", CONTAINER, name)
    if answer.status == 404:
        return GONE
    size = int(answer.headers["Content-Length"])
    if size != len(answer.body):
        raise ValueError(f"{len(answer.body)} of {size} bytes")
    return State(size, hashlib.sha256(answer.body).hexdigest(), answer.headers["Content-MD5"],
                 answer.metadata.get("mark"), answer.headers["ETag"])


def is_allowed(found: State, known: State, doubt: State | None) -> bool:
    if found == known:
        return True
    return (doubt is not None and found.whole() == doubt
            and (found == GONE or found.etag != known.etag))


def verify_blob(client, writer: Writer, name: str, listed: dict, findings: Findings) -> None:
    known, doubt = writer.known.get(name, GONE), writer.doubt.pop(name, None)
    try:
        found = state_of(client, name)
    except Exception as error:  # unreadable is the worst finding, and the others are wanted too
        findings.torn += 1
        findings.problems.append(f"{name}: {type(error).__name__}: {error}")
        return
    if not is_allowed(found, known, doubt):
        older = found.whole() in writer.written[name] and found.whole() != known.whole()
        findings.lost, findings.torn = findings.lost + older, findings.torn + (not older)
        findings.problems.append(
            f"{name}: {'lost' if older else 'torn'}: found {found}, known {known}, doubt {doubt}")
    entry = listed.get(name, GONE)
    if entry != dataclasses.replace(found, sha256=None):
        findings.problems.append(f"{name}: the listing has {entry}, the blob {found}")
    writer.known[name] = found


def verify(client: blob_client.BlobClient, writers: list[Writer], findings: Findings) -> None:
    listed = {item.name: State(item.size, None, item.properties["Content-MD5"],
                               item.metadata.get("mark"), f'"{item.properties["Etag"]}"')
              for item in client.list_blobs(CONTAINER, include="metadata")}
    names = {name for writer in writers for name in writer.names()}
    for stranger in listed.keys() - names:
        findings.problems.append(f"{stranger}: listed, but never written")
    for writer in writers:
        if writer.problem:
            findings.problems.append(f"writer {writer.number}: {writer.problem}")
        for name in writer.names():
            verify_blob(client, writer, name, listed, findings)


def kill_in_recovery(daemon: blobgate_daemon.Daemon, seconds: float) -> bool:
    """Whether the kill came before the daemon was ready."""
    try:
        daemon.start(deadline=seconds)
    except RuntimeError:
        if daemon.exit_code() is not None:
            raise  # it ended by itself
        daemon.kill()
        return True
    daemon.kill()
    return False


class Loop:
    def __init__(self, daemon: blobgate_daemon.Daemon, seed: int, writers: int, seconds: float):
        self.daemon = daemon
        self.moments = random.Random(seed)
        self.seconds = seconds
        self.killing = threading.Event()
        self.writers = [Writer(number, seed, self.killing) for number in range(writers)]
        self.slowest = 0.0
        self.recovery_kills = 0

    def cycle(self) -> Findings:
        findings = Findings()
        self.killing.clear()
        threads = [threading.Thread(target=writer.run, args=(self.daemon.client(),))
                   for writer in self.writers]
        for thread in threads:
            thread.start()
        # The moment of the kill, not a wait for something.
        time.sleep(self.moments.uniform(0.05, self.seconds))
        if not self.daemon.is_alive():
            findings.problems.append(f"the daemon ended by itself: {self.daemon.exit_code()}")
        self.killing.set()
        self.daemon.kill()
        for thread in threads:
            thread.join()
        if self.moments.random() < RECOVERY_KILLS:
            self.recovery_kills += kill_in_recovery(
                self.daemon, self.moments.uniform(0, RECOVERY_SECONDS))
        self.daemon.start()
        self.slowest = max(self.slowest, self.daemon.ready_seconds)
        verify(self.daemon.client(), self.writers, findings)
        return findings


class Tally:
    """Of all cycles."""

    def __init__(self) -> None:
        self.cycles = self.passed = self.lost = self.torn = 0

    def add(self, findings: Findings) -> None:
        for problem in findings.problems:
            print(f"cycle {self.cycles}: {problem}", flush=True)
        self.cycles += 1
        self.passed += not findings.problems
        self.lost += findings.lost
        self.torn += findings.torn

    def summary(self, loop: Loop) -> str:
        total = sum(writer.acknowledged for writer in loop.writers)
        return (f"{self.cycles} cycles, {total} acknowledged writes, {self.lost} lost, "
                f"{self.torn} torn, longest restart {loop.slowest:.2f} s, "
                f"{loop.recovery_kills} kills in recovery")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.5, help="longest time before a kill")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    tally = Tally()
    with blobgate_daemon.Daemon(CONFIG) as daemon:
        daemon.client().create_container(CONTAINER)
        loop = Loop(daemon, arguments.seed, arguments.writers, arguments.seconds)
        while tally.cycles < arguments.cycles and not stop.is_set():
            tally.add(loop.cycle())
            if tally.cycles % 50 == 0 and tally.cycles < arguments.cycles:
                print(tally.summary(loop), flush=True)
        peak = daemon.memory_mib()
        code = daemon.stop()
    print(f"{tally.summary(loop)}, peak memory of the last run {peak:.0f} MiB, last stop {code}")
    print(f"{tally.passed} passed, {tally.cycles - tally.passed} failed")
    wrong = tally.passed < tally.cycles or not tally.passed or code != 0
    return 1 if wrong or not any(writer.acknowledged for writer in loop.writers) else 0


if __name__ == "__main__":
    sys.exit(main())
