#!/usr/bin/env python3
"""The acceptance run on real data, with figures; not part of scripts/test (minutes, tens of GiB).

    tests/acceptance/run.py tree       /usr/share, /usr/include and a file of 5 GiB by AzCopy: up,
                                       list, down, diff, sync, second account, remove, space
    tests/acceptance/run.py parallel   64 uploads of 1 GiB at the same time: peak memory
    tests/acceptance/run.py million    1,000,000 blobs, then the time of a restart (needs wrk)
    tests/acceptance/run.py ten-million    10,000,000 blobs, put through the engine, and the same;
                                       needs 45 GiB
    tests/acceptance/run.py tagged     1,000,000 tagged blobs: how long a query takes
    tests/acceptance/run.py directory  a directory of 1,000,000 files: renamed, deleted (needs wrk)
    tests/acceptance/run.py ingest     200 clients append 4 MiB blocks to 8 blobs for a minute,
                                       beside what fio writes

Symbolic links are left out of the tree: AzCopy skips them unless told otherwise.
"""
from __future__ import annotations

import base64
import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import azcopy  # noqa: E402
import blob_client  # noqa: E402
import blobgate_daemon  # noqa: E402
import data_lake  # noqa: E402
import store_filler  # noqa: E402

GIB = 1 << 30
failures = []


def check(what: str, good: bool, figure: str = "") -> None:
    print(f"{'ok    ' if good else 'FAILED'} {what}{': ' + figure if figure else ''}", flush=True)
    if not good:
        failures.append(what)


def timed(what, run):
    began = time.monotonic()
    result = run()
    print(f"       {what}: {time.monotonic() - began:.1f} s", flush=True)
    return result


def make_tree(tree: pathlib.Path) -> int:
    tree.mkdir()
    for source in ("/usr/share", "/usr/include"):
        subprocess.run(["cp", "-r", "--preserve=timestamps", "--no-dereference", source, tree],
                       check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["find", tree, "-not", "-type", "d", "-not", "-type", "f", "-delete"], check=True)
    subprocess.run(["find", tree, "-type", "d", "-empty", "-delete"], check=True)
    with open(tree / "large.bin", "wb") as large:
        subprocess.run(["openssl", "enc", "-aes-128-ctr", "-pbkdf2", "-pass", "pass:x", "-nosalt"],
                       stdin=subprocess.Popen(["head", "-c", str(5 * GIB), "/dev/zero"],
                                              stdout=subprocess.PIPE).stdout,
                       stdout=large, check=True)
    os.utime(tree / "large.bin", (1_700_000_000, 1_700_000_000))
    return sum(len(files) for _, _, files in os.walk(tree))


def wait_for_space(daemon, limit: int, seconds: float = 120) -> int:
    """Space comes back in the background; waits at most `seconds`."""
    deadline = time.monotonic() + seconds
    while daemon.disk_bytes() > limit and time.monotonic() < deadline:
        time.sleep(0.5)
    return daemon.disk_bytes()


def tree_run(directory: pathlib.Path) -> None:
    tree, back = directory / "tree", directory / "back"
    count = make_tree(tree)
    check("at least 30,000 real files and one of 5 GiB", count > 30_000, f"{count} files")
    with blobgate_daemon.Daemon(directory=directory / "daemon") as daemon:
        tool = azcopy.AzCopy(daemon, directory / "azcopy")
        daemon.client().create_container("real")
        first = daemon.url("acct1", "real", sas=daemon.account_sas())
        second = daemon.url("acct2", "copy", sas=daemon.account_sas("acct2"))
        up = timed("upload", lambda: tool.run("copy", f"{tree}/*", first, "--recursive",
                                              timeout=3600))
        check("upload", up.count("TransfersCompleted") == count and up.code == 0,
              f"{up.count('TransfersCompleted')} of {count}")
        listed = timed("list", lambda: tool.run("list", first, "--running-tally", timeout=600, as_json=False))
        check("list", listed.code == 0 and f"File count: {count}" in listed.output)
        down = timed("download", lambda: tool.run(
            "copy", first.replace("/real?", "/real/*?"), str(back), "--recursive", timeout=3600))
        check("download", down.count("TransfersCompleted") == count,
              f"{down.count('TransfersCompleted')} of {count}")
        diff = timed("diff -r", lambda: subprocess.run(["diff", "-r", tree, back],
                                                       capture_output=True, text=True))
        check("diff -r identical", diff.returncode == 0, diff.stdout[:300])
        shutil.rmtree(back)
        again = timed("second sync", lambda: tool.run("sync", str(tree), first, timeout=3600))
        check("a second sync transfers nothing",
              again.code == 0 and again.count("TransfersCompleted") == 0,
              str(again.count("TransfersCompleted")))
        before = daemon.disk_bytes()
        copied = timed("copy to the second account",
                       lambda: tool.run("copy", first.replace("/real?", "/real/*?"), second,
                                        "--recursive", timeout=3600))
        check("copy to the second account", copied.count("TransfersCompleted") == count,
              f"{copied.count('TransfersCompleted')} of {count}")
        growth = daemon.disk_bytes() - before
        check("the store grew by less than 1 %", growth < before / 100,
              f"{growth / before:.3%} of {before >> 20} MiB")
        for url in (first, second):
            gone = timed("remove", lambda: tool.run("remove", url, "--recursive", timeout=3600))
            check("remove", gone.code == 0, f"{gone.count('TransfersCompleted')} removed")
        left = wait_for_space(daemon, before // 50)
        check("the space came back", left < before // 50, f"{left >> 20} of {before >> 20} MiB left")
        peak = daemon.memory_mib()
        check("peak memory under 300 MiB", peak < 300, f"{peak:.0f} MiB")
        check("orderly stop", daemon.stop() == 0)


def upload_one(daemon, index: int, block: bytes) -> None:
    client = daemon.client()
    name = f"blob-{index:02}"
    ids = [base64.b64encode(b"%08d" % i).decode() for i in range(GIB // len(block))]
    for block_id in ids:
        client.expect(201, "PUT", "big", name, body=block, comp="block", blockid=block_id)
    client.expect(201, "PUT", "big", name, body=blob_client.block_list_xml(ids), comp="blocklist")


def parallel_run(directory: pathlib.Path) -> None:
    with blobgate_daemon.Daemon(directory=directory / "daemon") as daemon:
        daemon.client().create_container("big")
        block = os.urandom(8 << 20)
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            for done in [pool.submit(upload_one, daemon, i, block) for i in range(64)]:
                done.result()
        took = time.monotonic() - began
        print(f"       64 GiB in {took:.0f} s, {64 / took:.2f} GiB/s")
        for index in range(0, 64, 9):
            head = daemon.client().head("big", f"blob-{index:02}")
            check(f"blob {index} has its length", head.headers["Content-Length"] == str(GIB))
        peak = daemon.memory_mib()
        check("peak memory under 150 MiB", peak < 150, f"{peak:.0f} MiB")


def check_restarts(daemon, limit: float) -> None:
    daemon.start()
    check(f"restart ready in under {limit} s", daemon.ready_seconds < limit,
          f"{daemon.ready_seconds:.2f} s")
    for index in range(1000):  # something in the log to replay
        daemon.client().put_blob("many", f"after/{index}", b"x")
    daemon.kill()
    daemon.start()
    check(f"restart after kill -9 ready in under {limit} s", daemon.ready_seconds < limit,
          f"{daemon.ready_seconds:.2f} s")


def install(program: str) -> None:
    if not shutil.which(program):
        subprocess.run(["apt-get", "install", "-y", "-qq", program], check=True,
                       stdout=subprocess.DEVNULL)


def put_million(daemon, container: str, *more: str, account: str = "acct1",
                directory: str = "") -> bool:
    """At least a million blobs in one container, by wrk; prints how long it took."""
    daemon.client(account).create_container(container)
    host, port = daemon.address()
    began = time.monotonic()
    total = rounds = 0
    while total < 1_000_000 and time.monotonic() - began < 900:
        out = subprocess.run(
            ["wrk", "-t2", "-c64", "-d20s", "-s", HERE / "million_put.lua",
             f"http://{host}:{port}", "--", f"/{account}/{container}/{directory}r{rounds}",
             daemon.account_sas(account), *more], capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in out:
            check("every put is answered 201", False, out)
            return False
        total += int(out.split(" requests in ")[0].split()[-1])
        rounds += 1
    print(f"       {total} blobs in {time.monotonic() - began:.0f} s; "
          f"peak memory {daemon.memory_mib():.0f} MiB", flush=True)
    check("a million blobs", total >= 1_000_000, str(total))
    return True


def million_run(directory: pathlib.Path) -> None:
    install("wrk")
    with blobgate_daemon.Daemon({"access_log": "off"}, directory=directory / "daemon") as daemon:
        if put_million(daemon, "many"):
            check("orderly stop", daemon.stop() == 0)
            check_restarts(daemon, 2)


def times_of(run, count: int = 100) -> str:
    """Of `count` runs one after the other, in ms."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        run()
        found.append((time.perf_counter() - began) * 1000)
    found.sort()
    return f"median {found[count // 2]:.1f} ms, 99 of 100 under {found[count - 2]:.1f} ms"


def tagged_run(directory: pathlib.Path) -> None:
    install("wrk")
    with blobgate_daemon.Daemon({"access_log": "off"}, directory=directory / "daemon") as daemon:
        if not put_million(daemon, "many", "tagged"):
            return
        client = daemon.client()

        def find(where: str, container: str = "many", size: int = 1000) -> list[str]:
            scope = {"restype": "container"} if container else {}
            answer = client.expect(200, "GET", container, comp="blobs", where=where,
                                   maxresults=str(size), **scope)
            return [node.findtext("Name") for node in blob_client.parse_xml(answer.body).iter("Blob")]

        one = find("\"number\" = '0-000000500'")
        check("one of a million by its own tag", bool(one) and all("000000500" in n for n in one),
              times_of(lambda: find("\"number\" = '0-000000500'")))
        few = find("\"group\" = 'g123' AND \"number\" >= '1' AND \"number\" < '1-000100000'")
        check("two conditions", len(few) == 1000 or few == sorted(few), times_of(lambda: find(
            "\"group\" = 'g123' AND \"number\" >= '1' AND \"number\" < '1-000100000'", size=100)))
        check("a page of 100 of a group", len(find("\"group\" = 'g500'", size=100)) == 100,
              times_of(lambda: find("\"group\" = 'g500'", size=100)))
        check("a page of 100 of a group, all containers",
              len(find("\"group\" = 'g500'", "", 100)) == 100,
              times_of(lambda: find("\"group\" = 'g500'", "", 100)))
        check("none", not find("\"group\" = 'none'"),
              times_of(lambda: find("\"group\" = 'none'")))
        print(f"       beside them, Get Blob Properties: "
              f"{times_of(lambda: client.request('HEAD', 'many', one[0]))}")


def directory_run(directory: pathlib.Path) -> None:
    install("wrk")
    with blobgate_daemon.Daemon({"access_log": "off"}, directory=directory / "daemon") as daemon:
        if not put_million(daemon, "many", account="tree", directory="full/"):
            return
        ask = data_lake.Raw(daemon, "tree", path_style=True)
        names = ["full", "moved"]
        assert ask.mkdir("many/empty") == 201
        small = ["empty", "small"]

        def rename(pair: list[str]) -> None:
            assert ask.rename(f"many/{pair[0]}", f"many/{pair[1]}") == 201
            pair.reverse()

        print(f"       rename of an empty directory: {times_of(lambda: rename(small))}")
        print(f"       rename of the full one: {times_of(lambda: rename(names))}")
        took = []
        for _ in range(11):
            began = time.perf_counter()
            rename(names)
            took.append((time.perf_counter() - began) * 1000)
        check("a directory of a million files is renamed in under 10 ms", sorted(took)[5] < 10,
              f"median {sorted(took)[5]:.1f} ms, slowest {max(took):.1f} ms")
        before = daemon.disk_bytes()
        began = time.perf_counter()
        gone = ask.delete(f"many/{names[0]}", recursive=True)
        took_delete = (time.perf_counter() - began) * 1000
        check("it is deleted", gone == 200, f"{took_delete:.1f} ms")
        left = [path for path, _ in ask.tree("many") if path.startswith(names[0])]
        check("nobody sees any of it", not left, str(left[:3]))
        print(f"       meanwhile, Get Path Properties: "
              f"{times_of(lambda: ask('HEAD', f'/many/{small[0]}', {'Accept': 'application/json'}))}")
        after = timed("the space comes back", lambda: wait_for_space(daemon, before // 10, 900))
        check("at most a tenth is left", after <= before // 10,
              f"{after >> 20} of {before >> 20} MiB")


INGEST_CLIENTS, INGEST_BLOBS, INGEST_SECONDS = 200, 8, 60
INGEST_BLOCK = 4 << 20
INGEST_BLOB_SIZE = 1 << 30


class Log:
    """One of the blobs that are appended to at a time. When it has reached its size the next takes
    its place, and it is checked and deleted: a minute of a fast disk is more than a disk holds."""

    def __init__(self, daemon, checkers, number: int) -> None:
        self.checkers, self.number, self.generation = checkers, number, 0
        self.lock = threading.Lock()
        self.checks: list[concurrent.futures.Future] = []
        self.begin(daemon.client())

    def begin(self, client) -> None:
        self.name = f"log{self.number}-{self.generation}"
        self.generation += 1
        self.blob = AppendedBlob(self.name)
        client.expect(201, "PUT", "ingest", self.name, headers={"x-ms-blob-type": "AppendBlob"})

    def append(self, client, head: bytes, body: bytes) -> None:
        with self.lock:
            blob = self.blob
            blob.writers += 1
        answer = client.expect(201, "PUT", "ingest", blob.name, body=body, comp="appendblock")
        offset = int(answer.headers["x-ms-blob-append-offset"])
        with self.lock:
            blob.writers -= 1
            blob.blocks.append((offset, head))
            if blob is self.blob and offset + len(body) >= INGEST_BLOB_SIZE:
                self.begin(client)
            if blob is not self.blob and blob.writers == 0:
                self.check(blob)

    def check(self, blob: AppendedBlob) -> None:
        self.checks.append(self.checkers.submit(check_appended, blob.name, blob.blocks))


class AppendedBlob:
    """What was answered about a blob, and how many are writing to it."""

    def __init__(self, name: str) -> None:
        self.name, self.writers = name, 0
        self.blocks: list[tuple[int, bytes]] = []


def check_appended(name: str, blocks: list[tuple[int, bytes]]) -> tuple[int, int, bool]:
    """In a process of its own: (blocks, those that are not at their offset, nothing else is there).
    Deletes the blob."""
    def wrong_of(part: list[tuple[int, bytes]]) -> int:
        client = ingest_daemon.client()
        wrong = sum(
            client.get("ingest", name, {"x-ms-range": f"bytes={offset}-{offset + 15}"}) != head
            for offset, head in part)
        client.close()
        return wrong

    parts = 16  # each answer waits behind the uploads
    with concurrent.futures.ThreadPoolExecutor(parts) as pool:
        wrong = sum(pool.map(wrong_of, (blocks[part::parts] for part in range(parts))))
    client = ingest_daemon.client()
    size = int(client.head("ingest", name).headers["Content-Length"])
    client.expect(202, "DELETE", "ingest", name)
    client.close()
    return len(blocks), wrong, size == len(blocks) * INGEST_BLOCK


def ingest_client(daemon, logs: list[Log], number: int, ends: float) -> None:
    """Appends until `ends`. A block begins with the numbers of its client and of itself."""
    client = daemon.client()
    body = bytearray((number.to_bytes(8, "big") + bytes(8)) * (INGEST_BLOCK // 16))
    done = 0
    while time.monotonic() < ends:
        body[8:16] = done.to_bytes(8, "big")
        logs[(number + done) % INGEST_BLOBS].append(client, bytes(body[:16]), bytes(body))
        done += 1
    client.close()


def disk_rate(directory: pathlib.Path) -> float:
    """MiB/s that fio writes: 4 MiB at a time, eight files, synced."""
    out = subprocess.run(
        ["fio", "--name=disk", f"--directory={directory}", "--rw=write", "--bs=4m", "--size=1g",
         "--numjobs=8", "--fdatasync=8", "--runtime=20", "--time_based", "--group_reporting",
         "--output-format=json"], capture_output=True, text=True, check=True).stdout
    for file in directory.glob("disk.*"):
        file.unlink()
    return json.loads(out)["jobs"][0]["write"]["bw"] / 1024


def ingest_run(directory: pathlib.Path) -> None:
    install("fio")
    before = disk_rate(directory)
    with blobgate_daemon.Daemon({"access_log": "off"}, directory=directory / "daemon") as daemon:
        client = daemon.client()
        client.create_container("ingest")
        global ingest_daemon
        ingest_daemon = daemon  # for check_appended
        with concurrent.futures.ProcessPoolExecutor(
                1, multiprocessing.get_context("fork")) as checkers:
            checkers.submit(int).result()  # forks before there are threads
            logs = [Log(daemon, checkers, number) for number in range(INGEST_BLOBS)]
            began = time.monotonic()
            ends = began + INGEST_SECONDS
            with concurrent.futures.ThreadPoolExecutor(INGEST_CLIENTS) as pool:
                futures = [pool.submit(ingest_client, daemon, logs, number, ends)
                           for number in range(INGEST_CLIENTS)]
                for future in futures:
                    future.result()
            took = time.monotonic() - began
            for log in logs:
                log.check(log.blob)
            checked = [check.result() for log in logs for check in log.checks]
        total = sum(blocks for blocks, _, _ in checked)
        rate = total * INGEST_BLOCK / (1 << 20) / took
        check("every offset that was answered holds its block",
              total > 0 and not sum(wrong for _, wrong, _ in checked),
              f"{total} blocks in {len(checked)} blobs, {took:.1f} s")
        check("nothing else is there", all(whole for _, _, whole in checked))
        print(f"       peak memory {daemon.memory_mib():.0f} MiB")
    shutil.rmtree(directory / "daemon")  # it may have filled the disk
    after = disk_rate(directory)
    disk = (before + after) / 2
    print(f"       {rate:.0f} MiB/s, {rate / disk:.2f} of what fio writes beside it "
          f"({before:.0f} before, {after:.0f} MiB/s after)")


def ten_million_run(directory: pathlib.Path) -> None:
    count = 10_000_000
    with blobgate_daemon.Daemon({"access_log": "off"}, directory=directory / "daemon") as daemon:
        daemon.client().create_container("many")
        check("orderly stop", daemon.stop() == 0)
        timed(f"{count} blobs",
              lambda: store_filler.fill(daemon.data_directory, "acct1", "many", count))
        check_restarts(daemon, 10)
        last = f"f/{count - 1:09}"
        check("the last blob is there",
              daemon.client().expect(200, "GET", "many", last).body == last.encode())


def main() -> int:
    parts = {"tree": tree_run, "parallel": parallel_run, "million": million_run,
             "ten-million": ten_million_run, "tagged": tagged_run,
             "directory": directory_run, "ingest": ingest_run}
    for name in sys.argv[1:] or list(parts):
        print(f"== {name}", flush=True)
        directory = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-acceptance-"))
        try:
            parts[name](directory)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
