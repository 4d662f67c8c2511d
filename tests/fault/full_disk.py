#!/usr/bin/env python3
"""Fills the disk of the real daemon, again and again.

    tests/fault/full_disk.py --cycles 100 [--seed N] [--writers N] [--mib SIZE] [--no-azcopy]
    tests/fault/full_disk.py --overwrite [--mib SIZE] [--live-mib SIZE] [--rounds N]

The store lies on a loop file system of its own (root needed). A cycle: writers upload blobs and
blocks until nothing more is taken; every refusal must be the error that clients report at once;
everything acknowledged is read back and listed; reads, deletes and refused uploads go on together,
and in some cycles end with kill -9 or a restart, or somebody else takes the last free block of the
disk first. Then part or all of it is deleted: an upload must be taken right away, and the space
must be back on the file system. In the last cycle AzCopy uploads to the full store and must end.

--overwrite instead keeps overwriting blobs that fill half of the file system: no write may be
refused (10 GiB on 20 GiB: --mib 20480 --live-mib 10240).
"""
from __future__ import annotations

import argparse
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import blobgate_daemon  # noqa: E402
import full_disk_azcopy  # noqa: E402
import full_disk_overwrite  # noqa: E402
import loop_volume  # noqa: E402
from full_disk_writer import CONTAINER, Writer  # noqa: E402

MIB = loop_volume.MIB
CHURN_STEPS = 40
SPACE_DEADLINE = 30.0
# What may stay taken besides live content: extents that wait for the next pass of the reclaimer.
SEGMENT_SLACK = 4 * MIB
CATALOG_LIMIT = 160 * MIB  # log, tables, and what compaction needs for a while
ENDINGS = ("none", "none", "kill", "restart", "stuff", "stuff-kill", "stuff-restart")


class FullDisk:
    def __init__(self, volume: loop_volume.LoopVolume, daemon: blobgate_daemon.Daemon, seed: int,
                 writers: int):
        self.volume = volume
        self.daemon = daemon
        self.random = random.Random(seed)
        self.killing = threading.Event()
        self.writers = [Writer(number, seed, self.killing) for number in range(writers)]
        self.overhead = volume.used() - loop_volume.allocated(volume.path)
        self.kills = self.restarts = self.stuffed = self.deleted = 0
        self.slowest = 0.0

    # Steps of a cycle.

    def _each(self, work) -> None:
        """`work(writer, client)` for all writers at the same time."""
        threads = [threading.Thread(target=work, args=(writer, self.daemon.client()))
                   for writer in self.writers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def fill(self) -> None:
        self._each(lambda writer, client: writer.fill(client))

    def verify(self, problems: list[str]) -> None:
        self._each(lambda writer, client: writer.verify_all(client))
        listed = {item.name: item.size for item in self.daemon.client().list_blobs(CONTAINER)}
        known = {name: content.size for writer in self.writers
                 for name, content in writer.known.items()}
        if listed != known:
            differing = sorted(set(listed.items()) ^ set(known.items()))
            problems.append(f"the listing differs: {differing[:10]}")

    def churn(self, ending: str) -> None:
        if ending.endswith("kill"):
            timer = threading.Timer(self.random.uniform(0.05, 1.0), self._kill)
            timer.start()
            self._each(lambda writer, client: writer.churn(client, 100 * CHURN_STEPS))
            timer.join()
        else:
            self._each(lambda writer, client: writer.churn(client, CHURN_STEPS))

    def _kill(self) -> None:
        self.killing.set()
        self.daemon.kill()
        self.kills += 1

    def start_again(self, ending: str, problems: list[str]) -> None:
        if ending.endswith("restart"):
            self.restarts += 1
            code = self.daemon.stop()
            if code != 0:
                problems.append(f"the stop of a full store ended with {code}")
        if ending.endswith(("restart", "kill")):
            self.daemon.start()
            self.killing.clear()
            self.slowest = max(self.slowest, self.daemon.ready_seconds)

    def delete(self, part: float) -> None:
        def work(writer: Writer, client) -> None:
            writer.drop_staged(client)
            for name in list(writer.known):
                if self.random.random() < part:
                    writer.delete(client, name)
                    self.deleted += 1
        self._each(lambda writer, client: writer._guarded(client, lambda: work(writer, client)))

    def resume(self, problems: list[str]) -> None:
        """What was deleted makes room at once: the first upload is taken."""
        client = self.daemon.client()
        for size in (100, 2 * MIB):
            answer = client.request("PUT", CONTAINER, "resumed", body=bytes(size),
                                    headers={"x-ms-blob-type": "BlockBlob"})
            if answer.status != 201:
                problems.append(f"after the deletes {size} bytes are refused: {answer.status} "
                                f"{answer.error_code}, {self.volume.free() / MIB:.1f} MiB free")
        client.expect((202, 404), "DELETE", CONTAINER, "resumed")

    def space_problem(self) -> str:
        """Empty once the space of everything that is not live is back."""
        data = self.daemon.data_directory
        live = sum(writer.stored() for writer in self.writers)
        segments = loop_volume.allocated(data / "segments")
        catalog = loop_volume.allocated(data / "catalog")
        missing = (self.volume.used() - self.overhead - loop_volume.allocated(self.volume.path))
        if segments > live + SEGMENT_SLACK or catalog > CATALOG_LIMIT or missing > SEGMENT_SLACK:
            return (f"{segments / MIB:.1f} MiB in segments for {live / MIB:.1f} live, "
                    f"{catalog / MIB:.1f} in the catalog, {missing / MIB:.1f} in no file")
        return ""

    def wait_for_space(self, problems: list[str]) -> None:
        deadline = time.monotonic() + SPACE_DEADLINE
        while problem := self.space_problem():
            if time.monotonic() > deadline:
                problems.append(f"space did not come back: {problem}")
                return
            time.sleep(0.05)

    def cycle(self, ending: str) -> list[str]:
        problems: list[str] = []
        self.fill()
        if ending.startswith("stuff"):
            self.volume.stuff()
            self.stuffed += 1
        self.verify(problems)
        self.churn(ending)
        if ending.startswith("stuff"):
            self.volume.stuff()
        self.start_again(ending, problems)
        self.verify(problems)
        self.delete(self.random.choice((0.2, 0.5, 1.0)))
        self.volume.unstuff()
        self.resume(problems)
        self.wait_for_space(problems)
        self.verify(problems)
        for writer in self.writers:
            problems += writer.problems
            writer.problems = []
        return problems


def run_cycles(volume, daemon, arguments) -> int:
    test = FullDisk(volume, daemon, arguments.seed, arguments.writers)
    passed = failed = 0
    for number in range(arguments.cycles):
        ending = arguments.ending or test.random.choice(ENDINGS)
        if number + 1 == arguments.cycles and not arguments.no_azcopy:
            test.fill()
            problems = full_disk_azcopy.upload_problems(daemon, volume)
        else:
            problems = test.cycle(ending)
        passed, failed = passed + (not problems), failed + bool(problems)
        for problem in problems:
            print(f"cycle {number} ({ending}): {problem}", flush=True)
    code = daemon.stop()
    uploads = sum(writer.acknowledged for writer in test.writers)
    refused = sum(writer.refused for writer in test.writers)
    print(f"{arguments.cycles} cycles, {uploads} acknowledged uploads, {refused} refused, "
          f"{test.deleted} deleted, {test.kills} kills, {test.restarts} restarts, {test.stuffed} "
          f"times without a free block, longest restart {test.slowest:.2f} s, last stop {code}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed or not refused or code != 0 else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--mib", type=int, help="size of the file system; 384, or 512 to overwrite")
    parser.add_argument("--no-azcopy", action="store_true")
    parser.add_argument("--ending", choices=ENDINGS, help="of every cycle, instead of a random one")
    parser.add_argument("--overwrite", action="store_true")
    parser.add_argument("--live-mib", type=int, help="what is overwritten; half of the file system")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    size = (arguments.mib or (512 if arguments.overwrite else 384)) * MIB
    with loop_volume.LoopVolume(size) as volume:
        data = volume.path / "data"
        engine = {"data_dir": str(data), "segment_bytes": max(32 * MIB, size // 64)}
        with blobgate_daemon.Daemon({"access_log": "off", "engine": engine}) as daemon:
            daemon.data_directory = data
            daemon.client().create_container(CONTAINER)
            if arguments.overwrite:
                return full_disk_overwrite.run(volume, daemon, arguments)
            return run_cycles(volume, daemon, arguments)


if __name__ == "__main__":
    sys.exit(main())
