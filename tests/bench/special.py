"""Rows that are not one load: listings, copies, AzCopy, memory, fairness. Each function takes the
context and the name of a contestant and gives a Sample, or None when that one has no such thing."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import time

import azcopy
import blob_client
import blobgate_daemon
import rows
from sample import Sample
from servers import ACCOUNT, Servers

PAGE = 5000


@dataclasses.dataclass
class Context:
    servers: Servers
    directory: pathlib.Path
    seconds: float
    kept: dict = dataclasses.field(default_factory=dict)  # what later samples need again


# Listings.


def filled(context: Context, container: str, count: int) -> blob_client.BlobClient:
    """A client of blobgate after `container` got `count` blobs f/000000000 and on."""
    server = context.servers["blobgate"]
    if container not in context.kept:
        fill = blobgate_daemon.find_binary().parents[1] / "tests" / "fill_store"
        if not fill.exists():
            raise RuntimeError(f"{fill} is not built: cmake --build --preset release "
                               "--target fill_store")
        server.daemon.client().create_container(container)
        server.daemon.stop()
        subprocess.run([fill, server.data_directory, ACCOUNT, container, str(count)], check=True)
        server.daemon.start()
        context.kept[container] = True
    return server.daemon.client()


def page_times(client: blob_client.BlobClient, container: str, **query: str) -> list[float]:
    """Seconds of each full page, in order; bytes are read, not parsed."""
    took, marker = [], ""
    while True:
        if marker:
            query["marker"] = marker
        began = time.perf_counter()
        body = client.expect(200, "GET", container, restype="container", comp="list",
                             maxresults=str(PAGE), **query).body
        spent = time.perf_counter() - began
        found = re.search(rb"<NextMarker>([^<]*)", body[-2000:])
        marker = found[1].decode() if found else ""
        if not marker:
            return took
        took.append(spent)


def million(context: Context, **query: str) -> list[float]:
    return page_times(filled(context, "million", 1_000_000), "million", **query)


def list_rate(context: Context, _: str) -> Sample:
    took = million(context)
    return Sample(PAGE * len(took) / sum(took))


def list_position(context: Context, _: str) -> Sample:
    took = million(context)
    tenth = len(took) // 10
    tenths = [statistics.median(took[i * tenth:(i + 1) * tenth]) for i in range(10)]
    return Sample(max(tenths) / min(tenths))


def small_page(context: Context) -> float:
    client = filled(context, "tenthousand", 10_000)
    return statistics.median(t for _ in range(20) for t in page_times(client, "tenthousand"))


def list_size(context: Context, _: str) -> Sample:
    return Sample(statistics.median(million(context)) / small_page(context))


def list_delimiter(context: Context, _: str) -> Sample:
    plain = statistics.median(million(context, prefix="f/"))
    return Sample(statistics.median(million(context, prefix="f/", delimiter="/")) / plain)


def list_ten_million(context: Context, _: str) -> Sample:
    client = filled(context, "tenmillion", 10_000_000)
    took = page_times(client, "tenmillion")
    return Sample(statistics.median(took) / small_page(context))


# Clients and copies.


def azcopy_tree(context: Context) -> pathlib.Path:
    tree = context.directory / "tree"
    if not tree.exists():
        tree.mkdir()
        for index in range(1000):
            (tree / f"{index:04}").write_bytes(os.urandom(rows.MIB))
    return tree


def run_azcopy(context: Context, name: str, *arguments: str) -> float:
    """MB/s of a transfer of the tree."""
    home = context.directory / "azcopy"
    tool = azcopy.AzCopy(context.servers["blobgate"].daemon, home)
    began = time.monotonic()
    done = tool.run("copy", *arguments, "--recursive", "--from-to",
                    "LocalBlob" if arguments[0].startswith("/") else "BlobLocal", timeout=3600)
    took = time.monotonic() - began
    if done.code != 0 or done.count("TransfersCompleted") != 1000:
        raise RuntimeError(f"{name}: {done.describe()}")
    return 1000 * rows.MIB / took / 1e6


def azcopy_url(context: Context, name: str, path: str) -> str:
    server = context.servers[name]
    return f"{server.url(path, False)}?{server.arguments()[1]}"


def azcopy_up(context: Context, name: str) -> Sample:
    load = dataclasses.replace(rows.SMALL, dataset="azcopy", blobs=1)
    context.servers.bench(name, load, 0)  # makes the container
    return Sample(run_azcopy(context, name, f"{azcopy_tree(context)}",
                             azcopy_url(context, name, "azcopy")))


def azcopy_down(context: Context, name: str) -> Sample:
    if ("azcopy", name) not in context.kept:
        azcopy_up(context, name)
        context.kept["azcopy", name] = True
    into = context.directory / "back"
    try:
        return Sample(run_azcopy(context, name, azcopy_url(context, name, "azcopy/tree"),
                                 str(into)))
    finally:
        shutil.rmtree(into, ignore_errors=True)


def copy_large(context: Context, _: str) -> Sample:
    load = rows.Load("large", "get=1", "10GiB", 1, 1)
    context.servers.bench("blobgate", load, 0)
    daemon = context.servers["blobgate"].daemon
    source = daemon.url(ACCOUNT, "large", "10GiB-000000000", daemon.account_sas(),
                        host_style=False)
    client = daemon.client()
    client.head("large", "10GiB-000000000")  # connects
    began = time.perf_counter()
    answer = client.expect(202, "PUT", "large", f"copy-{time.monotonic_ns()}",
                           headers={"x-ms-copy-source": source})
    took = (time.perf_counter() - began) * 1000
    if answer.headers["x-ms-copy-status"] != "success":
        raise RuntimeError(f"copy is {answer.headers['x-ms-copy-status']}")
    return Sample(took)


# Memory: the resident size of the whole process tree.


def children(pid: int) -> list[int]:
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found += [int(stat.parent.name), *children(int(stat.parent.name))]
    return found


def resident_mib(pid: int) -> float:
    total = 0
    for member in (pid, *children(pid)):
        for line in pathlib.Path(f"/proc/{member}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total / 1024


def memory_idle(context: Context, name: str) -> Sample:
    """Of a server just for this: the others have served."""
    fresh = Servers(context.directory / f"fresh-{name}-{time.monotonic_ns()}")
    try:
        server = fresh[name]
        time.sleep(1)
        return Sample(resident_mib(server.pid))
    finally:
        fresh.stop()
        shutil.rmtree(fresh.directory, ignore_errors=True)


def memory_connections(context: Context, name: str) -> Sample:
    fresh = Servers(context.directory / f"fresh-{name}-{time.monotonic_ns()}")
    try:
        server = fresh[name]
        port = int(re.search(r":(\d+)/", server.url("x", False))[1])
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(10_000)]
        time.sleep(1)
        size = resident_mib(server.pid)
        for connection in idle:
            connection.close()
        return Sample(size)
    finally:
        fresh.stop()
        shutil.rmtree(fresh.directory, ignore_errors=True)


def memory_ten_million(context: Context, _: str) -> Sample:
    page_times(filled(context, "tenmillion", 10_000_000), "tenmillion")
    return Sample(resident_mib(context.servers["blobgate"].pid))


# Fairness.


def fair_half_load(context: Context, name: str) -> Sample:
    """The rate is half of what this server did in a closed loop."""
    key = ("half", name)
    if key not in context.kept:
        best = context.servers.bench(name, rows.SMALL, context.seconds)
        context.kept[key] = best["requests_per_second"] / 2
    report = context.servers.bench(name, rows.SMALL, context.seconds, "--rate",
                                   f"{context.kept[key]:.0f}")
    return Sample(report["latency_us"]["p99.9"] / max(report["latency_us"]["p50"], 1),
                  failures=failures_of(report))


def fair_slow_clients(context: Context, name: str) -> Sample:
    """The slow ones read the blobs of another size, so that their answers do not fit in buffers."""
    load = dataclasses.replace(rows.SMALL, dataset="slow", size="4MiB", blobs=4)
    alone = context.servers.bench(name, dataclasses.replace(load, mix="head=1"), context.seconds)
    beside = context.servers.bench(name, dataclasses.replace(load, mix="head=1"), context.seconds,
                                   "--slow-readers", "10000", "--slow-rate", "1KiB")
    if beside["crowd_left"] < 10_000:
        return Sample(0, failures=f"{beside['crowd_left']} of 10,000 slow readers were left")
    return Sample(beside["requests_per_second"] / alone["requests_per_second"],
                  failures=failures_of(beside))


def failures_of(report: dict) -> str:
    text = ", ".join(f"{count} x {what}" for what, count in report["failures"].items())
    if report["unsent"]:
        text += f"{', ' if text else ''}{report['unsent']} due and not sent"
    return text
