"""The comparison is worth something: each small error in the model, as good as one in the daemon,
is found within a few sequences; and so is a daemon that forgets."""

from __future__ import annotations

import pathlib
import shutil

import pytest

import run
import sequences
from blob_model import Account, Operation
from lane import Counts, Life
from rules import Conditions, Lease
from state import Blob
from worker import Worker

SEQUENCES = 100  # at most, until an error must have been found
_PUT_BLOCK_LIST = Account.put_block_list
_CHECK_WRITE = Conditions.check_write
_TOUCH = Blob.touch


def _then_set(name: str, attribute: str, value: object):
    """Operation `name` of Account, which leaves `value` behind."""
    original = getattr(Account, name)

    def changed(self: Account, op: Operation):
        answer = original(self, op)
        setattr(self.find(op.container, op.blob), attribute, value)
        return answer
    return Account, name, changed


def _prefer_committed(self: Account, op: Operation):
    if old := self.find(op.container, op.blob):
        old.staged = {**old.staged, **dict(old.blocks)}
    return _PUT_BLOCK_LIST(self, op)


def _check_no_dates(self: Conditions, subject, creates: bool = False) -> None:
    if not self.unmodified and not self.modified:
        _CHECK_WRITE(self, subject, creates)


def _touch_once(self: Blob) -> None:
    if hasattr(self, "etag"):
        self.copy = {}
    else:
        _TOUCH(self)


ERRORS = {
    "Put Blob breaks a lease": _then_set("put_blob", "lease", Lease("broken")),
    "Put Blob keeps uncommitted blocks": _then_set("put_blob", "staged", {"QUFB": b"x"}),
    "Put Blob forgets tags": _then_set("put_blob", "tags", {}),
    "Put Block List forgets ids": _then_set("put_block_list", "blocks", []),
    "Put Block List prefers committed blocks": (Account, "put_block_list", _prefer_committed),
    "Set Blob Metadata is ignored": _then_set("set_blob_metadata", "metadata", {}),
    "Set Blob Tags is ignored": _then_set("set_blob_tags", "tags", {}),
    "Set Blob Tier is inferred": _then_set("set_blob_tier", "tier_changed", None),
    "Copy Blob leaves no trace": _then_set("copy_blob", "copy", {}),
    "leases are not looked at": (Lease, "check_write", lambda self, given, subject: None),
    "any id releases a lease": (Lease, "release", lambda self, given: Lease()),
    "dates are not looked at": (Conditions, "check_write", _check_no_dates),
    "a change keeps the ETag": (Blob, "touch", _touch_once),
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """With an account for each error: a sequence that fails leaves things behind."""
    with run.make_daemon(tmp_path_factory.mktemp("model"), len(ERRORS) + 1) as running:
        yield running


def find(daemon: run.blobgate_daemon.Daemon, account: int, source) -> str:
    """What is found in the sequences, or nothing."""
    life = Life()
    worker = Worker(daemon, life, "test")
    run.add_lane(worker, daemon, life, Counts(), account, source)
    finding = worker.run()
    return finding.what if finding else ""


def some_sequences(count: int = SEQUENCES):
    for number in range(count):
        seed = f"test-{number}"
        yield seed, run.sequence_of(seed, length=60, pace=0)


def test_without_an_error_nothing_is_found(daemon):
    assert find(daemon, len(ERRORS), some_sequences(20)) == ""


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_found(daemon, monkeypatch, error):
    monkeypatch.setattr(*ERRORS[error])
    assert find(daemon, list(ERRORS).index(error), some_sequences()) != ""


class ForgetfulDaemon(run.blobgate_daemon.Daemon):
    """Loses everything at a kill."""

    def kill(self) -> None:
        super().kill()
        shutil.rmtree(self.data_directory)
        self.data_directory.mkdir()


@pytest.mark.parametrize("kind", ["Kill", "Kill in flight"])
def test_a_lost_write_is_found(monkeypatch, tmp_path: pathlib.Path, kind: str):
    monkeypatch.setattr(run.blobgate_daemon, "Daemon", ForgetfulDaemon)
    put = Operation("Put Blob", sequences.CONTAINERS[0], "a", data=b"x")
    operations = [Operation("Create Container", sequences.CONTAINERS[0]), put, Operation(kind), put]
    with run.make_daemon(tmp_path, 1) as daemon:
        assert find(daemon, 0, iter([("lost", operations)])) != ""


def test_a_lease_change_killed_in_flight_is_told_by_its_id(tmp_path):
    """The id of a lease is in no answer; a read that gives it tells which one counts."""
    old, new, *_ = sequences.LEASES
    name = sequences.CONTAINERS[0], sequences.BLOBS[0]
    change = [
        Operation("Kill in flight"),
        Operation("Lease Blob", *name, headers={
            "x-ms-lease-action": "change", "x-ms-lease-id": old, "x-ms-proposed-lease-id": new})]
    sequence = [
        Operation("Create Container", name[0]), Operation("Put Blob", *name, data=b"x"),
        Operation("Lease Blob", *name, headers={
            "x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1",
            "x-ms-proposed-lease-id": old}),
        *change, Operation("Get Blob", *name, headers={"x-ms-lease-id": new})]
    with run.make_daemon(tmp_path, 1) as daemon:
        assert find(daemon, 0, ((f"change {i}", sequence) for i in range(20))) == ""
