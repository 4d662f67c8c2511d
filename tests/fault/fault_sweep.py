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
    OPEN, READ          an open fails with EMFILE, a read with EIO
    KILL-BEFORE, -AFTER kill -9 just before or just after the call: takes the place of kill points
                        compiled into the daemon

Checked: the daemon neither crashes nor hangs (it may refuse to start, with a message); every answer
is a success or a well-formed Azure error; no read gives bytes that were not written; after a failed
sync of a segment or of RocksDB's log writes are answered 503 until the restart and reads go on; a
full disk answers writes with 503, and writing goes on when there is space again, unless the log says
that it cannot before a restart. In the end the daemon is started without the shim, on the directory as it is and on one that a power cut would have
left with nothing but what was synced: everything acknowledged is there, whole, and everything else
is as before or as asked for.

The threads of the daemon make the numbers shift a little between runs: --call may need a few tries.
"""
from __future__ import annotations

import argparse
import collections
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
import fault_workload  # noqa: E402
import journal  # noqa: E402
import shim  # noqa: E402
from blob_history import GONE, read_state  # noqa: E402
from fault_workload import CONTAINER, Model, Workload  # noqa: E402

PHASES = ("first", "recovery")
CONFIG = {"access_log": "off", "log_level": "warn", "threads": 1,
          "engine": {"segment_bytes": 2 << 20}}
START_DEADLINE = 30.0
PROBE_SIZE = 5000
SLOW = 10.0  # seconds of a run that is worth a line


@dataclasses.dataclass
class Result:
    phase: str
    kind: str
    call: int
    what: str = ""  # the call that was chosen; empty: it was never reached
    outcome: str = ""
    seconds: float = 0.0
    problems: list[str] = dataclasses.field(default_factory=list)


class Store:
    """A data directory and a daemon for it."""

    def __init__(self, parent: pathlib.Path):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="store-", dir=parent))
        self.daemon = blobgate_daemon.Daemon(CONFIG, directory=self.directory)
        self.data = self.daemon.data_directory
        self.shim = shim.Shim(self.directory, self.data, record=True)

    def reset(self, base: pathlib.Path | None) -> None:
        """Empty, or a copy of `base`; an empty journal and log."""
        self.daemon.kill()
        shutil.rmtree(self.data, ignore_errors=True)
        if base is None:
            self.data.mkdir()
        else:
            shutil.copytree(base, self.data)
        self.shim.forget_journal()
        (self.directory / "daemon.log").unlink(missing_ok=True)

    def start(self, *, under_shim: bool) -> None:
        self.daemon.environment = self.shim.environment() if under_shim else {}
        self.daemon.ports = {}  # the old ones may be another daemon's by now
        self.daemon.start(START_DEADLINE)

    def client(self) -> blob_client.BlobClient:
        return blob_client.BlobClient(self.daemon.address(), "acct1",
                                      blobgate_daemon.ACCOUNTS["acct1"],
                                      timeout=fault_workload.TIMEOUT)

    def close(self) -> None:
        self.daemon.kill()
        self.shim.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def run_script(phase: str, workload: Workload) -> None:
    workload.whole() if phase == "first" else workload.short()


@dataclasses.dataclass
class Base:
    """What a phase begins with."""
    data: pathlib.Path | None
    model: Model


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
        shutil.copytree(store.data, base)
    finally:
        store.close()
    return {"first": Base(None, Model()), "recovery": Base(base, workload.model)}


def copy_of(model: Model) -> Model:
    copied = Model()
    copied.container = list(model.container)
    for name, blob in model.blobs.items():
        copied.blob(name).possible = list(blob.possible)
    return copied


class Run:
    """One fault."""

    def __init__(self, store: Store, phase: str, base: Base, kind: shim.Kind, call: int):
        self._store = store
        self._base = base
        self._kind = kind
        self._model = copy_of(base.model)
        self.result = Result(phase, kind.name, call)

    def _problem(self, text: str) -> None:
        self.result.problems.append(text)

    @property
    def _kills(self) -> bool:
        return self._kind.action in (shim.KILL_BEFORE, shim.KILL_AFTER)

    def run(self) -> Result:
        store = self._store
        store.reset(self._base.data)
        before = crash_image.scan(store.data)
        store.shim.arm(self._kind, self.result.call)
        if self._start():
            self._serve()
        store.shim.lift()
        self.result.what = store.shim.what if store.shim.fired else ""
        if not store.shim.fired:
            self.result.outcome = "not reached"
        self._verify("restarted")
        self._cut_power(before)
        self._verify("after a power cut")
        return self.result

    def _start(self) -> bool:
        daemon = self._store.daemon
        try:
            self._store.start(under_shim=True)
            return True
        except RuntimeError as raised:
            error, code = raised, daemon.exit_code()
        if code is None:
            self._problem(f"hangs at the start: {error}")
        elif code == -9 and self._kills:
            self.result.outcome = "killed at the start"
        elif code < 0 or "blobgate: " not in daemon.log_tail():
            self._problem(f"start ended with {code}: {error}")
        else:
            self.result.outcome = "refused to start"
        daemon.kill()
        return False

    def _serve(self) -> None:
        control = self._store.shim
        workload = Workload(self._store.client(), self._model, lambda: control.fired > 0)
        run_script(self.result.phase, workload)
        if control.fired and not self._kills:
            self._probe(workload)
        self.result.problems += workload.problems
        self._stop()

    def _probe(self, workload: Workload) -> None:
        """What the store says of itself once the fault has happened."""
        control = self._store.shim
        writable = self._try_to_write(workload)
        read_only_due = self._kind.name == "FSYNC" and control.what.endswith((".seg", ".log"))
        if read_only_due and writable:
            self._problem(f"takes writes after {control.what}")
        if self._kind.name == "ENOSPC-ON" and writable:
            self._problem("takes writes on a full disk")
        if self._kind.lasting:
            control.lift()
            writable = self._try_to_write(workload)
            if self._kind.name == "ENOSPC-ON" and not writable and not self._needs_restart():
                self._problem(f"does not take writes when there is space again; {control.what}")
        refused = workload.refused
        workload.read_all()
        # In a store that never took a write even a read may have to make the account's partition.
        if workload.refused > refused and self._model.container == [True]:
            self._problem("reads fail when the fault is past")
        self.result.outcome = "went on" if writable else "read-only"

    def _needs_restart(self) -> bool:
        """docs/durability.md: a commit that met the full disk may. The daemon must say so."""
        return "the store is read-only until restart" in self._store.daemon.log_tail(100_000)

    @staticmethod
    def _try_to_write(workload: Workload) -> bool:
        """The first try may be the one that finds the store damaged, or whole again."""
        if workload.model.container != [True]:
            workload.create_container()
        workload.put("probe", PROBE_SIZE)
        return workload.put("probe", PROBE_SIZE)

    def _stop(self) -> None:
        """The fault may come only now."""
        daemon = self._store.daemon
        ended = not daemon.is_alive()
        try:
            code = daemon.exit_code() if ended else daemon.stop()
        except RuntimeError as error:
            self._problem(f"hangs at the stop: {error}")
            return
        if self._kills and code == -9:
            self.result.outcome = "killed" if ended else "killed at the stop"
        elif ended or code < 0:
            self._problem(f"the daemon ended with {code}: {daemon.log_tail(500)}")
        daemon.kill()

    def _cut_power(self, before: tuple) -> None:
        """Leaves nothing but what the journal says was synced."""
        store = self._store
        replay = crash_image.Replay(*before)
        records = journal.read(store.shim.journal) if store.shim.journal.exists() else []
        replay.run(records, len(records))
        chooser = crash_image.Chooser(random.Random(0))
        chooser.data = chooser.names = "none"
        shutil.rmtree(store.data)
        crash_image.build(replay, chooser, store.data)

    def _verify(self, when: str) -> None:
        """Both checks have the same model, as neither sees what the other wrote."""
        try:
            self._store.start(under_shim=False)
        except RuntimeError as error:
            self._store.daemon.kill()
            self._problem(f"{when}: does not open: {error}")
            return
        client = self._store.client()
        try:
            for problem in differences(client, self._model):
                self._problem(f"{when}: {problem}")
        except Exception as error:  # the other runs are wanted too
            self._problem(f"{when}: {type(error).__name__}: {error}")
        finally:
            client.close()
            self._store.daemon.kill()


def differences(client: blob_client.BlobClient, model: Model) -> list[str]:
    """Between the store and what may be in it. Writes a blob in the end."""
    there = client.list_containers()
    if (CONTAINER in there) not in model.container:
        return [f"containers {there}, the container may be there: {model.container}"]
    if CONTAINER not in there:
        return [f"{name}: gone with its container" for name, blob in model.blobs.items()
                if GONE not in blob.possible]
    problems = []
    listed = set(client.names(CONTAINER))
    for name in sorted(model.blobs.keys() | listed):
        found, _ = read_state(client, name, CONTAINER)
        possible = model.blobs[name].possible if name in model.blobs else []
        if found not in possible:
            problems.append(f"{name}: found {found}, possible {possible}")
        if (found != GONE) != (name in listed):
            problems.append(f"{name}: listed: {name in listed}, found {found}")
    client.put_blob(CONTAINER, "afterwards", b"x" * PROBE_SIZE)
    if client.get(CONTAINER, "afterwards") != b"x" * PROBE_SIZE:
        problems.append("a blob written afterwards reads wrong")
    return problems


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
                                dirs_exist_ok=True)
            results.put(run.result)
    finally:
        store.close()


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
        for problem in result.problems:
            print(f"{result.phase} {result.kind} {result.call} ({result.what}): {problem}",
                  flush=True)
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
    failed = sum(bool(result.problems) for result in results)
    reached = sum(bool(result.what) for result in results)
    print(f"{len(results)} runs, {reached} faults; "
          f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed or not reached else 0


def working_directory() -> pathlib.Path:
    parent = os.environ.get("BLOBGATE_TEST_TMP")
    if parent is None and os.access("/dev/shm", os.W_OK):
        parent = "/dev/shm"
    return pathlib.Path(tempfile.mkdtemp(prefix="fault-sweep-", dir=parent))


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
    parent = working_directory()
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
