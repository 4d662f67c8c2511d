"""Random operations on a hierarchical container beside a plain file system, many writers at once, and
kills in the middle of renames and recursive deletes."""
from __future__ import annotations

import collections
import concurrent.futures
import os
import pathlib
import random
import shutil
import threading
import time
import uuid

import blobgate_daemon
import data_lake
import fsck

NAMES = ["a", "b", "c", "d.txt", "e-f"]


class Local:
    """The same requests on a directory of this machine; answers the status that is expected."""

    def __init__(self, root: pathlib.Path):
        self.root = root

    def _blocked(self, path: pathlib.Path) -> bool:
        """Is there a file on the way?"""
        return any(parent.is_file() for parent in path.parents)

    def mkdir(self, name: str) -> int:
        path = self.root / name
        if self._blocked(path) or path.exists():
            return 409
        path.mkdir(parents=True)
        return 201

    def write(self, name: str, data: bytes) -> int:
        path = self.root / name
        if self._blocked(path) or path.is_dir():
            return 409
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return 202

    def rename(self, old: str, new: str) -> int:
        source, target = self.root / old, self.root / new
        if self._blocked(source) or not source.exists():
            return 404 if not self._blocked(target) else 0
        if self._blocked(target):
            return 409
        if target.is_dir():
            target /= source.name
        if not target.parent.is_dir():
            return 404
        if target == source or source in target.parents:
            return 409
        if target.exists() and target.is_dir() != source.is_dir():
            return 409
        try:
            os.rename(source, target)
        except OSError:
            return 409
        return 201

    def delete(self, name: str, recursive: bool) -> int:
        path = self.root / name
        if self._blocked(path) or not path.exists():
            return 404
        if path.is_file():
            path.unlink()
        elif recursive:
            shutil.rmtree(path)
        else:
            try:
                path.rmdir()
            except OSError:
                return 409
        return 200

    def tree(self) -> list[tuple[str, bool]]:
        found: list[tuple[str, bool]] = []

        def walk(directory: pathlib.Path) -> None:
            for entry in sorted(directory.iterdir(), key=lambda path: path.name.encode()):
                found.append((str(entry.relative_to(self.root)), entry.is_dir()))
                if entry.is_dir():
                    walk(entry)

        walk(self.root)
        return found


def random_path(rng: random.Random) -> str:
    return "/".join(rng.choice(NAMES) for _ in range(rng.randint(1, 4)))


def test_random_operations_beside_a_file_system(daemon, tmp_path):
    filesystem = "model-" + uuid.uuid4().hex
    ask = data_lake.Raw(daemon, "tree", path_style=True)
    assert ask("PUT", f"/{filesystem}?resource=filesystem").status == 201
    local = Local(tmp_path)
    rng = random.Random(20261126)
    seen: collections.Counter = collections.Counter()
    for step in range(600):
        kind = rng.choice(["mkdir", "write", "write", "rename", "rename", "delete"])
        path, other = random_path(rng), random_path(rng)
        there = local.tree()
        if kind in ("rename", "delete") and there and rng.random() < 0.7:
            path = rng.choice(there)[0]
        directories = [name for name, directory in there if directory]
        if kind == "rename" and directories and rng.random() < 0.6:
            other = f"{rng.choice(directories)}/{rng.choice(NAMES)}"
        if kind == "mkdir":
            results = ask.mkdir(f"{filesystem}/{path}"), local.mkdir(path)
        elif kind == "write":
            data = b"%d" % step
            results = ask.write(f"{filesystem}/{path}", data), local.write(path, data)
        elif kind == "rename":
            results = (ask.rename(f"{filesystem}/{path}", f"{filesystem}/{other}"),
                       local.rename(path, other))
            if results[1] == 0:  # both ways are wrong: any refusal will do
                results = results[0], results[0] if results[0] in (404, 409) else 0
        else:
            recursive = rng.random() < 0.5
            results = (ask.delete(f"{filesystem}/{path}", recursive),
                       local.delete(path, recursive))
        assert results[0] == results[1], (step, kind, path, other, results)
        seen[kind, results[0] < 300] += 1
        if step % 20 == 0:
            assert ask.tree(filesystem, page=rng.choice([1, 3, 5000])) == local.tree()
    assert ask.tree(filesystem) == local.tree()
    for name, directory in local.tree():
        if not directory:
            answer = ask("GET", f"/{filesystem}/{name}", {"Accept": "application/json"})
            assert answer.body == (tmp_path / name).read_bytes()
    assert all(seen[kind, True] > 20 for kind in ("mkdir", "write", "rename", "delete")), seen
    ask("DELETE", f"/{filesystem}?resource=filesystem")


THREADS, STEPS = 16, 63  # 1,008 renames and creates


def test_a_thousand_renames_and_creates_at_once(daemon):
    """Nothing is deleted: every file and directory is somewhere, once, and the tree has no cycle."""
    filesystem = "race-" + uuid.uuid4().hex
    setup = data_lake.Raw(daemon, "tree", path_style=True)
    assert setup("PUT", f"/{filesystem}?resource=filesystem").status == 201
    directories = [f"dir{i}" for i in range(6)]
    for name in directories:
        assert setup.mkdir(f"{filesystem}/{name}") == 201
    made: list[str] = []
    renames = collections.Counter()
    lock = threading.Lock()

    def where(ask: data_lake.Raw, leaf: str) -> str | None:
        for path, _ in ask.tree(filesystem):
            if path.rsplit("/", 1)[-1] == leaf:
                return path
        return None

    def work(number: int) -> None:
        rng = random.Random(number)
        ask = data_lake.Raw(daemon, "tree", path_style=True)
        for step in range(STEPS):
            if rng.random() < 0.4:
                leaf = f"file-{number}-{step}"
                parent = where(ask, rng.choice(directories)) or ""
                status = ask("PUT", f"/{filesystem}/{parent}/{leaf}?resource=file").status
                # A directory renamed in between is made again on the way: that is not lost either.
                if status == 201:
                    with lock:
                        made.append(leaf)
            else:
                source = where(ask, rng.choice(directories))
                target = where(ask, rng.choice(directories))
                if source is None or target is None:
                    continue
                leaf = source.rsplit("/", 1)[-1]
                status = ask.rename(f"{filesystem}/{source}", f"{filesystem}/{target}/{leaf}")
                assert status in (201, 404, 409), status
                renames[status] += 1

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    setup = data_lake.Raw(daemon, "tree", path_style=True)  # the other was idle for too long
    tree = setup.tree(filesystem)
    leaves = collections.Counter(path.rsplit("/", 1)[-1] for path, directory in tree
                                 if not directory)
    assert leaves == collections.Counter(made)
    paths = {path for path, _ in tree}
    assert len(paths) == len(tree)
    assert all(path.rpartition("/")[0] in paths or "/" not in path for path in paths)
    there = {path.rsplit("/", 1)[-1] for path, directory in tree if directory}
    assert there == set(directories)
    assert renames[201] > 5, renames
    setup("DELETE", f"/{filesystem}?resource=filesystem")


def test_kill_in_the_middle():
    """After kill -9 a renamed directory is whole, under one name, and a deleted one is all there or
    all gone; in the end no extent is left over."""
    files = 30
    with blobgate_daemon.Daemon() as daemon:
        ask = data_lake.Raw(daemon, "tree", path_style=True)
        assert ask("PUT", "/crash?resource=filesystem").status == 201
        for i in range(files):
            assert ask.write(f"crash/one/in/{i}", b"%d" % i) == 202
        names = ["one", "two"]
        for round_number in range(6):
            stop = threading.Event()

            def rename(names=names, stop=stop):
                mover = data_lake.Raw(daemon, "tree", path_style=True)
                try:
                    while not stop.is_set():
                        if mover.rename(f"crash/{names[0]}", f"crash/{names[1]}") == 201:
                            names.reverse()
                except OSError:
                    pass
                except Exception:  # the connection broke in an answer
                    if not stop.is_set():
                        raise

            def fill_and_delete(stop=stop, round_number=round_number):
                worker = data_lake.Raw(daemon, "tree", path_style=True)
                number = 0
                try:
                    while not stop.is_set():
                        number += 1
                        base = f"crash/temp-{round_number}-{number}"
                        for i in range(5):
                            worker.write(f"{base}/sub/{i}", b"x" * 100)
                        worker.delete(base, recursive=True)
                except OSError:
                    pass
                except Exception:
                    if not stop.is_set():
                        raise

            threads = [threading.Thread(target=work) for work in (rename, fill_and_delete)]
            for thread in threads:
                thread.start()
            time.sleep(0.3 + 0.1 * round_number)
            stop.set()
            daemon.kill()
            for thread in threads:
                thread.join()
            daemon.start()
            ask = data_lake.Raw(daemon, "tree", path_style=True)
            tree = ask.tree("crash")
            top = {path for path, _ in tree if "/" not in path} & {"one", "two"}
            assert len(top) == 1, top
            here = top.pop()
            names[:] = [here, "two" if here == "one" else "one"]
            found = {path for path, directory in tree
                     if path.startswith(here + "/") and not directory}
            assert found == {f"{here}/in/{i}" for i in range(files)}
        for path, _ in ask.tree("crash"):
            if "/" not in path:
                assert ask.delete(f"crash/{path}", recursive=True) == 200
        assert ask.tree("crash") == []
        daemon.restart()
        assert daemon.stop() == 0
        code, report = fsck.run(daemon.data_directory)
        assert code == fsck.CLEAN, report
