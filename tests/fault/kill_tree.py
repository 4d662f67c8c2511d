#!/usr/bin/env python3
"""Kills the daemon under renames and recursive deletes, again and again.

    tests/fault/kill_tree.py --cycles 50 [--seed N] [--writers N] [--seconds S]

Each writer owns one directory at the top of two hierarchical containers and knows its tree, which
begins with their names: what is acknowledged, and what it would be after the one request that was
on its way when the daemon died. Requests make directories and files, rename either (onto what
exists, too, and from one container to the other), and delete, recursively or not. After each
kill -9 and restart the tree is listed and every file read: it must be one of the two, whole. Now
and then a whole tree moves below another writer's in the other container and back. In the end
everything is deleted, and fsck must find nothing amiss and nothing left over.
"""
from __future__ import annotations

import argparse
import copy
import http.client
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import blobgate_daemon  # noqa: E402
import data_lake  # noqa: E402
import fsck  # noqa: E402

FILESYSTEMS = ("kill", "kill-other")
ACCOUNT = "tree"
LEAVES = ("a", "b", "c", "d", "e")
DEPTH = 4
MOST = 120  # entries of a writer's tree, beyond which it deletes
CONFIG = {"access_log": "off",
          "engine": {"segment_bytes": 16 << 20, "rewrite_live_percent": 90}}

# A tree: a directory is a dict of its entries, a file its bytes.
Tree = dict


def walk(tree: Tree, prefix: str = "") -> dict[str, bytes | None]:
    """Every path: the bytes of a file, None for a directory."""
    found: dict[str, bytes | None] = {}
    for leaf, entry in tree.items():
        path = f"{prefix}{leaf}"
        if isinstance(entry, dict):
            found[path] = None
            found |= walk(entry, path + "/")
        else:
            found[path] = entry
    return found


def at(tree: Tree, path: list[str]):
    for leaf in path:
        tree = tree.get(leaf) if isinstance(tree, dict) else None
    return tree


def put(tree: Tree, path: list[str], entry) -> None:
    for leaf in path[:-1]:
        tree = tree.setdefault(leaf, {})
    tree[path[-1]] = entry


def take(tree: Tree, path: list[str]):
    return at(tree, path[:-1]).pop(path[-1])


class Writer:
    """The tree of one thread. `known` is acknowledged, `doubt` what it will be (or the same)."""

    def __init__(self, number: int, seed: int, killing: threading.Event):
        self.top = f"w{number}"
        self.random = random.Random(f"{seed}-{number}")
        self.killing = killing
        self.known: Tree = {filesystem: {} for filesystem in FILESYSTEMS}
        self.doubt: list[Tree] = []
        self.acknowledged = self.renames = self.crossings = self.removals = 0
        self.problem = ""

    def _path(self) -> list[str]:
        leaves = [self.random.choice(LEAVES) for _ in range(self.random.randint(1, DEPTH))]
        return [self.random.choice(FILESYSTEMS), *leaves]

    def _some(self, directory: bool | None = None) -> list[str] | None:
        """A path that is there."""
        paths = [path for path, content in walk(self.known).items()
                 if "/" in path and (directory is None or (content is None) == directory)]
        return self.random.choice(paths).split("/") if paths else None

    def _url(self, path: list[str]) -> str:
        return "/".join([path[0], self.top, *path[1:]])

    def _blocked(self, path: list[str]) -> bool:
        """Is there a file on the way?"""
        return any(isinstance(at(self.known, path[:i]), bytes) for i in range(1, len(path)))

    def _expect(self, wanted: int, status: int, what: str) -> None:
        if status != wanted:
            raise AssertionError(f"{what}: {status}, not {wanted}")

    def _file(self, ask: data_lake.Raw) -> None:
        path = self._path()
        if self._blocked(path) or isinstance(at(self.known, path), dict):
            return
        content = self.random.randbytes(self.random.choice((0, 10, 1000, 50_000)))
        after = copy.deepcopy(self.known)
        put(after, path, b"")
        self.doubt = [after]
        self._expect(201, ask("PUT", f"/{self._url(path)}?resource=file").status, f"create {path}")
        self.known = after
        if content:
            whole = copy.deepcopy(after)
            put(whole, path, content)
            self.doubt = [whole]
            answer = ask("PATCH", f"/{self._url(path)}?action=append&position=0&flush=true",
                         body=content)
            self._expect(202, answer.status, f"append {path}")
            self.known = whole

    def _directory(self, ask: data_lake.Raw) -> None:
        path = self._path()
        if self._blocked(path) or at(self.known, path) is not None:
            return
        after = copy.deepcopy(self.known)
        put(after, path, {})
        self.doubt = [after]
        self._expect(201, ask.mkdir(self._url(path)), f"mkdir {path}")
        self.known = after

    def _rename(self, ask: data_lake.Raw) -> None:
        source, named = self._some(), self._path()
        if source is None:
            return
        # Onto a directory means into it.
        into = isinstance(at(self.known, named), dict)
        target = [*named, source[-1]] if into else named
        if target[:len(source)] == source or source[:len(target)] == target:
            return
        entry, there = at(self.known, source), at(self.known, target)
        if not isinstance(at(self.known, target[:-1]), dict) or self._blocked(target):
            return
        if there is not None and (isinstance(there, dict) != isinstance(entry, dict) or
                                  (isinstance(there, dict) and there)):
            return  # what is refused is for other tests
        after = copy.deepcopy(self.known)
        put(after, target, take(after, source))
        self.doubt = [after]
        self._expect(201, ask.rename(self._url(source), self._url(named)),
                     f"rename {source} {named}")
        self.known = after
        self.renames += 1
        self.crossings += source[0] != target[0]

    def _remove(self, ask: data_lake.Raw) -> None:
        path = self._some()
        if path is None:
            return
        after = copy.deepcopy(self.known)
        take(after, path)
        self.doubt = [after]
        self._expect(200, ask.delete(self._url(path), recursive=True), f"delete {path}")
        self.known = after
        self.removals += 1

    def _step(self, ask: data_lake.Raw) -> None:
        actions = [self._file, self._file, self._directory, self._rename, self._rename]
        if self.random.random() < 0.3 * len(walk(self.known)) / MOST:
            actions = [self._remove]
        self.random.choice(actions)(ask)
        self.acknowledged += bool(self.doubt)
        self.doubt = []

    def run(self, ask: data_lake.Raw) -> None:
        self.problem = ""
        try:
            while True:
                self._step(ask)
        except AssertionError as error:
            self.problem = str(error)
        except (OSError, http.client.HTTPException) as error:
            if not self.killing.is_set():
                self.problem = f"before the kill: {type(error).__name__}: {error}"

    def verify(self, ask: data_lake.Raw, found: dict[str, bool]) -> list[str]:
        """Problems. `found` is what is listed below `top`: whether it is a directory."""
        problems = [self.problem] if self.problem else []
        for tree in (self.known, *self.doubt):
            paths = {path: content for path, content in walk(tree).items() if "/" in path}
            if {path: content is None for path, content in paths.items()} == found:
                wrong = [path for path, content in paths.items() if content is not None
                         and ask("GET", f"/{self._url(path.split('/'))}",
                                 {"Accept": "application/json"}).body != content]
                if not wrong:
                    self.known, self.doubt = tree, []
                    return problems
        expected = {path for path in walk(self.known) if "/" in path}
        missing = sorted(expected - found.keys())[:5]
        more = sorted(found.keys() - expected)[:5]
        return problems + [f"{self.top}: neither what was acknowledged nor what was asked for: "
                           f"missing {missing}, more {more}, in doubt {len(self.doubt)}"]


def listed(ask: data_lake.Raw, top: str) -> dict[str, bool]:
    return {f"{filesystem}/{path.partition('/')[2]}": directory for filesystem in FILESYSTEMS
            for path, directory in ask.tree(filesystem) if path.startswith(top + "/")}


class Loop:
    def __init__(self, daemon: blobgate_daemon.Daemon, seed: int, writers: int, seconds: float):
        self.daemon = daemon
        self.moments = random.Random(seed)
        self.seconds = seconds
        self.killing = threading.Event()
        self.writers = [Writer(number, seed, self.killing) for number in range(writers)]

    def ask(self) -> data_lake.Raw:
        return data_lake.Raw(self.daemon, ACCOUNT, path_style=True)

    def begin(self) -> None:
        ask = self.ask()
        for filesystem in FILESYSTEMS:
            assert ask("PUT", f"/{filesystem}?resource=filesystem").status == 201
            for writer in self.writers:
                assert ask.mkdir(f"{filesystem}/{writer.top}") == 201

    def _move_around(self) -> list[str]:
        """A whole tree goes below another one and back, with the daemon killed in between."""
        one, other = self.moments.sample(self.writers, 2)
        home = f"{self.moments.choice(FILESYSTEMS)}/{one.top}"
        away = f"{self.moments.choice(FILESYSTEMS)}/{other.top}/guest"
        if self.ask().rename(home, away) != 201:
            return [f"{home} could not be moved to {away}"]
        self.daemon.kill()
        self.daemon.start()
        if self.ask().rename(away, home) != 201:
            return [f"{one.top} could not be moved back"]
        return []

    def cycle(self) -> list[str]:
        self.killing.clear()
        threads = [threading.Thread(target=writer.run, args=(self.ask(),))
                   for writer in self.writers]
        for thread in threads:
            thread.start()
        # The moment of the kill, not a wait for something.
        time.sleep(self.moments.uniform(0.05, self.seconds))
        problems = [] if self.daemon.is_alive() else ["the daemon ended by itself"]
        self.killing.set()
        self.daemon.kill()
        for thread in threads:
            thread.join()
        self.daemon.start()
        if len(self.writers) > 1 and self.moments.random() < 0.3:
            problems += self._move_around()
        ask = self.ask()
        for writer in self.writers:
            problems += writer.verify(ask, listed(ask, writer.top))
        return problems

    def end(self) -> list[str]:
        """Deletes everything; nothing may be left over."""
        ask = self.ask()
        problems = [f"{filesystem}/{writer.top}: not deleted"
                    for filesystem in FILESYSTEMS for writer in self.writers
                    if ask.delete(f"{filesystem}/{writer.top}", recursive=True) != 200]
        for filesystem in FILESYSTEMS:
            if left := ask.tree(filesystem):
                problems.append(f"left over: {left[:5]}")
        self.daemon.restart()
        if (code := self.daemon.stop()) != 0:
            problems.append(f"the last stop: {code}")
        code, report = fsck.run(self.daemon.data_directory)
        if code != fsck.CLEAN:
            problems.append(f"fsck: {code} {report}")
        return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--writers", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=1.5, help="longest time before a kill")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    passed = failed = 0
    with blobgate_daemon.Daemon(CONFIG) as daemon:
        loop = Loop(daemon, arguments.seed, arguments.writers, arguments.seconds)
        loop.begin()
        for number in range(arguments.cycles):
            problems = loop.cycle()
            passed, failed = passed + (not problems), failed + bool(problems)
            for problem in problems:
                print(f"cycle {number}: {problem}", flush=True)
            if problems:
                break  # the trees are not known any more
        problems = loop.end()
        passed, failed = passed + (not problems), failed + bool(problems)
        for problem in problems:
            print(f"end: {problem}")
    done = [sum(getattr(writer, what) for writer in loop.writers)
            for what in ("acknowledged", "renames", "crossings", "removals")]
    print(f"{arguments.cycles} cycles, {done[0]} acknowledged requests, {done[1]} renames, "
          f"{done[2]} of them to the other container, {done[3]} recursive deletes")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed or not all(done) else 0


if __name__ == "__main__":
    sys.exit(main())
