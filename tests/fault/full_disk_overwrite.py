"""Overwrites half of a file system, over and over: the space of the old content must come back as
fast as the new content arrives, so that no write is ever refused."""
from __future__ import annotations

import hashlib
import http.client
import random
import threading

from full_disk_writer import CONTAINER, stored_length

MIB = 1 << 20
SIZES = (4_000, 60_000, 400_000, 1_500_000, 6_000_000)
BLOCK_SIZE = 1_000_000


class Overwriter:
    """Blobs of one thread, `share` bytes of the disk together."""

    def __init__(self, number: int, seed: int, share: int):
        self.random = random.Random(f"{seed}-{number}")
        self.number = number
        self.sizes: list[int] = []
        self.digests: dict[int, str] = {}
        self.problems: list[str] = []
        self.written = 0
        left = share
        while left > 0:
            self.sizes.append(self.random.choice(SIZES))
            left -= stored_length(self.sizes[-1])

    def round(self, client) -> None:
        try:
            for index in self.random.sample(range(len(self.sizes)), len(self.sizes)):
                self._overwrite(client, index)
        except Exception as error:  # a refusal above all
            self.problems.append(f"{type(error).__name__}: {error}")
        finally:
            client.close()

    def _overwrite(self, client, index: int) -> None:
        body = self.random.randbytes(self.sizes[index])
        name = f"w{self.number}-{index:06}"
        if len(body) > BLOCK_SIZE and self.random.random() < 0.3:
            client.put_blocks(CONTAINER, name, [body[at:at + BLOCK_SIZE]
                                                for at in range(0, len(body), BLOCK_SIZE)])
        else:
            client.put_blob(CONTAINER, name, body)
        self.digests[index] = hashlib.sha256(body).hexdigest()
        self.written += len(body)

    def verify(self, client) -> None:
        for index, digest in self.digests.items():
            found = client.get(CONTAINER, f"w{self.number}-{index:06}")
            if hashlib.sha256(found).hexdigest() != digest:
                self.problems.append(f"blob {index} of writer {self.number} is not the last one")


class SlowReader:
    """Downloads one blob slowly, over and over: the space of others must not wait for it."""

    NAME = "slow"
    SIZE = 24 * MIB
    PIECE = 64 * 1024
    PAUSE = 0.1  # seconds between two pieces: the pace of the client, not a wait

    def __init__(self, client) -> None:
        self._client = client
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.problem = ""
        client.put_blob(CONTAINER, self.NAME, bytes(self.SIZE))
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._download()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.problem = f"slow reader: {type(error).__name__}: {error}"

    def _download(self) -> None:
        connection = http.client.HTTPConnection(*self._client.address, timeout=60)
        target = self._client.target(CONTAINER, self.NAME)
        connection.request("GET", target,
                           headers=self._client.signed_headers("GET", target, None, 0))
        answer = connection.getresponse()
        size = 0
        while piece := answer.read(self.PIECE):
            size += len(piece)
            if self._stop.wait(self.PAUSE):
                break
        else:
            if size != self.SIZE:
                raise ValueError(f"{answer.status}, {size} bytes")
        connection.close()

    def end(self) -> str:
        self._stop.set()
        self._thread.join()
        return self.problem


def run(volume, daemon, arguments) -> int:
    live = (arguments.live_mib or volume.size // MIB // 2) * MIB
    writers = [Overwriter(number, arguments.seed, live // arguments.writers)
               for number in range(arguments.writers)]
    passed = failed = 0
    reader = SlowReader(daemon.client())
    least = volume.free()
    for number in range(1 + arguments.rounds):  # the first one fills
        threads = [threading.Thread(target=writer.round, args=(daemon.client(),))
                   for writer in writers]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.1)
                least = min(least, volume.free())
        problems = [problem for writer in writers for problem in writer.problems]
        for writer in writers:
            writer.problems = []
        passed, failed = passed + (not problems), failed + bool(problems)
        for problem in problems:
            print(f"round {number}: {problem}", flush=True)
    last = [reader.end()]
    for writer in writers:
        writer.verify(daemon.client())
        last += writer.problems
    for problem in filter(None, last):
        failed += 1
        print(problem)
    code = daemon.stop()
    written = sum(writer.written for writer in writers)
    print(f"{arguments.rounds} rounds over {live / MIB:.0f} MiB on {volume.size / MIB:.0f} MiB, "
          f"{written / MIB:.0f} MiB written, least free {least / MIB:.0f} MiB, last stop {code}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed or code != 0 else 0
