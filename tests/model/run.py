#!/usr/bin/env python3
"""Random sequences of Blob operations against the model and a real daemon, in lockstep.

    tests/model/run.py --operations 1000000 [--seed N] [--workers 2] [--lanes 8] [--length 60]

Each worker is a process with a daemon of its own; each of its lanes an account and a connection.
Every answer is compared with the model's, headers and bodies included, and after each sequence and
each restart all that can be seen of the account. Restarts (kill -9, kill -9 with requests in
flight, SIGTERM) are operations of the sequences; an operation that was in flight must have happened
entirely or not at all.

The first failure ends the run: the sequence is shortened by running parts of it on a fresh daemon,
and printed. `--replay SEED` runs the sequence of a printed seed alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import pathlib
import random
import shutil
import sys
import tempfile
import time
import traceback
import typing

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import blobgate_daemon  # noqa: E402
import sequences  # noqa: E402
import wire  # noqa: E402
from blob_model import Operation  # noqa: E402
from lane import Counts, Finding, Lane, Life  # noqa: E402
from worker import Worker  # noqa: E402

KEY = "bW9kZWwgdGVzdCBrZXkgZm9yIGFsbCBvZiB0aGUgbGFuZXM="
SHRINK_SECONDS = 180
# A machine that has no time for this process is no client that is too slow.
PATIENT = {"head_timeout": 3600, "body_timeout": 3600, "idle_timeout": 86400}


def account_name(lane: int) -> str:
    return f"lane{lane}"


def make_daemon(directory: pathlib.Path, lanes: int) -> blobgate_daemon.Daemon:
    return blobgate_daemon.Daemon(
        {"accounts": [{"name": account_name(n), "keys": [KEY]} for n in range(lanes)],
         "limits": PATIENT, "access_log": "off", "log_level": "warn"}, directory=directory)


def add_lane(worker: Worker, daemon: blobgate_daemon.Daemon, life: Life, counts: Counts,
             number: int, source: typing.Iterator[tuple[str, list[Operation]]]) -> None:
    endpoint = wire.Endpoint(daemon.address(), account_name(number), KEY)
    worker.add(Lane(endpoint, life, counts).run(source))


# Running.


@dataclasses.dataclass
class Outcome:
    counts: Counts
    restarts: list[str]
    longest_start: float
    finding: Finding | None
    note: str = ""


def sequence_of(seed: str, length: int, pace: float) -> list[Operation]:
    return sequences.Generator(seed, pace).sequence(length)


def run_worker(arguments: argparse.Namespace, number: int, stop) -> Outcome:
    counts, life = Counts(), Life()
    wanted = arguments.operations // arguments.workers
    pace = arguments.restarts_per_million / 1e6

    def source(lane: int) -> typing.Iterator[tuple[str, list[Operation]]]:
        index = 0
        while counts.operations < wanted and not stop.is_set():
            seed = f"{arguments.seed}-{number}-{lane}-{index}"
            yield seed, sequence_of(seed, arguments.length, pace)
            index += 1

    directory = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-model-", dir=arguments.directory))
    try:
        with make_daemon(directory, arguments.lanes) as daemon:
            worker = Worker(daemon, life, f"{arguments.seed}-{number}")
            for lane in range(arguments.lanes):
                add_lane(worker, daemon, life, counts, lane, source(lane))
            finding = worker.run(stop.is_set)
            note = "" if daemon.is_alive() else "the daemon ended:\n" + daemon.log_tail()
            if finding is None and daemon.stop() != 0:
                note = "the daemon did not stop in order:\n" + daemon.log_tail()
        if finding is not None:
            stop.set()
            finding, more = shrink(finding, directory)
            note = "\n".join(filter(None, (note, more)))
        return Outcome(counts, life.restarts, worker.longest_start, finding, note)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def replay(operations: list[Operation], directory: pathlib.Path, seed: str) -> Finding | None:
    """One sequence, alone, on an empty store."""
    shutil.rmtree(directory / "data", ignore_errors=True)
    life = Life()
    with make_daemon(directory, 1) as daemon:
        worker = Worker(daemon, life, "replay")
        add_lane(worker, daemon, life, Counts(), 0, iter([(seed, operations)]))
        return worker.run()


# Shrinking.


def shrink(finding: Finding, directory: pathlib.Path) -> tuple[Finding, str]:
    """Drops what is not needed for a failure, in ever smaller pieces."""
    deadline = time.monotonic() + SHRINK_SECONDS
    best = replay(finding.history, directory, finding.seed)
    if best is None:
        return finding, "(does not fail when it is run alone: not shortened)"
    size = max(1, len(best.history) // 2)
    while size >= 1 and time.monotonic() < deadline:
        at = 0
        while at < len(best.history) and time.monotonic() < deadline:
            shorter = best.history[:at] + best.history[at + size:]
            found = replay(shorter, directory, finding.seed) if shorter else None
            if found is None:
                at += size
            else:
                best = found
        size = size // 2 if size > 1 else 0
    return best, f"(shortened from {len(finding.history)} operations, where it was: {finding.what})"


def describe(op: Operation) -> str:
    text = f"{op.name} {op.container}{'/' if op.blob else ''}{op.blob}".rstrip()
    if op.source:
        text += f" from {op.source[0]}/{op.source[1]}"
    for fields in (op.query, op.headers):
        if fields:
            text += " " + ", ".join(f"{name}: {value}" for name, value in fields.items())
    if isinstance(op.data, bytes):
        return text + (f" ({len(op.data)} bytes)" if op.data else "")
    return text + f" {op.data}"


def report(finding: Finding, note: str) -> None:
    print(f"FAILED, seed {finding.seed}: {finding.what}")
    if note:
        print(note)
    for number, op in enumerate(finding.history, 1):
        print(f"{number:4} {describe(op)}")


# Summary.


def summarize(outcomes: list[Outcome], seconds: float) -> int:
    total = Counts(*(sum(values) for values in
                     zip(*(dataclasses.astuple(outcome.counts) for outcome in outcomes))))
    kinds = [kind for outcome in outcomes for kind in outcome.restarts]
    restarts = ", ".join(f"{kinds.count(kind)} {kind.lower()}" for kind in sorted(set(kinds)))
    print(f"{total.operations} operations in {seconds:.0f} s "
          f"({total.operations / seconds:.0f}/s, with the comparisons "
          f"{(total.operations + total.reads_of_state) / seconds:.0f}/s), "
          f"{100 * total.succeeded // max(1, total.operations)}% of them successful")
    print(f"{total.sequences} sequences, {total.cut_short} cut short by the clock, "
          f"{total.reads_of_state} reads of visible state")
    slowest = max(outcome.longest_start for outcome in outcomes)
    print(f"restarts: {restarts or 'none'}; longest start {slowest:.2f} s; {total.in_doubt} "
          f"operations in flight at a kill, {total.happened} of them had happened")
    failures = 0
    for outcome in outcomes:
        if outcome.finding is not None:
            report(outcome.finding, outcome.note)
        elif outcome.note:
            print(f"FAILED: {outcome.note}")
        failures += outcome.finding is not None or bool(outcome.note)
    print(f"{len(outcomes) - failures} workers passed, {failures} failed")
    return 1 if failures or not total.succeeded else 0


def _in_process(arguments: argparse.Namespace, number: int, stop, results) -> None:
    try:
        results.put(run_worker(arguments, number, stop))
    except BaseException:
        stop.set()
        results.put(Outcome(Counts(), [], 0, None, traceback.format_exc()))


def run(arguments: argparse.Namespace) -> int:
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    began = time.monotonic()
    processes = [multiprocessing.Process(target=_in_process,
                                         args=(arguments, number, stop, results))
                 for number in range(arguments.workers)]
    for process in processes:
        process.start()
    outcomes = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return summarize(outcomes, time.monotonic() - began)


def run_again(arguments: argparse.Namespace) -> int:
    pace = arguments.restarts_per_million / 1e6
    operations = sequence_of(arguments.replay, arguments.length, pace)
    with tempfile.TemporaryDirectory(prefix="blobgate-model-", dir=arguments.directory) as name:
        finding = replay(operations, pathlib.Path(name), arguments.replay)
        if finding is None:
            print("passed")
            return 0
        report(*shrink(finding, pathlib.Path(name)))
        return 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--seed", default=str(random.SystemRandom().getrandbits(32)))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lanes", type=int, default=8, help="connections of a worker")
    parser.add_argument("--length", type=int, default=60, help="operations of a sequence")
    parser.add_argument("--restarts-per-million", type=int, default=300,
                        help="operations that ask for a restart")
    parser.add_argument("--directory", help="where the daemons keep their data (default: TMPDIR)")
    parser.add_argument("--replay", metavar="SEED", help="run one sequence alone")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    return run_again(arguments) if arguments.replay else run(arguments)


if __name__ == "__main__":
    sys.exit(main())
