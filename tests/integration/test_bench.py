"""`blobgate bench` against a daemon: it does what it was told, tells of it, and outlives the server's
refusals."""
import json
import subprocess

import blobgate_daemon
import pytest


def bench(daemon, container: str, tls: bool, *options: str) -> tuple[int, dict]:
    scheme = "https" if tls else "http"
    url = f"{scheme}://127.0.0.1:{daemon.ports[tls]}/acct1/{container}"
    done = subprocess.run(
        [blobgate_daemon.find_binary(), "bench", url, "--account", "acct1", "--sas",
         daemon.account_sas(), "--ca-file", daemon.ca_file, "--json", "-", *options],
        stdout=subprocess.PIPE, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_a_mix_does_what_it_was_told(daemon, tls):
    container = f"bench-{tls}".lower()
    code, report = bench(daemon, container, tls, "--prepare", "--blobs", "20", "--size", "4KiB",
                         "--mix", "get=2,head=1,put=1", "--verify", "--connections", "4",
                         "--seconds", "1")
    assert code == 0, report
    assert report["requests"] > 0 and not report["failures"]
    names = [blob.name for blob in daemon.client().list_blobs(container)]
    assert len(names) > 20  # those of --prepare, and those that were put
    assert report["latency_us"]["p50"] <= report["latency_us"]["p99"]


def test_what_fails_is_told(daemon):
    code, report = bench(daemon, "no-such-container", False, "--blobs", "5", "--mix", "get=1",
                         "--connections", "2", "--seconds", "1")
    assert code == 1
    assert sum(report["failures"].values()) > 0
    assert all("404" in failure for failure in report["failures"]), report["failures"]


def test_slow_heads_that_are_cut_off_come_again(daemon):
    code, report = bench(daemon, "crowd", True, "--prepare", "--blobs", "1", "--size", "100", "--mix",
                         "get=1", "--connections", "1", "--slow-heads", "300", "--slow-rate", "100",
                         "--seconds", "9")
    assert code == 0, report
    assert report["crowd_left"] == 300
    # The server gives each head two seconds, and then hears it out for five.
    assert report["crowd_returned"] >= 300
