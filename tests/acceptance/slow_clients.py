#!/usr/bin/env python3
"""10,000 clients at once that take their time, beside 32 that do not.

    tests/acceptance/slow_clients.py [--connections N] [--seconds S] [--limit-mib M] [KIND...]

Kinds: heads, bodies, readers (who send a head, send a body, take an answer slowly), all (a third of
each); each over plain HTTP and over TLS (heads-tls, ...). Without one: all of them. A fresh daemon
each time, its cache of content and its catalog's buffers full. Checked: its memory grows by less
than M MiB (256) at most, no request of the others fails, no reader is cut off. Told: the latency of
the others, alone and beside the crowd, and what the kernel's buffers take. BLOBGATE_BENCH: another
program for the load than the daemon's.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import blobgate_daemon  # noqa: E402

KINDS = [kind + tls for kind in ("heads", "bodies", "readers", "all") for tls in ("", "-tls")]
# Bytes a second of each: a head has 30 seconds, so this makes it 3 KiB long.
RATES = {"heads": "100", "bodies": "1KiB", "readers": "1KiB", "all": "100"}
failures = 0


def check(what: str, good: bool, figure: str) -> None:
    global failures
    print(f"{'ok    ' if good else 'FAILED'} {what}: {figure}", flush=True)
    failures += not good


def resident_mib(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def kernel_mib() -> float:
    """Of all TCP sockets of the machine."""
    text = pathlib.Path("/proc/net/sockstat").read_text()
    pages = int(text.split("TCP:")[1].split("\n")[0].split(" mem ")[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Watch:
    """The most that was seen of the daemon's memory and of the kernel's."""

    def __init__(self, pid: int):
        self._pid = pid
        self.resident, self.kernel = resident_mib(pid), kernel_mib()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            self.resident = max(self.resident, resident_mib(self._pid))
            self.kernel = max(self.kernel, kernel_mib())

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


class Load:
    def __init__(self, daemon: blobgate_daemon.Daemon, tls: bool):
        self._program = os.environ.get("BLOBGATE_BENCH") or str(blobgate_daemon.find_binary())
        scheme = "https" if tls else "http"
        self._url = f"{scheme}://127.0.0.1:{daemon.ports[tls]}/acct1/"
        self._common = ["--account", "acct1", "--sas", daemon.account_sas(),
                        "--ca-file", str(daemon.ca_file), "--json", "-"]

    def start(self, container: str, *options: str) -> subprocess.Popen:
        return subprocess.Popen([self._program, "bench", self._url + container, *self._common,
                                 *options], stdout=subprocess.PIPE, text=True)

    def run(self, container: str, *options: str) -> dict:
        return report_of(self.start(container, *options))


def report_of(process: subprocess.Popen) -> dict:
    text, _ = process.communicate()
    return json.loads(text) if text else {}


def others(load: Load, seconds: float, *more: str) -> dict:
    return load.run("others", "--connections", "32", "--blobs", "100", "--size", "4KiB",
                    "--mix", "get=9,put=1", "--overwrite", "--verify", "--rate", "500",
                    "--seconds", f"{seconds:g}", *more)


def latency(report: dict) -> str:
    us = report["latency_us"]
    return f"median {us['p50'] / 1000:.2f}, p99 {us['p99'] / 1000:.1f} ms"


def crowd_options(kind: str, count: int) -> list[str]:
    kinds = ("heads", "bodies", "readers") if kind == "all" else (kind,)
    options = [f"--slow-{one}={count // len(kinds)}" for one in kinds]
    return [*options, "--slow-rate", RATES[kind]]


def run(name: str, count: int, seconds: float, limit: float) -> None:
    kind, tls = name.removesuffix("-tls"), name.endswith("-tls")
    with blobgate_daemon.Daemon({"limits": {"max_connections": count + 1000}}) as daemon:
        load = Load(daemon, tls)
        # Pieces of these fill the cache of verified content, and what is put the catalog's
        # buffers, whose bounds are their own.
        load.run("crowd", "--prepare", "--blobs", "16", "--size", "4MiB", "--mix", "range=1",
                 "--range", "32KiB", "--connections", "8", "--seconds", "2")
        load.run("crowd", "--mix", "put=1", "--size", "4KiB", "--connections", "64", "--seconds", "5")
        alone = others(load, 5, "--prepare")
        before, kernel = resident_mib(daemon.pid), kernel_mib()
        watch = Watch(daemon.pid)
        crowd = load.start("crowd", *crowd_options(kind, count), "--blobs", "16", "--size", "4MiB",
                           "--connections", "1", "--rate", "1", "--seconds", f"{seconds * 2.5:g}")
        wanted = count // 3 * 3 if kind == "all" else count
        while crowd.poll() is None and open_files(daemon.pid) < wanted:
            time.sleep(0.1)
        time.sleep(seconds / 4)
        beside = others(load, seconds)
        seen = open_files(daemon.pid)
        left = report_of(crowd)
        watch.stop()
        added = watch.resident - before
        check(f"{name}: memory", added < limit, f"{added:.0f} MiB more than {before:.0f} MiB, "
              f"{added * 1024 / count:.1f} KiB a connection")
        check(f"{name}: the others", not beside.get("failures") and not beside.get("unsent"),
              f"{beside['requests']} requests, failed: {beside['failures'] or 'none'}; "
              f"{latency(beside)}; alone {latency(alone)}")
        check(f"{name}: the crowd", min(left.get("crowd_left", 0), seen) >= wanted,
              f"{left.get('crowd_left')} connections at the end, {left.get('crowd_returned', 0)} "
              f"times one was ended and came again; {seen} open files when the others were done")
        print(f"       {name}: {watch.kernel - kernel:.0f} MiB in the kernel's buffers, both ends",
              flush=True)


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--limit-mib", type=float, default=256)
    parser.add_argument("kinds", nargs="*", choices=[[], *KINDS], default=[])
    options = parser.parse_args()
    for name in options.kinds or KINDS:
        run(name, options.connections, options.seconds, options.limit_mib)
    print(f"{failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
