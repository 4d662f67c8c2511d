#!/usr/bin/env python3
"""Cuts the power of a recorded daemon, and looks for what it had acknowledged.

    tests/fault/power_cut.py --cuts 50                     # about a minute: CI
    tests/fault/power_cut.py --cuts 1000 [--seed N] [--jobs N]
    tests/fault/power_cut.py --recording DIR --seed N --only CUT [--keep]   # one cut again

The daemon runs under a shim (shim/shim.h) that writes a journal of every call by which it, and
RocksDB inside it, change files. Several writers and a reader load it over several lives; each notes
the position of the journal before a request and after its answer. For random positions a data
directory is built that a power cut at that moment could have left (crash_image.py has the rules:
what was synced is there; of the rest any part, torn and reordered). The daemon, without shim, is
started on it, and every blob, listing and staged block is compared: the last acknowledged state, or
one that was being written, whole. What a reader had seen counts as acknowledged. One cut in five
is followed by a second one while the daemon recovers from the first. Every other recording begins
with what a cut has left.

After each recording its journal is checked: with everything kept it must give the very directory
the daemon left, so a call the shim does not see is found.

A recording depends on the timing of threads, so a failed cut leaves its recording behind and says
how to make the same cut in it again; --keep leaves the data directory of the cut as well.
Directories are made in $BLOBGATE_TEST_TMP, or /dev/shm when there is one (much faster).
"""
from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import blob_client  # noqa: E402
import blobgate_daemon  # noqa: E402
import crash_image  # noqa: E402
import journal  # noqa: E402
import recorded_load  # noqa: E402
import scratch  # noqa: E402
import shim  # noqa: E402
from blob_history import History  # noqa: E402
from image_check import Findings, ImageCheck  # noqa: E402

LIVES = 4
CUTS_OF_A_RECORDING = 100
RECOVERY_CUTS = 0.2
START_CUTS = 0.1
START_RECORDS = 150
START_DEADLINE = 30.0
SHOWN = 5  # problems of one cut


@dataclasses.dataclass
class Options:
    seed: int
    jobs: int
    keep: bool
    directory: pathlib.Path
    ignored: str | None = None


class Cutter:
    """Makes cuts in one recording, in ascending order. One process's, with a daemon of its own."""

    def __init__(self, options: Options, recording: recorded_load.Recording, number: int):
        self._options = options
        self._recording = recording
        self._number = number
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="cut-", dir=options.directory))
        self._daemon = blobgate_daemon.Daemon(recorded_load.CONFIG, directory=self._directory)
        self._data = self._daemon.data_directory
        self._starts = [index for index, record in enumerate(recording.records)
                        if record.op == journal.START]
        self._replay = recording.replay(options.ignored)

    def close(self) -> None:
        self._daemon.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def position(self, cut: int) -> int:
        return self._position(self._rng(cut))

    def _position(self, rng: random.Random) -> int:
        """Anywhere; now and then soon after a start, for there are not many calls."""
        count = len(self._recording.records)
        if rng.random() < START_CUTS:
            return min(count, rng.choice(self._starts) + rng.randint(1, START_RECORDS))
        return rng.randint(1, count)

    def _rng(self, cut: int) -> random.Random:
        return random.Random(f"{self._options.seed}-{self._number}-{cut}")

    def cut(self, cut: int) -> Findings:
        rng = self._rng(cut)
        position = self._position(rng)
        self._replay.run(self._recording.records, position)
        image = random.Random(rng.random())
        what = self._build(self._replay, image)
        again = None
        if rng.random() < RECOVERY_CUTS:
            again = self._cut_recovery(rng)
            what += f"; in recovery {again}"
        findings = self._verify(position)
        shown = findings.problems[:SHOWN]
        if len(findings.problems) > SHOWN:
            shown.append(f"and {len(findings.problems) - SHOWN} more")
        findings.problems = [f"cut {cut} at {position} ({what}): {text}" for text in shown]
        if findings.problems and self._options.keep:
            self._keep(cut)
        return findings

    def _build(self, replay: crash_image.Replay, rng: random.Random) -> str:
        chooser = crash_image.Chooser(rng)
        shutil.rmtree(self._data, ignore_errors=True)
        crash_image.build(replay, chooser, self._data)
        if self._options.keep:  # a copy, as the daemon changes it
            shutil.rmtree(self._directory / "image", ignore_errors=True)
            shutil.copytree(self._data, self._directory / "image")
        return str(chooser)

    def _cut_recovery(self, rng: random.Random) -> str:
        """Lets the daemon start on the image, and cuts somewhere on the way."""
        files, directories = crash_image.scan(self._data)
        control = shim.Shim(self._directory, self._data, record=True)
        control.forget_journal()
        self._daemon.environment = control.environment()
        self._daemon.forget_ports()
        try:
            self._daemon.start(START_DEADLINE)
        except RuntimeError:
            pass  # the start on what is left will tell
        finally:
            self._daemon.kill()
            self._daemon.environment = {}
            control.close()
        records = journal.read(control.journal)
        position = rng.randint(0, len(records))
        replay = crash_image.Replay(files, directories)
        replay.run(records, position)
        return f"at {position} of {len(records)}, {self._build(replay, rng)}"

    def _verify(self, position: int) -> Findings:
        self._daemon.forget_ports()
        try:
            self._daemon.start(START_DEADLINE)
        except RuntimeError as error:
            self._daemon.kill()
            return Findings([f"does not open: {error}"], not_opened=1)
        client = blob_client.BlobClient(self._daemon.address(), "acct1",
                                        blobgate_daemon.ACCOUNTS["acct1"],
                                        timeout=recorded_load.TIMEOUT)
        check = ImageCheck(client, self._recording.history, position)
        try:
            return check.run()
        except Exception as error:  # the other cuts are wanted too
            check.findings.problems.append(f"{type(error).__name__}: {error}")
            return check.findings
        finally:
            client.close()
            self._daemon.kill()

    def _keep(self, cut: int) -> None:
        kept = self._options.directory / f"image-{self._number}-{cut}"
        shutil.move(self._directory / "image", kept)
        print(f"the data directory of the cut: {kept}", flush=True)


def check_journal(recording: recorded_load.Recording, data: pathlib.Path) -> None:
    """Raises when the journal does not account for what lies in `data`."""
    replay = recording.replay()
    replay.run(recording.records, len(recording.records))
    chooser = crash_image.Chooser(random.Random(0))
    chooser.data = chooser.names = "all"
    files, directories = crash_image.surviving_names(replay, chooser)
    found, found_directories = crash_image.scan(data)
    if files.keys() != found.keys() or directories != found_directories:
        raise AssertionError(f"files {sorted(files.keys() ^ found.keys())} are not in both the "
                             "journal and the directory")
    for name, file in files.items():
        if chooser.content(file) != found[name].initial:
            raise AssertionError(f"{name}: the journal gives other bytes")


def load(directory: pathlib.Path) -> recorded_load.Recording:
    base = directory / "base"
    return recorded_load.Recording(journal.read(directory / "journal"),
                                   History.load(directory / "history.json"),
                                   base if base.exists() else None)


def make_recording(options: Options, number: int,
                   before: recorded_load.Recording | None) -> tuple[recorded_load.Recording,
                                                                    pathlib.Path]:
    """Begins with what a power cut left of the one before, if there is one."""
    directory = options.directory / f"recording-{number}"
    directory.mkdir()
    rng = random.Random(f"{options.seed}-recording-{number}")
    if before is not None:
        replay = before.replay()
        replay.run(before.records, rng.randint(1, len(before.records)))
        crash_image.build(replay, crash_image.Chooser(rng), directory / "base")
    recording = recorded_load.Load(directory, rng).record(LIVES)
    check_journal(recording, directory / "data")
    shutil.rmtree(directory / "data")
    recording.history.save(directory / "history.json")
    return recording, directory


def _make_cuts(options: Options, recording, number: int, cuts: list[int], results) -> None:
    total = Findings()
    try:
        cutter = Cutter(options, recording, number)
        try:
            for cut in sorted(cuts, key=cutter.position):
                total.add(cutter.cut(cut))
        finally:
            cutter.close()
    except BaseException as error:
        total.problems.append(f"the test itself: {type(error).__name__}: {error}")
        raise
    finally:
        results.put(total)


def make_cuts(options: Options, recording, number: int, cuts: list[int]) -> Findings:
    context = multiprocessing.get_context("fork")  # the recording is shared
    results = context.SimpleQueue()
    shares = [cuts[index::options.jobs] for index in range(options.jobs)]
    workers = [context.Process(target=_make_cuts,
                               args=(options, recording, number, share, results))
               for share in shares if share]
    for worker in workers:
        worker.start()
    total = Findings()
    for _ in workers:
        total.add(results.get())
    for worker in workers:
        worker.join()
    return total


def report(options: Options, findings: Findings, directory: pathlib.Path) -> None:
    for problem in findings.problems:
        print(problem, flush=True)
    if findings.problems:
        print(f"again: tests/fault/power_cut.py --recording {directory} --seed {options.seed} "
              "--only CUT --keep", flush=True)


def campaign(options: Options, cuts: int) -> int:
    total = Findings()
    records = writes = 0
    recording = None
    step = min(CUTS_OF_A_RECORDING, (cuts + 1) // 2)
    for number, first in enumerate(range(0, cuts, step)):
        # Every other one begins with an empty directory.
        recording, directory = make_recording(options, number, recording if number % 2 else None)
        records += len(recording.records)
        writes += sum(blob.acknowledged(len(recording.records))
                      for blob in recording.history.blobs.values())
        mine = list(range(first, min(cuts, first + step)))
        findings = make_cuts(options, recording, number, mine)
        report(options, findings, directory)
        total.add(findings)
        if not findings.problems:
            shutil.rmtree(directory)
    print(f"{cuts} cuts in {records} recorded changes, {writes} acknowledged writes; checked "
          f"{total.acknowledged} acknowledged writes in {total.blobs} blobs: {total.lost} lost, "
          f"{total.torn} torn, {total.not_opened} did not open, {len(total.problems)} problems")
    return 1 if total.problems or not total.acknowledged else 0


def single(options: Options, directory: pathlib.Path, cut: int) -> int:
    recording = load(directory)
    number = int(directory.name.rpartition("-")[2])
    findings = make_cuts(dataclasses.replace(options, jobs=1), recording, number, [cut])
    report(options, findings, directory)
    print(f"cut {cut}: {len(findings.problems)} problems")
    return 1 if findings.problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", action="store_true", help="leave the images of failed cuts")
    parser.add_argument("--recording", type=pathlib.Path, help="one that a failed run left")
    parser.add_argument("--only", type=int, help="the number of the cut, with --recording")
    parser.add_argument("--ignore-syncs", metavar="PART",
                        help="of files with PART in their name (.seg, .log, MANIFEST), or / for "
                             "directories: the test must then fail")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    options = Options(arguments.seed, arguments.jobs, arguments.keep,
                      scratch.directory("power-cut-"), arguments.ignore_syncs)
    began = time.monotonic()
    if arguments.recording:
        code = single(options, arguments.recording, arguments.only)
    else:
        code = campaign(options, arguments.cuts)
    print(f"{time.monotonic() - began:.0f} s; {'failed' if code else 'passed'}")
    if not any(options.directory.iterdir()):
        options.directory.rmdir()
    return code


if __name__ == "__main__":
    sys.exit(main())
