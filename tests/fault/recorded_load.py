"""Runs the daemon under the recording shim with several writers, over several lives."""
from __future__ import annotations

import dataclasses
import hashlib
import pathlib
import random
import shutil
import threading

import blob_client
import blobgate_daemon
import crash_image
import journal
import shim
from blob_history import CONTAINER, GONE, NEVER, Block, BlobHistory, History, State, Version, \
    read_state

WRITERS = 4
NAMES = 6  # of each writer
STEPS = 40  # of each writer in one life
BLOCK_SIZE = 100_000
SIZES = (0, 1, 100, 4096, 20_000, 33_000, 100_000, 300_000, 1_200_000)
WEIGHTS = (1, 2, 3, 2, 3, 3, 2, 2, 1)
# Small segments, so that sealing, filling up and deleting them happen within seconds.
CONFIG = {"access_log": "off", "log_level": "warn", "engine": {"segment_bytes": 2 << 20, "rewrite_live_percent": 90}}
TIMEOUT = 60.0  # seconds for one answer: a hang


@dataclasses.dataclass
class Recording:
    """`base` is the data directory it began with; None: an empty one."""
    records: list[journal.Record]
    history: History
    base: pathlib.Path | None = None

    def replay(self, ignored: str | None = None) -> crash_image.Replay:
        """At the beginning. `ignored` as for Replay."""
        return crash_image.Replay(*(crash_image.scan(self.base) if self.base else ()),
                                  ignored=ignored)


class Writer:
    """One thread's blobs. `ending` is set when the daemon is expected to go."""

    def __init__(self, number: int, rng: random.Random, history: History, control: shim.Shim):
        self._number = number
        self._random = rng
        self._blobs = history.blobs
        self._shim = control
        self._life = 0
        self._tag = f"{rng.getrandbits(32):08x}-"  # no names that the base may have
        self._pieces: dict[str, bytes] = {}  # of staged blocks
        self.problem = ""
        for name in self.names():
            self._blobs[name] = BlobHistory()

    def names(self) -> list[str]:
        return [f"w{self._number}-{index}" for index in range(NAMES)]

    def begin_life(self, life: int, client: blob_client.BlobClient) -> None:
        """Finds out what became of what was in flight. Staged blocks are left as they are."""
        for name in [*self.names(), self._staged_name()]:
            if name not in self._blobs:
                continue
            found, _ = read_state(client, name)
            if problem := self._blobs[name].settle(found, self._shim.records):
                raise AssertionError(f"{name}: {problem}")
        self._life = life

    def _staged_name(self) -> str:
        return f"w{self._number}-staged{self._tag}{self._life}"

    def run(self, client: blob_client.BlobClient, ending: threading.Event) -> None:
        try:
            for _ in range(STEPS):
                self._step(client)
        except blob_client.UnexpectedStatus as error:
            self.problem = str(error)
        except Exception as error:  # the connection, when the daemon is killed
            if not ending.is_set():
                self.problem = f"{type(error).__name__}: {error}"
        finally:
            client.close()

    def _step(self, client: blob_client.BlobClient) -> None:
        name = self._random.choice(self.names())
        action = self._random.choice((self._put, self._put, self._put_blocks, self._copy,
                                      self._delete, self._set_metadata, self._stage))
        if action == self._stage:
            self._stage(client)
        else:
            if self._blobs[name].latest.state == GONE and action in (self._delete,
                                                                     self._set_metadata):
                action = self._put
            action(client, name)

    def _mark(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def _content(self) -> bytes:
        return self._random.randbytes(self._random.choices(SIZES, WEIGHTS)[0])

    def _begin(self, name: str, state: State) -> Version:
        return self._blobs[name].begin(state, self._shim.records)

    def _done(self, version: Version, answer: blob_client.Response) -> None:
        version.etag = answer.headers.get("ETag")
        version.known = min(version.known, self._shim.records)

    def _put(self, client, name: str) -> None:
        content = self._content()
        version = self._begin(name, State.of(content, self._mark()))
        headers = {"x-ms-meta-mark": version.state.mark}
        self._done(version, client.put_blob(CONTAINER, name, content, headers, retry=False))

    def _put_blocks(self, client, name: str) -> None:
        content = self._content()
        pieces = [content[at:at + BLOCK_SIZE] for at in range(0, len(content), BLOCK_SIZE)]
        identities = [blob_client.block_id(index) for index in range(len(pieces))]
        for identity, piece in zip(identities, pieces):
            client.expect(201, "PUT", CONTAINER, name, body=piece, comp="block",
                          blockid=identity, retry=False)
        version = self._begin(name, State.of(content, self._mark()))
        self._done(version, self._commit(client, name, identities, version.state))

    @staticmethod
    def _commit(client, name: str, identities: list[str], state: State) -> blob_client.Response:
        headers = {"x-ms-meta-mark": state.mark, "x-ms-blob-content-md5": state.md5}
        return client.expect(201, "PUT", CONTAINER, name, comp="blocklist", headers=headers,
                             body=blob_client.block_list_xml(identities), retry=False)

    def _delete(self, client, name: str) -> None:
        version = self._begin(name, GONE)
        self._done(version, client.expect(202, "DELETE", CONTAINER, name, retry=False))

    def _set_metadata(self, client, name: str) -> None:
        state = dataclasses.replace(self._blobs[name].latest.state, mark=self._mark())
        version = self._begin(name, state)
        self._done(version, client.expect(200, "PUT", CONTAINER, name, comp="metadata",
                                          headers={"x-ms-meta-mark": state.mark}, retry=False))

    def _copy(self, client, name: str) -> None:
        source = self._random.choice(self.names())
        state = self._blobs[source].latest.state
        if state == GONE or source == name:
            self._put(client, name)
            return
        version = self._begin(name, dataclasses.replace(state, mark=self._mark()))
        url = f"http://127.0.0.1:{client.address[1]}" + client.target(CONTAINER, source)
        headers = {"x-ms-copy-source": url, "x-ms-meta-mark": version.state.mark}
        self._done(version, client.expect(202, "PUT", CONTAINER, name, headers=headers,
                                          retry=False))

    def _stage(self, client) -> None:
        """A block under a name of its own; now and then all that are staged are committed."""
        name = self._staged_name()
        blob = self._blobs.setdefault(name, BlobHistory())
        staged = [block for block in blob.blocks if block.until == NEVER]
        if len(staged) >= 3:
            self._commit_staged(client, name, staged)
            return
        content = self._random.randbytes(self._random.choice((10, 5_000, 40_000, 120_000)))
        block = Block(blob_client.block_id(len(blob.blocks)), len(content),
                      hashlib.sha256(content).hexdigest(), self._shim.records)
        self._pieces[block.identity] = content
        blob.blocks.append(block)
        client.expect(201, "PUT", CONTAINER, name, body=content, comp="block",
                      blockid=block.identity, retry=False)
        block.known = self._shim.records

    def _commit_staged(self, client, name: str, staged: list[Block]) -> None:
        identities = [block.identity for block in staged]
        content = b"".join(self._pieces[identity] for identity in identities)
        version = self._begin(name, State.of(content, self._mark()))
        for block in staged:
            block.until = version.intent
        self._done(version, self._commit(client, name, identities, version.state))
        for block in staged:
            block.gone = self._shim.records


class Reader(threading.Thread):
    """Reads blobs while they are written: what it saw must survive every later cut."""

    def __init__(self, client: blob_client.BlobClient, rng: random.Random, history: History,
                 names: list[str], control: shim.Shim, stop: threading.Event,
                 ending: threading.Event):
        super().__init__()
        self._stop_reading = stop
        self._client = client
        self._random = rng
        self._history = history
        self._names = names
        self._shim = control
        self._ending = ending
        self.problem = ""
        self.reads = 0

    def run(self) -> None:
        try:
            while not self._stop_reading.is_set():
                self._read(self._random.choice(self._names))
        except Exception as error:  # the connection, when the daemon is killed
            if not self._ending.is_set():
                self.problem = f"reader: {type(error).__name__}: {error}"
        finally:
            self._client.close()

    def _read(self, name: str) -> None:
        found, etag = read_state(self._client, name)
        self.reads += 1
        if found != GONE:
            problem = self._history.blobs[name].seen(found, etag, self._shim.records)
            if problem:
                raise AssertionError(f"{name}: {problem}")


class Load:
    """Makes one recording in `directory`. If that holds `base`, it begins with a copy of it."""

    KILLS = ("KILL-BEFORE", "KILL-AFTER")

    def __init__(self, directory: pathlib.Path, rng: random.Random):
        self._random = rng
        self._daemon = blobgate_daemon.Daemon(CONFIG, directory=directory)
        self._base = directory / "base" if (directory / "base").exists() else None
        if self._base:
            shutil.copytree(self._base, self._daemon.data_directory, dirs_exist_ok=True)
        self._shim = shim.Shim(directory, self._daemon.data_directory, record=True)
        self._daemon.environment = self._shim.environment()
        self._history = History(Version(GONE, 0), {})
        self._writers = [Writer(number, random.Random(rng.random()), self._history, self._shim)
                         for number in range(WRITERS)]

    def record(self, lives: int) -> Recording:
        """Every other life ends with a kill in the middle of a call, the others with SIGTERM."""
        try:
            for life in range(lives):
                self._live(life, killed=life % 2 == 0)
        finally:
            self._daemon.kill()
        records = journal.read(self._shim.journal)
        if len(records) != self._shim.records:
            raise AssertionError(f"{len(records)} records, {self._shim.records} counted")
        return Recording(records, self._history, self._base)

    def client(self) -> blob_client.BlobClient:
        return blob_client.BlobClient(self._daemon.address(), "acct1",
                                      blobgate_daemon.ACCOUNTS["acct1"], timeout=TIMEOUT)

    def _live(self, life: int, killed: bool) -> None:
        self._shim.set("sync_microseconds", self._random.choice((0, 200, 1000)))
        self._daemon.forget_ports()
        self._daemon.start()
        client = self.client()
        if life == 0:
            self._adopt(client)
        for writer in self._writers:
            writer.begin_life(life, client)
        client.close()
        ending = threading.Event()
        if killed:
            # Below the number of calls that a life makes.
            self._shim.arm(shim.KINDS[self._random.choice(self.KILLS)],
                           self._random.randint(WRITERS * STEPS // 2, WRITERS * STEPS * 2))
            ending.set()
        self._load(ending)
        if killed:
            self._daemon.kill()  # it may have come to the end before
            self._shim.lift()
        elif (code := self._daemon.stop()) != 0:
            raise AssertionError(f"the daemon ended with {code}:\n{self._daemon.log_tail()}")

    def _adopt(self, client: blob_client.BlobClient) -> None:
        """Takes what the base holds for the beginning of the history."""
        container = self._history.container
        if CONTAINER in client.list_containers():
            container.intent = container.known = 0
        else:
            container.intent = self._shim.records
            client.create_container(CONTAINER)
            container.known = self._shim.records
        for name in client.names(CONTAINER):
            found, etag = read_state(client, name)
            blob = self._history.blobs.setdefault(name, BlobHistory())
            blob.versions = [Version(found, 0, 0, etag=etag)]

    def _load(self, ending: threading.Event) -> None:
        names = [name for writer in self._writers for name in writer.names()]
        stop_reading = threading.Event()
        reader = Reader(self.client(), random.Random(self._random.random()), self._history, names,
                        self._shim, stop_reading, ending)
        threads = [threading.Thread(target=writer.run, args=(self.client(), ending))
                   for writer in self._writers]
        for thread in [reader, *threads]:
            thread.start()
        for thread in threads:
            thread.join()
        stop_reading.set()
        reader.join()
        problems = [who.problem for who in [reader, *self._writers] if who.problem]
        if problems:
            raise AssertionError("; ".join(problems))
