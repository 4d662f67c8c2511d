"""The C library's copies: what the daemon sets for itself when it starts."""
import os
import pathlib

import blobgate_daemon
import pytest

SETTING = "glibc.cpu.x86_rep_movsb_threshold"
OWN = f"{SETTING}=0x40000000"


def is_expected() -> bool:
    """Copies of this C library are slow on this processor (src/base/copy_tuning.h)."""
    version = os.confstr("CS_GNU_LIBC_VERSION").split()[-1]  # of the tests' own, the daemon's too
    amd = "AuthenticAMD" in pathlib.Path("/proc/cpuinfo").read_text()
    return amd and tuple(map(int, version.split(".")[:2])) < (2, 40)


def tunables(daemon: blobgate_daemon.Daemon) -> list[str]:
    """The C library ends each with a zero as it reads them, in place."""
    memory = pathlib.Path(f"/proc/{daemon.pid}/environ").read_bytes().decode()
    if "GLIBC_TUNABLES=" not in memory:
        return []
    after = memory.partition("GLIBC_TUNABLES=")[2]
    return [part for part in after.replace(":", "\0").split("\0") if part.startswith("glibc.")]


@pytest.mark.parametrize("before", ["", "glibc.malloc.arena_max=3", f"{SETTING}=8192"])
def test_of_what_the_daemon_is_started_with_nothing_is_lost(before):
    daemon = blobgate_daemon.Daemon()
    daemon.environment["GLIBC_TUNABLES"] = before  # nothing of the tests' own
    with daemon:
        wanted = [before] if before else []
        if is_expected() and SETTING not in before:
            wanted.append(OWN)
        assert tunables(daemon) == wanted
        process = pathlib.Path(f"/proc/{daemon.pid}")
        assert (process / "comm").read_text().strip() == blobgate_daemon.find_binary().name[:15]
        assert b"serve" in (process / "cmdline").read_bytes().split(b"\0")
        client = daemon.client()
        client.create_container("copies")
        client.put_blob("copies", "b", b"x" * 100_000)
        assert client.get("copies", "b") == b"x" * 100_000
