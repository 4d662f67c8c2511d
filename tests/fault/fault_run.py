"""One run of the fault sweep: a store, a fault in it, and what became of both."""
from __future__ import annotations

import dataclasses
import pathlib
import random
import shutil
import tempfile

import blob_client
import blobgate_daemon
import crash_image
import fault_workload
import journal
import shim
from blob_history import GONE, read_state
from fault_workload import CONTAINER, Model, Workload

CONFIG = {"access_log": "off", "log_level": "warn", "threads": 1,
          "engine": {"segment_bytes": 2 << 20, "rewrite_live_percent": 90}}
START_DEADLINE = 30.0
PROBE_SIZE = 5000


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
        self.daemon.forget_ports()
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
