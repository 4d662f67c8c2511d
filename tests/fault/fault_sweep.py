#!/usr/bin/env python3
"""Lets every single file-system call of the daemon fail once, and looks at what becomes of it.

    tests/fault/fault_sweep.py                              # every call, every kind: long
    tests/fault/fault_sweep.py --stride 25                  # every 25th call of each kind: CI
    tests/fault/fault_sweep.py --kind FSYNC --kind EIO-ON   # only these
    tests/fault/fault_sweep.py --phase first --kind EIO --call 123 --keep   # one again

A shim (shim/shim.h) under the daemon, and so under RocksDB too, makes the call number N of a kind
fail. There are two phases: `first` begins with an empty directory and does everything a store does;
`recovery` begins with the store a kill -9 left, so that the start is swept too. Kinds:

    EIO, ENOSPC         the call fails and changes nothing, once
    EIO-ON, ENOSPC-ON   that call and all after it; ENOSPC-ON begins with a short write, and statvfs
                        agrees that the disk is full
    SHORT               a write writes half of what was asked
    FSYNC               an fsync or fdatasync fails
    OPEN, READ          an open fails with EMFILE, a pread or preadv2 with EIO
    KILL-BEFORE, -AFTER kill -9 just before or just after the call: takes the place of kill points
                        compiled into the daemon

Checked: the daemon neither crashes nor hangs (it may refuse to start, with a message); every answer
is a success or a well-formed Azure error; no read gives bytes that were not written; after a failed
sync of a segment or of RocksDB's log writes are answered 503 until the restart and reads go on; a
full disk answers writes with 507, and writing goes on when there is space again, unless the log
says that it cannot before a restart. In the end the daemon is started without the shim, on the
directory as it is and on one that a power cut would have left with nothing but what was synced:
everything acknowledged is there, whole, and everything else is as before or as asked for.

The threads of the daemon make the numbers shift a little between runs: --call may need a few tries.
"""
from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import scratch  # noqa: E402
import shim  # noqa: E402
from fault_run import Base, Result, Run, Store, copy_of, run_script  # noqa: E402
from fault_workload import Model, Workload  # noqa: E402

PHASES = ("first", "recovery")
SLOW = 10.0  # seconds of a run that is worth a line


def make_bases(parent: pathlib.Path) -> dict[str, Base]:
    """The store of `recovery` is killed in the middle of things."""
    store = Store(parent)
    try:
        store.start(under_shim=False)
        workload = Workload(store.client(), Model(), lambda: False)
        workload.whole()
        store.daemon.kill()
        if workload.problems:
            raise AssertionError(f"without any fault: {workload.problems}")
        base = parent / "base"
        shutil.copytree(store.data, base, ignore=shutil.ignore_patterns("*.sock"))
    finally:
        store.close()
    return {"first": Base(None, Model()), "recovery": Base(base, workload.model)}


def count_calls(parent: pathlib.Path, phase: str, base: Base, kind: shim.Kind) -> int:
    """From the start to the end of a run without a fault."""
    store = Store(parent)
    try:
        store.reset(base.data)
        store.shim.count(kind)
        store.start(under_shim=True)
        workload = Workload(store.client(), copy_of(base.model), lambda: False)
        run_script(phase, workload)
        store.daemon.stop()
        if workload.problems:
            raise AssertionError(f"without any fault: {workload.problems}")
        return store.shim.get("matched")
    finally:
        store.close()


Task = tuple[str, str, int]


def plan(parent: pathlib.Path, bases: dict[str, Base], phases: list[str], kinds: list[str],
         stride: int) -> list[Task]:
    tasks: list[Task] = []
    for phase in phases:
        for name in kinds:
            calls = count_calls(parent, phase, bases[phase], shim.KINDS[name])
            print(f"{phase} {name}: {calls} calls", flush=True)
            tasks += [(phase, name, call) for call in range(len(tasks) % stride, calls, stride)]
    return tasks


def _work(parent, bases, keep, tasks, results) -> None:
    store = Store(parent)
    try:
        for phase, kind, call in iter(tasks.get, None):
            run = Run(store, phase, bases[phase], shim.KINDS[kind], call)
            began = time.monotonic()
            try:
                run.run()
            except Exception as error:  # counted as a failure of this run
                run.result.problems.append(f"the test itself: {type(error).__name__}: {error}")
            run.result.seconds = time.monotonic() - began
            if run.result.problems and keep:
                shutil.copytree(store.directory, parent / f"kept-{phase}-{kind}-{call}",
                                ignore=shutil.ignore_patterns("*.sock"), dirs_exist_ok=True)
            results.put(run.result)
    finally:
        store.close()


def print_problems(result: Result) -> None:
    for problem in result.problems:
        print(f"{result.phase} {result.kind} {result.call} ({result.what}): {problem}", flush=True)


def sweep(parent: pathlib.Path, bases: dict[str, Base], planned: list[Task], jobs: int,
          keep: bool) -> list[Result]:
    context = multiprocessing.get_context("fork")
    tasks, results = context.SimpleQueue(), context.SimpleQueue()
    workers = [context.Process(target=_work, args=(parent, bases, keep, tasks, results))
               for _ in range(jobs)]
    for worker in workers:
        worker.start()
    # A few ahead: a pipe takes only so much.
    waiting = iter([*planned, *[None] * jobs])
    for _ in range(2 * jobs):
        tasks.put(next(waiting, None))
    found = []
    for _ in planned:
        result = results.get()
        found.append(result)
        if result.seconds > SLOW:
            print(f"{result.phase} {result.kind} {result.call} ({result.what}): took "
                  f"{result.seconds:.0f} s", flush=True)
        print_problems(result)
        tasks.put(next(waiting, None))
    for worker in workers:
        worker.join()
    return found


def report(results: list[Result]) -> int:
    table: dict[tuple[str, str], collections.Counter] = collections.defaultdict(
        collections.Counter)
    for result in results:
        table[result.phase, result.kind][result.outcome or "at the stop"] += 1
    for (phase, kind), outcomes in sorted(table.items()):
        text = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
        print(f"{phase:9} {kind:12} {text}")
    slowest = max(results, key=lambda result: result.seconds)
    print(f"longest: {slowest.phase} {slowest.kind} {slowest.call}, {slowest.seconds:.1f} s")
    for result in results:  # once more, at the end: who reads the log of a long test reads its end
        print_problems(result)
    failed = sum(bool(result.problems) for result in results)
    reached = sum(bool(result.what) for result in results)
    print(f"{len(results)} runs, {reached} faults; "
          f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed or not reached else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--phase", action="append", choices=PHASES)
    parser.add_argument("--kind", action="append", choices=list(shim.KINDS))
    parser.add_argument("--call", type=int, help="only this one, of one phase and kind")
    parser.add_argument("--keep", action="store_true", help="leave the stores of failed runs")
    arguments = parser.parse_args()
    began = time.monotonic()
    parent = scratch.directory("fault-sweep-")
    bases = make_bases(parent)
    phases, kinds = arguments.phase or list(PHASES), arguments.kind or list(shim.KINDS)
    if arguments.call is None:
        planned = plan(parent, bases, phases, kinds, arguments.stride)
    else:
        planned = [(phases[0], kinds[0], arguments.call)]
    results = sweep(parent, bases, planned, min(arguments.jobs, len(planned)), arguments.keep)
    code = report(results)
    print(f"{time.monotonic() - began:.0f} s")
    if arguments.keep and code:
        print(f"kept: {parent}")
    else:
        shutil.rmtree(parent, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
