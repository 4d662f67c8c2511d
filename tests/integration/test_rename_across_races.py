"""Renames from one filesystem to another with everything going on around them: writers, other renames,
deletes of whole filesystems, kills. At every moment a thing is in exactly one place."""
from __future__ import annotations

import collections
import concurrent.futures
import http.client
import random
import threading
import time
import uuid

import pytest

import blobgate_daemon
import change_feed
import data_lake
import fsck
import prometheus_text

ACCOUNT = "tree"


def client(daemon) -> data_lake.Raw:
    return data_lake.Raw(daemon, ACCOUNT, path_style=True)


def live_bytes(daemon) -> float:
    return prometheus_text.scrape(daemon)["blobgate_live_bytes"].value()


@pytest.fixture
def pair(daemon):
    ask = client(daemon)
    names = ["race-" + uuid.uuid4().hex for _ in range(2)]
    for name in names:
        assert ask("PUT", f"/{name}?resource=filesystem").status == 201
    yield names
    ask = client(daemon)
    for name in names:
        ask("DELETE", f"/{name}?resource=filesystem")


def in_threads(works) -> None:
    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()


def test_it_is_in_one_place_at_every_moment(daemon, pair):
    """Who looks at the source first and at the destination then misses nothing; the other way round, sees
    nothing twice. A directory comes whole."""
    ask = client(daemon)
    for i in range(20):
        assert ask.write(f"{pair[0]}/d/sub/{i}", b"%d" % i) == 202
    assert ask.write(f"{pair[0]}/f", b"file") == 202
    round_number, rounds = [0], 60
    sights = collections.Counter()

    def move() -> None:
        mover = client(daemon)
        for i in range(rounds):
            source, to = pair[i % 2], pair[1 - i % 2]
            assert mover.rename(f"{source}/f", f"{to}/f") == 201
            assert mover.rename(f"{source}/d", f"{to}/d") == 201
            round_number[0] += 1

    def watch(path: str) -> None:
        look = client(daemon)

        def there(name: str) -> bool:
            return look("HEAD", f"/{name}/{path}?action=getStatus").status == 200
        while (before := round_number[0]) < rounds:
            source, to = pair[before % 2], pair[1 - before % 2]
            left, came = not there(source), there(to)
            still = there(source)
            if round_number[0] != before:
                continue
            assert came or not left, "nowhere"
            assert not (came and still), "in both"
            sights[came] += 1

    def listing() -> None:
        look = client(daemon)
        while round_number[0] < rounds:
            for name in pair:
                found = [path for path, _ in look.tree(name) if path.startswith("d/sub/")]
                # A page is not of one moment, but each directory's names are.
                assert len(found) in (0, 20), found

    in_threads([move, listing, *(lambda path=path: watch(path) for path in ("f", "d/sub/7", "d"))])
    assert sights[True] > 0 and sights[False] > 0, sights
    assert [path for path, _ in client(daemon).tree(pair[0])] == (
        ["d", "d/sub"] + sorted(f"d/sub/{i}" for i in range(20)) + ["f"])
    assert client(daemon).tree(pair[1]) == []


def test_writers_lose_nothing(daemon, pair):
    """Appends go on while their file, and the directory that it is in, move: what was acknowledged is there,
    once and in its order. New files stay with their directory. Now and then the writers rest until the
    directory has moved once more: one that never rests need not."""
    ask = client(daemon)
    assert ask.mkdir(f"{pair[0]}/d/logs") == 201
    writers, steps = 4, 40
    for i in range(writers):
        made = ask("PUT", f"/{pair[0]}/d/logs/{i}?resource=file", {"x-ms-blob-type": "AppendBlob"})
        assert made.status == 201
    here, stop = [0], threading.Event()
    made: list[str] = []
    moves, moved = [0], threading.Condition()

    def rest() -> None:
        with moved:
            before = moves[0]
            assert moved.wait_for(lambda: moves[0] > before, timeout=120)

    def write(number: int) -> None:
        writer, position, step = client(daemon), 0, 0
        deadline = time.monotonic() + 120
        while step < steps:
            assert time.monotonic() < deadline
            piece = b"%d.%03d;" % (number, step)
            path = f"/{pair[here[0]]}/d/logs/{number}"
            answer = writer("PATCH", f"{path}?action=append&position={position}", body=piece)
            if answer.status == 202:
                position, step = position + len(piece), step + 1
                new = writer("PUT", f"{path}-{step}?resource=file", {"If-None-Match": "*"})
                assert new.status == 201, new.code
                made.append(f"d/logs/{number}-{step}")
                if step % 8 == 0:
                    rest()
            else:
                assert answer.status == 404, (answer.status, answer.code)

    def sweep(mover: data_lake.Raw, left: str, home: str) -> None:
        """What writers made by the old name, and the directories that this made anew."""
        for path, directory in mover.tree(left):
            if not directory:
                assert mover.rename(f"{left}/{path}", f"{home}/{path}") == 201
        for path in ("d/logs", "d"):
            assert mover.delete(f"{left}/{path}", recursive=False) in (200, 404, 409)

    def move() -> None:
        mover = client(daemon)
        while not stop.is_set():
            source, to = pair[here[0]], pair[1 - here[0]]
            number = random.randrange(writers)
            assert mover.rename(f"{source}/d/logs/{number}", f"{to}/single") == 201
            assert mover.rename(f"{to}/single", f"{source}/d/logs/{number}") == 201
            answer = mover("PUT", f"/{to}/d?mode=legacy", {"x-ms-rename-source": f"/{source}/d"})
            assert answer.status in (201, 409, 503), answer.code
            if answer.status == 201:
                here[0] = 1 - here[0]
            sweep(mover, pair[1 - here[0]], pair[here[0]])
            with moved:
                moves[0] += answer.status == 201
                moved.notify_all()

    mover = threading.Thread(target=move)
    mover.start()
    try:
        in_threads([lambda i=i: write(i) for i in range(writers)])
    finally:
        stop.set()
        mover.join()
    ask = client(daemon)
    sweep(ask, pair[1 - here[0]], pair[here[0]])
    assert ask.tree(pair[1 - here[0]]) == []
    found = [path for path, directory in ask.tree(pair[here[0]]) if not directory]
    assert sorted(found) == sorted(made + [f"d/logs/{number}" for number in range(writers)])
    for number in range(writers):
        content = ask("GET", f"/{pair[here[0]]}/d/logs/{number}", {"Accept": "application/json"}).body
        assert content == b"".join(b"%d.%03d;" % (number, step) for step in range(steps))
    assert moves[0] >= steps / 8


def test_many_moves_at_once(daemon):
    """Nothing is deleted: every file and directory is in some filesystem, once, and no tree has a cycle."""
    names = ["race-" + uuid.uuid4().hex for _ in range(3)]
    setup = client(daemon)
    for name in names:
        assert setup("PUT", f"/{name}?resource=filesystem").status == 201
    directories = [f"dir{i}" for i in range(6)]
    files = [f"file{i}" for i in range(24)]
    for i, leaf in enumerate(directories):
        assert setup.mkdir(f"{names[i % 3]}/{leaf}") == 201
    for i, leaf in enumerate(files):
        assert setup.write(f"{names[i % 3]}/{directories[i % 6]}/{leaf}", leaf.encode()) == 202
    seen: collections.Counter = collections.Counter()

    def everything(ask) -> list[tuple[str, str, bool]]:
        return [(name, path, directory) for name in names for path, directory in ask.tree(name)]

    def work(number: int) -> None:
        ask, rng = client(daemon), random.Random(number)
        for _ in range(60):
            known = everything(ask)
            source, path, _ = rng.choice(known)
            tops = [(name, "") for name in names]
            to, parent = rng.choice(tops + [(name, p + "/") for name, p, directory in known if directory])
            status = ask.rename(f"{source}/{path}", f"{to}/{parent}{path.rsplit('/', 1)[-1]}")
            # 400: a directory counts as deep as it ever was in its filesystem.
            assert status in (201, 400, 404, 409, 503), status
            seen[status, source != to] += 1

    in_threads([lambda i=i: work(i) for i in range(8)])
    ask = client(daemon)
    found = everything(ask)
    leaves = collections.Counter(path.rsplit("/", 1)[-1] for _, path, _ in found)
    assert leaves == collections.Counter(directories + files)
    for name, path, directory in found:
        parent = path.rpartition("/")[0]
        assert not parent or (name, parent, True) in found
        if not directory:
            content = ask("GET", f"/{name}/{path}", {"Accept": "application/json"}).body
            assert content == path.rsplit("/", 1)[-1].encode()
    assert seen[201, True] > 20 and seen[201, False] > 5, seen
    for name in names:
        ask("DELETE", f"/{name}?resource=filesystem")


def test_a_filesystem_that_is_deleted_takes_nothing_with_it_that_was_not_there():
    """Whatever a rename answered, the file is at one place: the source, or the deleted filesystem as it is
    when it is restored."""
    files = 60
    accounts = [{"name": ACCOUNT, "keys": [blobgate_daemon.ACCOUNTS[ACCOUNT]], "hierarchical": True,
                 "container_delete_retention_days": 7}]
    with data_lake.resolved_names(), blobgate_daemon.Daemon({"accounts": accounts}) as daemon:
        moved = collections.Counter()
        for round_number in range(8):
            source, to = f"from-{round_number}", f"into-{round_number}"
            ask = client(daemon)
            for name in (source, to):
                assert ask("PUT", f"/{name}?resource=filesystem").status == 201
            for i in range(files):
                assert ask.write(f"{source}/{i}", b"%d" % i) == 202
            answers = {}

            def rename(numbers, source=source, to=to, answers=answers) -> None:
                mover = client(daemon)
                for i in numbers:
                    answers[i] = mover.rename(f"{source}/{i}", f"{to}/{i}")

            def delete(victim=(to, source)[round_number % 2]) -> None:
                time.sleep(0.005 * (round_number + 1))  # the moment, not a wait for something
                assert client(daemon)("DELETE", f"/{victim}?resource=filesystem").status == 202

            in_threads([delete, *(lambda n=n: rename(range(n, files, 3)) for n in range(3))])
            assert set(answers.values()) <= {201, 404}
            service = data_lake.service(daemon)
            [deleted] = [found for found in service.list_file_systems(include_deleted=True)
                         if found.deleted and found.name in (source, to)]
            assert (service.undelete_file_system(deleted.name, deleted.deleted_version)
                    .file_system_name == deleted.name)
            left = {int(path) for path, _ in ask.tree(source)}
            came = {int(path) for path, _ in ask.tree(to)}
            assert came == {i for i, status in answers.items() if status == 201}
            assert left == set(range(files)) - came
            moved["came"] += len(came)
            moved["left"] += len(left)
            for name in (source, to):
                assert ask("DELETE", f"/{name}?resource=filesystem").status == 202
        assert moved["came"] and moved["left"], moved
        assert daemon.stop() == 0
        code, report = fsck.run(daemon.data_directory)
        assert code == fsck.CLEAN, report


def test_kill_in_the_middle():
    """After kill -9 everything is in one of the two filesystems, whole; in the end no extent is left over."""
    files = 25
    with blobgate_daemon.Daemon() as daemon:
        ask = client(daemon)
        pair = ["one", "two"]
        for name in pair:
            assert ask("PUT", f"/{name}?resource=filesystem").status == 201
        for i in range(files):
            assert ask.write(f"one/d/in/{i}", b"%d" % i) == 202
            assert ask.write(f"one/f{i}", b"%d" % i) == 202
        assert ask("PUT", "/one/log?resource=file", {"x-ms-blob-type": "AppendBlob"}).status == 201
        for i in range(20):
            assert ask("PATCH", f"/one/log?action=append&position={4 * i}", body=b"%03d;" % i).status == 202
        whole = {f"d/in/{i}": b"%d" % i for i in range(files)} | {f"f{i}": b"%d" % i for i in range(files)}
        whole["log"] = b"".join(b"%03d;" % i for i in range(20))
        moves = [0]
        for round_number in range(8):
            stop = threading.Event()

            def move(paths, stop=stop) -> None:
                mover = client(daemon)
                try:
                    while not stop.is_set():
                        for path in paths:
                            for source, to in (pair, pair[::-1]):
                                moves[0] += mover.rename(f"{source}/{path}", f"{to}/{path}") == 201
                except (OSError, http.client.HTTPException):
                    assert stop.is_set()

            tops = ["d", "log"] + [f"f{i}" for i in range(files)]
            threads = [threading.Thread(target=move, args=(paths,)) for paths in (["d"], ["log"], tops[2:])]
            for thread in threads:
                thread.start()
            time.sleep(0.2 + 0.1 * round_number)  # the moment of the kill, not a wait for something
            stop.set()
            daemon.kill()
            for thread in threads:
                thread.join()
            daemon.start()
            ask = client(daemon)
            found = [(path, name) for name in pair for path, directory in ask.tree(name) if not directory]
            assert sorted(path for path, _ in found) == sorted(whole)
            for path, name in found:
                content = ask("GET", f"/{name}/{path}", {"Accept": "application/json"}).body
                assert content == whole[path], (path, name)
        assert moves[0] > 50, moves
        for name in pair:
            assert ask("DELETE", f"/{name}?resource=filesystem").status == 202
        change_feed.wait_for(lambda: live_bytes(daemon) == 0, "the bytes to be given back")
        assert daemon.stop() == 0
        code, report = fsck.run(daemon.data_directory)
        assert code == fsck.CLEAN, report
        assert report["extents"] == 0, report
