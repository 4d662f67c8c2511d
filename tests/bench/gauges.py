"""What the machine can do without a server: the disk by fio, RocksDB's synced writes, one
fdatasync, loopback sockets, OpenSSL's ciphers; and wrk as an outside witness of the client."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

from sample import Sample

PACKAGES = {"fio": "fio", "wrk": "wrk", "db_bench": "rocksdb-tools", "openssl": "openssl"}


def need(program: str) -> None:
    """Installs the Debian package of a program that is missing."""
    if shutil.which(program):
        return
    root = [] if os.geteuid() == 0 else ["sudo"]
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends",
                                          PACKAGES[program]]):
        subprocess.run([*root, "apt-get", *arguments], check=True, stdout=subprocess.DEVNULL)


def fio(directory: pathlib.Path, seconds: float, mode: str, size: str, jobs: int,
        *more: str) -> dict:
    need("fio")
    done = subprocess.run(
        ["fio", "--name=gauge", f"--directory={directory}", f"--rw={mode}", f"--bs={size}",
         f"--numjobs={jobs}", "--direct=1", "--ioengine=psync", "--group_reporting",
         "--time_based", f"--runtime={seconds:g}", "--output-format=json", *more],
        capture_output=True, text=True, check=True)
    return json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]


def without_files(directory: pathlib.Path, run):
    try:
        return run()
    finally:
        for file in directory.glob("gauge.*"):
            file.unlink()


READ_FILES, READ_SIZE = 8, "768m"  # as much as the dataset of the cold rows


def fio_read_1m(directory: pathlib.Path, seconds: float) -> Sample:
    """One file a job; the files stay for the next time."""
    job = fio(directory, seconds, "read", "1m", READ_FILES, f"--size={READ_SIZE}",
              "--filename_format=read.$jobnum")
    return Sample(job["read"]["bw_bytes"] / 1e9)


def fio_randread_32k(directory: pathlib.Path, seconds: float) -> Sample:
    """All jobs in all of those files."""
    if not (directory / f"read.{READ_FILES - 1}").exists():
        fio_read_1m(directory, 1)
    names = ":".join(f"read.{index}" for index in range(READ_FILES))
    job = fio(directory, seconds, "randread", "32k", 64, f"--filename={names}",
              f"--filesize={READ_SIZE}")
    return Sample(job["read"]["iops"])


def fio_write_8m(directory: pathlib.Path, seconds: float) -> Sample:
    """Over and over the same 2 GiB."""
    return without_files(directory, lambda: Sample(
        fio(directory, seconds, "write", "8m", 32, "--size=64m", "--fdatasync=1")
        ["write"]["bw_bytes"] / 1e9))


def fio_append_8m(directory: pathlib.Path, seconds: float) -> Sample:
    """The same into new blocks, which is what a store does that keeps what it is sent."""
    return without_files(directory, lambda: Sample(
        fio(directory, seconds, "write", "8m", 32, "--size=512m", "--fdatasync=1",
            "--fallocate=none")["write"]["bw_bytes"] / 1e9))


def rocksdb(directory: pathlib.Path, seconds: float) -> Sample:
    """db_bench: Put of 4 KiB with a synced log, 64 threads."""
    need("db_bench")
    home = directory / "rocksdb"
    done = subprocess.run(
        ["db_bench", "--benchmarks=fillrandom", "--sync=1", "--threads=64", "--value_size=4096",
         f"--duration={max(1, round(seconds))}", "--num=100000000", "--compression_type=none",
         f"--db={home}"], capture_output=True, text=True, check=True)
    shutil.rmtree(home, ignore_errors=True)
    found = re.search(r"fillrandom\s*:.*?(\d+) ops/sec", done.stdout)
    if not found:
        raise RuntimeError(f"db_bench: {done.stdout[-500:]}{done.stderr[-500:]}")
    return Sample(float(found[1]))


def fdatasync_us(directory: pathlib.Path, seconds: float) -> float:
    """The median of appending 4 KiB and one fdatasync."""
    path = directory / "gauge.sync"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    block, took, ends = os.urandom(4096), [], time.monotonic() + seconds
    while time.monotonic() < ends:
        os.write(descriptor, block)
        began = time.perf_counter()
        os.fdatasync(descriptor)
        took.append((time.perf_counter() - began) * 1e6)
    os.close(descriptor)
    path.unlink()
    return statistics.median(took)


def fdatasync_budget(directory: pathlib.Path, seconds: float) -> Sample:
    return Sample(1.3 * fdatasync_us(directory, seconds) + 100)


# Contestants of rows.py that are no servers.
GAUGES = {"fio-read-1m": fio_read_1m, "fio-randread-32k": fio_randread_32k,
          "fio-write-8m": fio_write_8m, "fio-append-8m": fio_append_8m, "rocksdb": rocksdb,
          "fdatasync-budget": fdatasync_budget}


def loopback_gbps(seconds: float) -> float:
    """Bytes that one socket carries to another, GB/s."""
    left, right = socket.socket(), socket.socket()
    left.bind(("127.0.0.1", 0))
    left.listen()
    right.connect(left.getsockname())
    peer, _ = left.accept()
    total, stop = 0, threading.Event()

    def send() -> None:
        piece = bytes(256 * 1024)
        while not stop.is_set():
            try:
                right.sendall(piece)
            except OSError:
                return

    sender = threading.Thread(target=send)
    sender.start()
    into, began = bytearray(256 * 1024), time.monotonic()
    while time.monotonic() - began < seconds:
        total += peer.recv_into(into)
    took = time.monotonic() - began
    stop.set()
    peer.close()
    sender.join()
    right.close()
    left.close()
    return total / took / 1e9


def openssl_gbps(seconds: float) -> float:
    """AES-128-GCM in records of 16 KiB on one core, GB/s."""
    done = subprocess.run(
        ["openssl", "speed", "-mr", "-seconds", str(max(1, round(seconds))), "-bytes", "16384",
         "-evp", "aes-128-gcm"], capture_output=True, text=True, check=True)
    found = re.search(r"^\+F:.*:([\d.]+)$", done.stdout, re.M)
    return float(found[1]) / 1e9 if found else 0.0


def wrk_requests(url: str, seconds: float, connections: int = 64) -> float:
    need("wrk")
    done = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{max(1, round(seconds))}s", url],
                          capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout:
        raise RuntimeError(f"wrk: {done.stdout}")
    return float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)[1])


def machine() -> dict[str, str]:
    cpu = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    congestion = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    return {"processor": cpu[1] if cpu else "?", "cores": str(os.cpu_count()),
            "memory": f"{int(memory[1]) >> 20} GiB" if memory else "?",
            "kernel": os.uname().release, "python": sys.version.split()[0],
            "congestion control": congestion}
