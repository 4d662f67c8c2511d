"""fsck, scrub, snapshot and verify as their user runs them, and the daemon's admin socket."""
import os
import shutil
import stat
import subprocess
import threading

import admin
import blobgate_daemon
import fsck
import pytest
import test_data


@pytest.fixture
def own():
    """A daemon of the test's own, with a few blobs."""
    with blobgate_daemon.Daemon({"access_log": "off"}) as running:
        client = running.client()
        client.create_container("con")
        for index, size in enumerate((1, 5000, 40_000, 900_000)):
            client.put_blob("con", f"b{index}", test_data.content(size, index))
        yield running


def command(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([str(blobgate_daemon.find_binary()), *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)


def check_content(client, first: int = 0) -> None:
    for index, size in list(enumerate((1, 5000, 40_000, 900_000)))[first:]:
        assert client.get("con", f"b{index}") == test_data.content(size, index)


def flip(path, position: int) -> None:
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 4]))


def extent_of(report: dict, blob: str) -> dict:
    return next(e for e in report["extent_list"]
                if any(use["blob"] == blob for use in e["used_by"]))


def test_fsck_refuses_a_store_in_use(own):
    code, _ = fsck.run(own.data_directory)
    assert code == fsck.NOT_RUN


def test_fsck_needs_a_store(tmp_path):
    code, _ = fsck.run(tmp_path / "nothing")
    assert code == fsck.NOT_RUN
    assert not (tmp_path / "nothing").exists()


@pytest.mark.skipif("BLOBGATE_TEST_ENCRYPTION" in os.environ,
                    reason="the salt of an extent moves its bytes by 32")
def test_fsck_names_the_blob_and_the_bytes(own):
    own.stop()
    code, report = fsck.run(own.data_directory, "--data", "--list-extents")
    assert code == fsck.CLEAN
    assert (report["containers"], report["blobs"], report["findings"]) == (1, 4, [])
    extent = extent_of(report, "b3")
    flip(own.data_directory / "segments" / f"{extent['segment']:016x}.seg",
         extent["position"] + 100_000)
    code, report = fsck.run(own.data_directory, "--data")
    assert code == fsck.DAMAGED
    [finding] = report["findings"]
    [bytes_] = finding["affects"]
    assert (bytes_["account"], bytes_["container"], bytes_["blob"]) == ("acct1", "con", "b3")
    assert bytes_["offset"] <= 100_000 < bytes_["offset"] + bytes_["length"]
    assert bytes_["size"] == 900_000
    assert fsck.run(own.data_directory)[0] == fsck.CLEAN, "without --data only what describes them"
    code, report = fsck.run(own.data_directory, "--data", "--repair")
    assert code == fsck.DAMAGED, "no repair brings bytes back"
    text = command("fsck", "--data-dir", own.data_directory, "--data")
    assert text.returncode == fsck.DAMAGED and "acct1/con/b3: bytes 98304 to" in text.stdout


def test_fsck_removes_a_stray_file(own):
    own.stop()
    stray = own.data_directory / "segments" / f"{0xabc:016x}.seg"
    stray.write_bytes(b"x" * 5000)
    assert fsck.run(own.data_directory)[0] == fsck.CLEAN
    assert fsck.run(own.data_directory, "--repair")[0] == fsck.REPAIRED
    assert not stray.exists()
    own.start()
    check_content(own.client())


def test_admin_socket(own):
    path = own.data_directory / "admin.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    stats = admin.ask(own, b'{"command": "stats"}\n')
    assert stats["ok"] and stats["result"]["live_bytes"] > 900_000
    for figure in ("garbage_bytes", "reclaimed_bytes", "holes_punched", "rewritten_segments",
                   "rewritten_bytes"):
        assert stats["result"][figure] >= 0
    for bad in (b"\n", b"{}\n", b"[1]\n", b'{"command": 1}\n', b'{"command": "no"}\n',
                b'{"command": "snapshot"}\n', b'{"command": "snapshot", "target": "x"}\n'):
        answer = admin.ask(own, bad)
        assert not answer["ok"] and answer["error"]["code"] and answer["error"]["message"]
    own.stop()
    assert not path.exists()
    own.start()
    own.kill()
    own.start()
    assert admin.ask(own, b'{"command": "stats"}\n')["ok"], "a socket left by a kill is replaced"


def test_scrub_by_the_daemon(own):
    before = admin.ask(own, b'{"command": "stats"}\n')["result"]
    assert command("scrub", "--data-dir", own.data_directory).returncode == 0
    deadline = threading.Event()
    for _ in range(600):
        stats = admin.ask(own, b'{"command": "stats"}\n')["result"]
        if stats["scrubbed_bytes"] - before["scrubbed_bytes"] > 900_000:
            break
        deadline.wait(0.1)
    assert stats["scrubbed_bytes"] - before["scrubbed_bytes"] > 900_000
    assert stats["damaged_extents"] == 0
    own.stop()
    assert command("scrub", "--data-dir", own.data_directory).returncode == fsck.CLEAN


def take_snapshot(own, target) -> None:
    taken = command("snapshot", "--data-dir", own.data_directory, "--to", target)
    assert taken.returncode == 0, taken.stderr
    verified = command("verify", target)
    assert verified.returncode == fsck.CLEAN, verified.stdout


def restore(own, snapshot) -> None:
    shutil.rmtree(own.data_directory)
    shutil.copytree(snapshot, own.data_directory)


def test_snapshot_while_it_serves_and_restore(own, tmp_path):
    own.restart()  # so that there are sealed segments
    client = own.client()
    client.put_blob("con", "b4", b"in the active segment")
    stop = threading.Event()

    def write() -> None:
        writer = own.client()
        number = 0
        while not stop.is_set():
            writer.put_blob("con", f"w{number % 7}", test_data.content(30_000, number))
            number += 1

    thread = threading.Thread(target=write)
    thread.start()
    take_snapshot(own, tmp_path / "snap")
    stop.set()
    thread.join()
    for index in range(4):
        client.put_blob("con", f"b{index}", b"replaced")
    client.put_blob("con", "later", b"x")
    again = command("snapshot", "--data-dir", own.data_directory, "--to", tmp_path / "snap")
    assert again.returncode == 1 and "not empty" in again.stderr
    own.stop()
    assert fsck.run(own.data_directory, "--data")[0] == fsck.CLEAN
    assert command("verify", tmp_path / "snap").returncode == fsck.CLEAN
    restore(own, tmp_path / "snap")
    own.start()
    client = own.client()
    check_content(client)
    assert client.get("con", "b4") == b"in the active segment"
    assert not client.exists("con", "later")


def test_snapshot_of_a_stopped_store(own, tmp_path):
    own.stop()
    take_snapshot(own, tmp_path / "snap")
    restore(own, tmp_path / "snap")
    own.start()
    check_content(own.client())
