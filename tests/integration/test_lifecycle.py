"""Lifecycle rules and last access times over sockets, with a clock that runs ahead."""
import datetime
import email.utils
import json
import pathlib
import re

import pytest

import blobgate_daemon
import fsck
from change_feed import wait_for
from shifted_clock import ShiftedClock

FILTERS = {"blobTypes": ["blockBlob"]}


def rule(name: str, actions: dict, **filters) -> dict:
    return {"name": name, "enabled": True, "type": "Lifecycle",
            "definition": {"actions": actions, "filters": {**FILTERS, **filters}}}


def after(days: int, since: str = "Modification") -> dict:
    return {f"daysAfter{since}GreaterThan": days}


POLICY = {"rules": [
    rule("tiers", {"baseBlob": {"tierToCool": after(10), "tierToCold": after(20),
                                "tierToArchive": after(30), "delete": after(40)}},
         prefixMatch=["aging/log/"]),
    rule("tagged", {"baseBlob": {"delete": after(5, "Creation")}}, prefixMatch=["tagged/"],
         blobIndexMatch=[{"name": "keep", "op": "==", "value": "no"}]),
    rule("history", {"snapshot": {"delete": after(3, "Creation")},
                     "version": {"delete": after(3, "Creation")}}),
    rule("unread", {"baseBlob": {"tierToCool": after(7, "LastAccessTime"),
                                 "enableAutoTierToHotFromCool": True}},
         prefixMatch=["read/"]),
    {**rule("off", {"baseBlob": {"delete": after(0)}}), "enabled": False},
    rule("appended", {"baseBlob": {"delete": after(2)}}, blobTypes=["appendBlob"]),
]}


def accounts(policy: pathlib.Path, tracking: bool = True) -> list[dict]:
    keys = blobgate_daemon.ACCOUNTS
    return [{"name": "acct1", "keys": [keys["acct1"]], "lifecycle_policy_file": str(policy),
             "last_access_time_tracking": tracking},
            {"name": "versioned", "keys": [keys["versioned"]], "versioning": True,
             "lifecycle_policy_file": str(policy)},
            {"name": "acct2", "keys": [keys["acct2"]]}]


@pytest.fixture
def policy(tmp_path):
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(POLICY))
    return file


@pytest.fixture
def clocked(policy):
    config = {"background": {"lifecycle_interval": 1}, "accounts": accounts(policy)}
    daemon = blobgate_daemon.Daemon(config)
    clock = ShiftedClock(daemon)
    with daemon:
        yield daemon, clock
        assert daemon.stop() == 0, daemon.log_tail()
        assert fsck.run(daemon.data_directory)[0] == fsck.CLEAN


def tier_of(client, container: str, name: str) -> str | None:
    """None when it is gone."""
    answer = client.request("HEAD", container, name)
    return answer.headers.get("x-ms-access-tier") if answer.status == 200 else None


def accessed(response) -> datetime.datetime:
    return email.utils.parsedate_to_datetime(response.headers["x-ms-last-access-time"])


def test_blobs_grow_cold_and_go(clocked):
    _, clock = clocked
    client = clock.client()
    client.create_container("aging")
    before = client.put_blob("aging", "log/a", b"1").headers
    client.put_blob("aging", "other", b"1")
    client.put_blob("aging", "log/leased", b"1")
    lease = client.expect(201, "PUT", "aging", "log/leased", comp="lease", headers={
        "x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1"}).headers["x-ms-lease-id"]
    for days, tier in ((11, "Cool"), (21, "Cold"), (31, "Archive"), (41, None)):
        clock.set(datetime.timedelta(days=days))
        wait_for(lambda: tier_of(client, "aging", "log/a") == tier, f"{tier} after {days} days")
        if tier:
            head = client.head("aging", "log/a").headers
            assert (head["ETag"], head["Last-Modified"]) == (before["ETag"],
                                                             before["Last-Modified"])
    assert tier_of(client, "aging", "other") == "Hot", "no rule is about it"
    assert tier_of(client, "aging", "log/leased") == "Hot", "its lease is respected"
    client.expect(200, "PUT", "aging", "log/leased", comp="lease", headers={
        "x-ms-lease-action": "release", "x-ms-lease-id": lease})
    wait_for(lambda: tier_of(client, "aging", "log/leased") is None, "the lease is over")


def test_a_write_begins_the_time_anew(clocked):
    _, clock = clocked
    client = clock.client()
    client.create_container("aging")
    client.put_blob("aging", "log/w", b"1")
    client.put_blob("aging", "log/x", b"1")
    clock.set(datetime.timedelta(days=9))
    client.expect(200, "PUT", "aging", "log/w", comp="metadata", headers={"x-ms-meta-a": "1"})
    clock.set(datetime.timedelta(days=12))
    wait_for(lambda: tier_of(client, "aging", "log/x") == "Cool", "the other is cool")
    assert tier_of(client, "aging", "log/w") == "Hot"


def test_tags_types_and_other_accounts(clocked):
    _, clock = clocked
    client, other = clock.client(), clock.client("acct2")
    for each in (client, other):
        each.create_container("tagged")
        each.put_blob("tagged", "goes", b"1", {"x-ms-tags": "keep=no&x=1"})
        each.put_blob("tagged", "stays", b"1", {"x-ms-tags": "keep=yes"})
        each.put_blob("tagged", "plain", b"1")
        each.expect(201, "PUT", "tagged", "appended", headers={"x-ms-blob-type": "AppendBlob"})
        each.expect(201, "PUT", "tagged", "pages", headers={
            "x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": "512"})
    clock.advance(days=6)
    wait_for(lambda: client.names("tagged") == ["pages", "plain", "stays"], "two are gone")
    assert len(other.names("tagged")) == 5


def test_snapshots_and_versions(clocked):
    _, clock = clocked
    client, versioned = clock.client(), clock.client("versioned")
    client.create_container("con")
    client.put_blob("con", "b", b"1")
    client.expect(201, "PUT", "con", "b", comp="snapshot")
    versioned.create_container("con")
    versioned.put_blob("con", "b", b"1")
    versioned.put_blob("con", "b", b"2")
    assert len(client.names("con", include="snapshots")) == 2
    clock.advance(days=4)
    wait_for(lambda: client.names("con", include="snapshots") == ["b"], "the snapshot goes")
    wait_for(lambda: versioned.names("con", include="versions") == ["b"], "the version goes")
    assert versioned.get("con", "b") == b"2"


def test_last_access_time(clocked):
    _, clock = clocked
    client = clock.client()
    client.create_container("con")
    client.put_blob("con", "b", b"0123")
    first = accessed(client.head("con", "b"))
    assert abs(first - clock.now()) < datetime.timedelta(seconds=60)
    clock.advance(hours=23)
    client.get("con", "b")
    etag = client.head("con", "b").headers["ETag"]
    assert accessed(client.head("con", "b")) == first, "not twice within 24 hours"
    clock.advance(hours=2)
    client.head("con", "b")
    client.get("con", "b", {"Range": "bytes=0-1"})
    wait_for(lambda: accessed(client.head("con", "b")) > first, "the read is noted")
    read = client.expect(200, "GET", "con", "b")
    assert abs(accessed(read) - clock.now()) < datetime.timedelta(seconds=60)
    assert read.headers["ETag"] == etag
    item = next(client.list_blobs("con"))
    assert item.properties["LastAccessTime"] == read.headers["x-ms-last-access-time"]
    # Not where it is not tracked.
    other = clock.client("acct2")
    other.create_container("con")
    other.put_blob("con", "b", b"1")
    assert "x-ms-last-access-time" not in other.expect(200, "GET", "con", "b").headers
    assert "LastAccessTime" not in next(other.list_blobs("con")).properties


def test_unread_blobs_cool_down_and_warm_up_when_read(clocked):
    _, clock = clocked
    client = clock.client()
    client.create_container("read")
    client.put_blob("read", "unread", b"1")
    client.put_blob("read", "read", b"1")
    clock.advance(days=6)
    first = accessed(client.head("read", "read"))
    client.get("read", "read")
    wait_for(lambda: accessed(client.head("read", "read")) > first, "the read is noted")
    clock.advance(days=2)
    wait_for(lambda: tier_of(client, "read", "unread") == "Cool", "what nobody reads is cool")
    assert tier_of(client, "read", "read") == "Hot"
    client.get("read", "unread")
    wait_for(lambda: tier_of(client, "read", "unread") == "Hot", "it was read")


def test_access_times_from_before_tracking_do_not_count(clocked, policy):
    """A blob that was last written long before tracking began counts as read at its beginning."""
    daemon, clock = clocked
    daemon.restart({"accounts": accounts(policy, tracking=False)})
    client = clock.client()
    client.create_container("read")
    client.put_blob("read", "old", b"1")
    clock.advance(days=20)
    daemon.restart({"accounts": accounts(policy)})
    clock.advance(days=6)
    client.put_blob("read", "marker", b"1")
    assert tier_of(client, "read", "old") == "Hot"
    clock.advance(days=2)
    wait_for(lambda: tier_of(client, "read", "old") == "Cool", "a week after tracking began")


@pytest.mark.parametrize("text, message", [
    ("", "not one JSON object"), ("[]", "not one JSON object"), ('{"rules": 1}', "must be a list"),
    (json.dumps({"rules": [rule("r", {})]}), "no action"),
    (json.dumps({"rules": [rule("r", {"baseBlob": {"delete": after(1)}}, blobTypes=["x"])]}),
     "blobTypes"),
    (json.dumps({"rules": POLICY["rules"] + POLICY["rules"][:1]}), "twice"),
])
def test_a_bad_policy_stops_the_start(tmp_path, text, message):
    policy = tmp_path / "policy.json"
    policy.write_text(text)
    daemon = blobgate_daemon.Daemon({"accounts": [
        {"name": "acct1", "keys": [blobgate_daemon.ACCOUNTS["acct1"]],
         "lifecycle_policy_file": str(policy)}]})
    with pytest.raises(RuntimeError, match=re.escape(message)), daemon:
        pass
