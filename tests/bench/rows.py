"""The rows of the comparison, as data. Names are what --rows matches."""

from __future__ import annotations

import dataclasses

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclasses.dataclass(frozen=True)
class Load:
    """Arguments of `blobgate bench`. Loads of one dataset share a container."""
    dataset: str
    mix: str
    size: str
    blobs: int
    connections: int
    tls: bool = False
    more: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Row:
    """`measure` is what is compared: requests/s, GB/s, us (median latency), cpu s/GiB. `peers` are
    contestants, the first is the one the ratio is of. `wanted` is a ratio ours/peer, or our figure
    itself when it is `absolute` or there are no peers: at least that when `higher`, otherwise at
    most. None: only reported."""
    name: str
    title: str
    measure: str
    load: Load | None = None
    peers: tuple[str, ...] = ()
    wanted: float | None = None
    higher: bool = True
    absolute: bool = False
    cold: bool = False  # caches are dropped before every measurement
    special: str = ""   # a function of special.py instead of a load
    large: bool = False  # only with --large: hours or tens of GiB
    emptied: bool = False  # it takes much of the disk: servers start over before and between


FAIR = Load("fair", "get=1", "4KiB", 2000, 64)
SMALL = Load("small", "get=1", "1KiB", 2000, 64)
CACHED = Load("cached", "range=1", "64MiB", 8, 64, more=("--range", "32KiB"))
WHOLE = Load("cached", "get=1", "64MiB", 8, 8)
COLD = Load("cold", "get=1", "64MiB", 96, 8, more=("--sequential", "--warmup", "0"))
BLOCKS = Load("written", "block=1", "8MiB", 1, 32, more=("--block", "8MiB", "--blocks", "8"))
PUT4K = Load("written", "put=1", "4KiB", 1, 64)


def both(name: str, title: str, measure: str, load: Load, http: float | None,
         https: float | None, peers=("nginx", "azurite"), higher=True) -> list[Row]:
    return [Row(name, f"{title}, HTTP", measure, load, peers, http, higher),
            Row(f"{name}-tls", f"{title}, HTTPS", measure, dataclasses.replace(load, tls=True),
                tuple(p for p in peers if p != "azurite"), https, higher)]


ROWS: list[Row] = [
    *both("get-1k", "GET of 1 KiB with SAS, 64 connections", "requests/s", SMALL, 1.0, 1.1),
    *both("head-1k", "HEAD with SAS, 64 connections", "requests/s",
          dataclasses.replace(SMALL, mix="head=1"), 1.0, 1.1),
    *both("range-c8", "GET of 32 KiB ranges of cached 64 MiB blobs, 8 connections", "requests/s",
          dataclasses.replace(CACHED, connections=8), 1.0, 1.2),
    *both("range-c64", "GET of 32 KiB ranges of cached 64 MiB blobs, 64 connections",
          "requests/s", CACHED, 1.0, 1.2),
    *both("get-64m", "GET of whole cached 64 MiB blobs, 8 connections", "GB/s", WHOLE, 1.3, 1.15),
    *both("cpu-range", "CPU of 32 KiB ranges, 64 connections", "cpu s/GiB", CACHED, 1.15, 0.9,
          ("nginx",), False),
    *both("cpu-64m", "CPU of whole 64 MiB blobs, 8 connections", "cpu s/GiB", WHOLE, None, 0.9,
          ("nginx",), False),
    Row("cold-64m", "GET of 64 MiB blobs that are not cached, 8 connections", "GB/s", COLD,
        ("fio-read-1m",), 0.9, cold=True),
    Row("cold-range", "GET of 32 KiB ranges that are not cached, 64 connections", "requests/s",
        dataclasses.replace(COLD, mix="range=1", connections=64,
                            more=("--range", "32KiB", "--range-alignment", "32KiB",
                                  "--warmup", "0")),
        ("fio-randread-32k",), 0.9, cold=True),
    Row("put-8m", "Put Block of 8 MiB, durable, 32 connections", "GB/s", BLOCKS,
        ("fio-write-8m", "fio-append-8m", "nginx", "azurite"), 0.9),
    Row("put-4k", "Put Blob of 4 KiB, durable, 64 connections", "requests/s", PUT4K,
        ("rocksdb", "nginx", "azurite"), 1.3),
    Row("put-4k-c1", "Put Blob of 4 KiB, durable, one connection, median, against "
        "1.3 x fdatasync + 100 us", "us", dataclasses.replace(PUT4K, connections=1),
        ("fdatasync-budget", "azurite"), 1.0, higher=False),
    Row("list-rate", "List Blobs, pages of 5,000, a container of a million", "names/s",
        special="list_rate", wanted=200_000),
    Row("list-position", "Slowest tenth of a million names over the fastest", "ratio",
        special="list_position", wanted=1.3, higher=False),
    Row("list-size", "Page of a million names over page of ten thousand", "ratio",
        special="list_size", wanted=1.3, higher=False),
    Row("list-delimiter", "Page of a million names with a delimiter over without", "ratio",
        special="list_delimiter", wanted=1.3, higher=False),
    Row("list-ten-million", "Page of ten million names over page of ten thousand", "ratio",
        special="list_ten_million", wanted=1.3, higher=False, large=True),
    Row("azcopy-small-up", "AzCopy upload of 50,000 files of 16 KiB (Azurite: of 2,000)", "files/s",
        special="azcopy_small_up", peers=("azurite",), wanted=10),
    Row("azcopy-small-down", "AzCopy download of the same", "files/s",
        special="azcopy_small_down", peers=("azurite",)),
    Row("azcopy-small-up-cpu", "The server's CPU over AzCopy's in that upload", "ratio",
        special="azcopy_small_up_cpu", wanted=1 / 3, higher=False),
    Row("azcopy-small-down-cpu", "The server's CPU over AzCopy's in that download", "ratio",
        special="azcopy_small_down_cpu", wanted=1 / 3, higher=False),
    Row("azcopy-large-up", "AzCopy upload of 10 GiB in blocks of 8 MiB", "GB/s",
        special="azcopy_large_up"),
    Row("azcopy-large-down", "AzCopy download of the same", "GB/s", special="azcopy_large_down"),
    Row("azcopy-large-up-cpu", "The server's CPU over AzCopy's in that upload", "ratio",
        special="azcopy_large_up_cpu", wanted=1 / 3, higher=False),
    Row("azcopy-large-down-cpu", "The server's CPU over AzCopy's in that download", "ratio",
        special="azcopy_large_down_cpu", wanted=1 / 3, higher=False),
    Row("copy-10g", "Copy Blob of 10 GiB in an account", "ms", special="copy_large", wanted=50,
        higher=False),
    Row("memory-idle", "Resident memory after start", "MiB", special="memory_idle", wanted=40,
        higher=False, absolute=True, peers=("nginx", "azurite")),
    Row("memory-connections", "Resident memory that 10,000 idle connections add", "MiB",
        special="memory_connections", wanted=80, higher=False, absolute=True, peers=("nginx",)),
    Row("memory-ten-million", "Resident memory with ten million blobs, after a listing", "MiB",
        special="memory_ten_million", wanted=1024, higher=False, large=True),
    Row("fair-half-load", "p99.9 over median at half of the highest rate, GET of 4 KiB", "ratio",
        special="fair_half_load", wanted=5, higher=False, absolute=True, peers=("nginx",)),
    Row("fair-slow-clients", "p99 at half of the highest rate beside 10,000 slow readers over without "
        "them, GET of 4 KiB", "ratio", special="fair_slow_clients", wanted=2, higher=False,
        absolute=True, peers=("nginx",)),
    Row("fair-uploads", "p99 of 200 GETs of 4 KiB a second beside 200 uploads of 8 MiB blocks", "us",
        special="fair_uploads", higher=False, peers=("nginx", "azurite"), emptied=True),
]
