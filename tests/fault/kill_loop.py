#!/usr/bin/env python3
"""Kills the daemon under load, again and again, and looks for what it had acknowledged.

    tests/fault/kill_loop.py --cycles 50 [--seed N] [--writers N] [--seconds S]

Each writer owns its blobs, so it knows what a blob may hold: the last acknowledged state, or the
one state it was about to make when the daemon died. After each kill -9 and restart every blob is
read: one of the two, whole, with its metadata, or the cycle failed. What intents and
acknowledgements there were is kept in this process, outside the daemon.
"""
from __future__ import annotations

import argparse
import base64
import hashlib
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import blob_client  # noqa: E402
import blobgate_daemon  # noqa: E402

CONTAINER = "kill"
NAMES = 12  # blobs of each writer
GONE = (None, None, None)


class Writer:
    """Blobs NAME-0.. of one thread. `known` is acknowledged, `doubt` what was being written."""

    def __init__(self, number: int, seed: int):
        self.number = number
        self.random = random.Random(f"{seed}-{number}")
        self.known: dict[str, tuple] = {}
        self.doubt: dict[str, tuple] = {}
        self.acknowledged = 0
        self.stop = False
        self.problem = ""

    def _content(self) -> bytes:
        size = self.random.choice((0, 1, 100, 4096, 40_000, 300_000, 1_500_000))
        return self.random.randbytes(size)

    def _step(self, client: blob_client.BlobClient) -> None:
        name = f"w{self.number}-{self.random.randrange(NAMES)}"
        action = self.random.choice(("put", "put", "put", "blocks", "delete", "metadata"))
        before = self.known.get(name, GONE)
        mark = f"{self.random.getrandbits(64):x}"
        if action in ("delete", "metadata") and before == GONE:
            action = "put"
        if action == "delete":
            self.doubt[name] = GONE
            client.expect(202, "DELETE", CONTAINER, name, retry=False)
        elif action == "metadata":
            self.doubt[name] = (before[0], before[1], mark)
            client.expect(200, "PUT", CONTAINER, name, comp="metadata", retry=False,
                          headers={"x-ms-meta-mark": mark})
        else:
            content = self._content()
            digest = hashlib.sha256(content).hexdigest()
            self.doubt[name] = (len(content), digest, mark)
            self._write(client, name, content, mark, action)
        self.known[name] = self.doubt.pop(name)
        self.acknowledged += 1

    def _write(self, client, name: str, content: bytes, mark: str, action: str) -> None:
        headers = {"x-ms-meta-mark": mark}
        if action == "put":
            client.put_blob(CONTAINER, name, content, headers, retry=False)
            return
        ids = []
        for start in range(0, len(content), 200_000):  # an empty block is refused, as in Azure
            ids.append(base64.b64encode(f"{start:09}".encode()).decode())
            client.expect(201, "PUT", CONTAINER, name, body=content[start:start + 200_000],
                          comp="block", blockid=ids[-1], retry=False)
        client.expect(201, "PUT", CONTAINER, name, body=blob_client.block_list_xml(ids),
                      headers=headers, comp="blocklist", retry=False)

    def run(self, client: blob_client.BlobClient) -> None:
        while not self.stop:
            try:
                self._step(client)
            except blob_client.UnexpectedStatus as error:
                self.problem = str(error)
                return
            except Exception:  # the daemon is gone
                return


def state_of(client: blob_client.BlobClient, name: str) -> tuple:
    answer = client.expect((200, 404), "GET", CONTAINER, name)
    if answer.status == 404:
        return GONE
    size = int(answer.headers["Content-Length"])
    if size != len(answer.body):
        return ("short", size, len(answer.body))
    return (size, hashlib.sha256(answer.body).hexdigest(), answer.metadata.get("mark"))


def verify(client: blob_client.BlobClient, writers: list[Writer]) -> list[str]:
    problems = []
    listed = {item.name: item.size for item in client.list_blobs(CONTAINER)}
    for writer in writers:
        if writer.problem:
            problems.append(f"writer {writer.number}: {writer.problem}")
        for index in range(NAMES):
            name = f"w{writer.number}-{index}"
            found = state_of(client, name)
            allowed = [writer.known.get(name, GONE)]
            if name in writer.doubt:
                allowed.append(writer.doubt.pop(name))
            if found not in allowed:
                problems.append(f"{name}: found {found}, allowed {allowed}")
            if (name in listed) != (found != GONE):
                problems.append(f"{name}: the listing and the blob differ")
            writer.known[name] = found
    return problems


def cycle(daemon: blobgate_daemon.Daemon, writers: list[Writer], seconds: float) -> list[str]:
    threads = [threading.Thread(target=w.run, args=(daemon.client(),)) for w in writers]
    for thread in threads:
        thread.start()
    time.sleep(seconds)  # the moment of the kill, not a wait for something
    daemon.kill()
    for thread in threads:
        thread.join()
    daemon.start()
    return verify(daemon.client(), writers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.5, help="longest time before a kill")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    moments = random.Random(arguments.seed)
    writers = [Writer(number, arguments.seed) for number in range(arguments.writers)]
    passed = failed = 0
    slowest = 0.0
    with blobgate_daemon.Daemon({"access_log": "off"}) as daemon:
        daemon.client().create_container(CONTAINER)
        for number in range(arguments.cycles):
            problems = cycle(daemon, writers, moments.uniform(0.05, arguments.seconds))
            slowest = max(slowest, daemon.ready_seconds)
            passed, failed = passed + (not problems), failed + bool(problems)
            for problem in problems:
                print(f"cycle {number}: {problem}", flush=True)
        peak = daemon.memory_mib()
        code = daemon.stop()
    total = sum(writer.acknowledged for writer in writers)
    print(f"{arguments.cycles} kills, {total} acknowledged writes, slowest restart {slowest:.2f} s, "
          f"peak memory of the last run {peak:.0f} MiB, last stop {code}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed or code != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
