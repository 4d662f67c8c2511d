"""Rows that are not one load: listings, copies, AzCopy, memory, fairness. Each function takes the
context and the name of a contestant and gives a Sample, or None when that one has no such thing."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import resource
import shutil
import socket
import statistics
import time

import azcopy
import blob_client
import rows
import store_filler
from sample import Sample
from servers import ACCOUNT, Servers

PAGE = 5000


@dataclasses.dataclass
class Context:
    servers: Servers
    directory: pathlib.Path
    seconds: float
    kept: dict = dataclasses.field(default_factory=dict)  # what later samples need again

    def start_over(self) -> None:
        """With empty servers and disk; figures of transfers stay."""
        self.servers.start_over()
        shutil.rmtree(self.directory / "trees", ignore_errors=True)
        self.kept = {key: value for key, value in self.kept.items() if key[0] == "transfers"}


# Listings.


def filled(context: Context, container: str, count: int) -> blob_client.BlobClient:
    """A client of blobgate after `container` got `count` blobs f/000000000 and on."""
    server = context.servers["blobgate"]
    if container not in context.kept:
        server.daemon.client().create_container(container)
        server.daemon.stop()
        store_filler.fill(server.data_directory, ACCOUNT, container, count)
        server.daemon.start()
        context.kept[container] = True
    return server.daemon.client()


def page(client: blob_client.BlobClient, container: str, marker: str,
         **query: str) -> tuple[float, str]:
    """Seconds of one page, which is read and not parsed, and the next marker. Raises when a page
    but the last is not full."""
    if marker:
        query["marker"] = marker
    began = time.perf_counter()
    body = client.expect(200, "GET", container, restype="container", comp="list",
                         maxresults=str(PAGE), **query).body
    spent = time.perf_counter() - began
    found = re.search(rb"<NextMarker>([^<]*)", body[-2000:])
    if found and (names := body.count(b"<Name>")) != PAGE:
        raise RuntimeError(f"{container}: a page of {names}, not {PAGE}")
    return spent, found[1].decode() if found else ""


def page_times(client: blob_client.BlobClient, container: str, **query: str) -> dict[str, float]:
    """Seconds of each full page by its marker, in order."""
    took, marker = {}, ""
    while True:
        spent, following = page(client, container, marker, **query)
        if not following:
            return took
        took[marker] = spent
        marker = following


def million(context: Context, **query: str) -> list[float]:
    return list(page_times(filled(context, "million", 1_000_000), "million", **query).values())


def list_rate(context: Context, _: str) -> Sample:
    took = million(context)
    return Sample(PAGE * len(took) / sum(took))


def list_position(context: Context, _: str) -> Sample:
    """The tenths take turns, page by page: the machine's speed changes from second to second."""
    client = filled(context, "million", 1_000_000)
    markers = list(page_times(client, "million"))
    tenth = len(markers) // 10
    tenths = [[] for _ in range(10)]
    for i in range(tenth):
        for place, took in enumerate(tenths):
            took.append(page(client, "million", markers[place * tenth + i])[0])
    medians = [statistics.median(took) for took in tenths]
    return Sample(max(medians) / min(medians))


def small_page(context: Context) -> float:
    client = filled(context, "tenthousand", 10_000)
    return statistics.median(t for _ in range(20)
                             for t in page_times(client, "tenthousand").values())


def list_size(context: Context, _: str) -> Sample:
    return Sample(statistics.median(million(context)) / small_page(context))


def list_delimiter(context: Context, _: str) -> Sample:
    plain = statistics.median(million(context, prefix="f/"))
    return Sample(statistics.median(million(context, prefix="f/", delimiter="/")) / plain)


def list_ten_million(context: Context, _: str) -> Sample:
    client = filled(context, "tenmillion", 10_000_000)
    took = page_times(client, "tenmillion")
    return Sample(statistics.median(took.values()) / small_page(context))


# Clients and copies.


@dataclasses.dataclass(frozen=True)
class Files:
    """What AzCopy transfers."""
    name: str
    count: int
    size: int

    @property
    def bytes(self) -> int:
        return self.count * self.size


SMALL_FILES = Files("small", 50_000, 16 * rows.KIB)
FEW_SMALL_FILES = Files("few", 2_000, 16 * rows.KIB)  # for a server that would take an hour
LARGE_FILE = Files("large", 1, 10 * rows.GIB)


def tree_of(context: Context, files: Files) -> pathlib.Path:
    tree = context.directory / "trees" / files.name
    if not tree.exists():
        tree.mkdir(parents=True)
        piece = min(files.size, 64 * rows.MIB)
        for index in range(files.count):
            with open(tree / f"{index:06}", "wb") as file:
                for _ in range(files.size // piece):
                    file.write(os.urandom(piece))
    return tree


@dataclasses.dataclass
class Transfer:
    seconds: float
    tool_cpu: float
    server_cpu: float


def run_azcopy(context: Context, name: str, files: Files, *arguments: str) -> Transfer:
    """A transfer of the files; errors when not all of them were."""
    tool = azcopy.AzCopy(context.servers["blobgate"].daemon, context.directory / "azcopy")
    pid = context.servers[name].pid
    server, own = cpu_seconds(pid), resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = tool.run("copy", *arguments, "--recursive", "--block-size-mb", "8",
                    "--log-level", "ERROR", "--from-to",
                    "LocalBlob" if arguments[0].startswith("/") else "BlobLocal", timeout=3600)
    took = time.monotonic() - began
    if done.code != 0 or done.count("TransfersCompleted") != files.count:
        raise RuntimeError(f"{name}: {done.describe()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    tool_cpu = after.ru_utime + after.ru_stime - own.ru_utime - own.ru_stime
    return Transfer(took, tool_cpu, cpu_seconds(pid) - server)


def azcopy_url(context: Context, name: str, path: str) -> str:
    server = context.servers[name]
    return f"{server.url(path, False)}?{server.arguments()[1]}"


def upload(context: Context, name: str, files: Files) -> Transfer:
    load = dataclasses.replace(rows.SMALL, dataset="azcopy", blobs=1)
    context.servers.bench(name, load, 0)  # makes the container
    done = run_azcopy(context, name, files, f"{tree_of(context, files)}",
                      azcopy_url(context, name, "azcopy"))
    context.kept["azcopy", name, files.name] = True
    return done


def download(context: Context, name: str, files: Files) -> Transfer:
    if ("azcopy", name, files.name) not in context.kept:
        upload(context, name, files)
    into = context.directory / "back"
    try:
        return run_azcopy(context, name, files,
                          azcopy_url(context, name, f"azcopy/{files.name}"), str(into))
    finally:
        shutil.rmtree(into, ignore_errors=True)


def small_files(name: str) -> Files:
    return FEW_SMALL_FILES if name == "azurite" else SMALL_FILES


def transferred(context: Context, name: str, files: Files, way) -> Transfer:
    """Rows of speed and of CPU are of the same transfers: this keeps them for the second row."""
    done = way(context, name, files)
    context.kept.setdefault(("transfers", name, files.name, way.__name__), []).append(done)
    return done


def cpu_of_transfers(context: Context, name: str, files: Files, way) -> Sample:
    earlier = context.kept.get(("transfers", name, files.name, way.__name__), [])
    done = earlier.pop() if earlier else way(context, name, files)
    return Sample(done.server_cpu / done.tool_cpu)


def azcopy_small_up(context: Context, name: str) -> Sample:
    files = small_files(name)
    return Sample(files.count / transferred(context, name, files, upload).seconds)


def azcopy_small_down(context: Context, name: str) -> Sample:
    files = small_files(name)
    return Sample(files.count / transferred(context, name, files, download).seconds)


def azcopy_small_up_cpu(context: Context, name: str) -> Sample:
    return cpu_of_transfers(context, name, SMALL_FILES, upload)


def azcopy_small_down_cpu(context: Context, name: str) -> Sample:
    return cpu_of_transfers(context, name, SMALL_FILES, download)


def azcopy_large_up(context: Context, name: str) -> Sample:
    done = transferred(context, name, LARGE_FILE, upload)
    return Sample(LARGE_FILE.bytes / done.seconds / 1e9)


def azcopy_large_down(context: Context, name: str) -> Sample:
    done = transferred(context, name, LARGE_FILE, download)
    return Sample(LARGE_FILE.bytes / done.seconds / 1e9)


def azcopy_large_up_cpu(context: Context, name: str) -> Sample:
    return cpu_of_transfers(context, name, LARGE_FILE, upload)


def azcopy_large_down_cpu(context: Context, name: str) -> Sample:
    return cpu_of_transfers(context, name, LARGE_FILE, download)


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


def cpu_seconds(pid: int) -> float:
    """Of the process and its children, so far."""
    ticks = 0
    for member in (pid, *children(pid)):
        fields = pathlib.Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


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
        time.sleep(1)
        before = resident_mib(server.pid)
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(10_000)]
        time.sleep(1)
        size = resident_mib(server.pid) - before
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


def at_half_load(context: Context, name: str) -> dict:
    """The report of an open loop at half of what this server did in a closed one."""
    key = ("half", name)
    if key not in context.kept:
        best = context.servers.bench(name, rows.FAIR, context.seconds)
        context.kept[key] = best["requests_per_second"] / 2
    return context.servers.bench(name, rows.FAIR, context.seconds, "--rate",
                                 f"{context.kept[key]:.0f}")


def fair_half_load(context: Context, name: str) -> Sample:
    report = at_half_load(context, name)
    return Sample(report["latency_us"]["p99.9"] / max(report["latency_us"]["p50"], 1),
                  failures=failures_of(report))


def fair_slow_clients(context: Context, name: str) -> Sample:
    """The slow ones, of a second load generator, read blobs that do not fit into buffers."""
    alone = at_half_load(context, name)
    slow = dataclasses.replace(rows.FAIR, dataset="slow", size="4MiB", blobs=4, connections=1)
    context.servers.bench(name, slow, 0)  # the blobs are there
    with concurrent.futures.ThreadPoolExecutor() as pool:
        crowd = pool.submit(context.servers.bench, name, slow, context.seconds + 12, "--rate", "1",
                            "--slow-readers", "10000", "--slow-rate", "1KiB")
        time.sleep(6)  # until they are connected
        beside = at_half_load(context, name)
        left = crowd.result()["crowd_left"]
    if left < 10_000:
        return Sample(0, failures=f"{left} of 10,000 slow readers were left")
    return Sample(beside["latency_us"]["p99"] / max(alone["latency_us"]["p99"], 1),
                  failures=failures_of(beside))


def fair_uploads(context: Context, name: str) -> Sample:
    few = dataclasses.replace(rows.FAIR, connections=4)
    uploads = dataclasses.replace(rows.BLOCKS, dataset="uploads", connections=200)
    context.servers.bench(name, few, 0)
    context.servers.bench(name, uploads, 0)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        crowd = pool.submit(context.servers.bench, name, uploads, context.seconds + 3)
        time.sleep(2)  # until all of them upload
        report = context.servers.bench(name, few, context.seconds, "--rate", "200")
        failures = [failures_of(report), failures_of(crowd.result())]
    return Sample(report["latency_us"]["p99"], failures=", ".join(filter(None, failures)))


def failures_of(report: dict) -> str:
    text = ", ".join(f"{count} x {what}" for what, count in report["failures"].items())
    if report["unsent"]:
        text += f"{', ' if text else ''}{report['unsent']} due and not sent"
    return text
