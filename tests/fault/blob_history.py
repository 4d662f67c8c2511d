"""What was written to each blob and when, so that it is known what may be there after a power cut.

Moments are positions in the journal of the shim: the number of records before them. A cut at `c`
leaves at most the effects of the records below `c`.
"""
from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
import pathlib

import blob_client

NEVER = math.inf
CONTAINER = "power"


@dataclasses.dataclass(frozen=True)
class State:
    """What a blob holds; all None if there is no blob. `mark` is metadata, different each time."""
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    mark: str | None = None

    @staticmethod
    def of(content: bytes, mark: str) -> "State":
        md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
        return State(len(content), hashlib.sha256(content).hexdigest(), md5, mark)


GONE = State()


@dataclasses.dataclass
class Version:
    """`intent`: before the request was sent. `known`: after its success was answered, or a reader
    saw the state. `dropped`: when it turned out never to have happened."""
    state: State
    intent: float
    known: float = NEVER
    dropped: float = NEVER
    etag: str | None = None


@dataclasses.dataclass
class Block:
    """Staged under a name that nothing else is written to. `until`: the intent of its commit;
    `gone`: the commit was acknowledged."""
    identity: str
    size: int
    sha256: str
    intent: float
    known: float = NEVER
    until: float = NEVER
    gone: float = NEVER


class BlobHistory:
    """Written by one thread; readers may call `seen` meanwhile."""

    def __init__(self) -> None:
        self.versions = [Version(GONE, 0, 0)]
        self.blocks: list[Block] = []

    @property
    def latest(self) -> Version:
        """The last version known to have happened."""
        return next(v for v in reversed(self.versions) if v.known < NEVER)

    def begin(self, state: State, now: int) -> Version:
        self.versions.append(Version(state, now))
        return self.versions[-1]

    def version_of(self, mark: str | None) -> Version | None:
        return next((v for v in reversed(self.versions) if v.state.mark == mark), None)

    def seen(self, found: State, etag: str, now: int) -> str:
        """A reader saw `found`: from now on it must be there. A problem, or nothing."""
        version = self.version_of(found.mark)
        if version is None or version.state != found:
            return f"read {found}, which nobody wrote"
        if version.etag not in (None, etag):
            return f"read {found} with ETag {etag}, acknowledged with {version.etag}"
        version.known = min(version.known, now)
        return ""

    def settle(self, found: State, now: int) -> str:
        """After a restart: the last version happened or did not. A problem, or nothing."""
        last = self.versions[-1]
        if found == last.state:
            last.known = min(last.known, now)
        elif last.known == NEVER and found == self.latest.state:
            last.dropped = now
        else:
            return f"after a kill {found}; known {self.latest}, last {last}"
        return ""

    def allowed(self, cut: int) -> list[Version]:
        """What may be there after a cut; the first is the one known to be durable."""
        known = max(i for i, v in enumerate(self.versions) if v.known <= cut)
        doubtful = [v for v in self.versions[known + 1:] if v.intent < cut <= v.dropped]
        return [self.versions[known], *doubtful]

    def acknowledged(self, cut: int) -> int:
        return sum(v.known <= cut for v in self.versions[1:]) + sum(
            b.known <= cut for b in self.blocks)


@dataclasses.dataclass
class History:
    container: Version
    blobs: dict[str, BlobHistory]

    def save(self, path: pathlib.Path) -> None:
        path.write_text(json.dumps({
            "container": dataclasses.asdict(self.container),
            "blobs": {name: {"versions": [dataclasses.asdict(v) for v in blob.versions],
                             "blocks": [dataclasses.asdict(b) for b in blob.blocks]}
                      for name, blob in self.blobs.items()}}))

    @staticmethod
    def load(path: pathlib.Path) -> "History":
        read = json.loads(path.read_text())
        history = History(_version(read["container"]), {})
        for name, blob in read["blobs"].items():
            loaded = history.blobs[name] = BlobHistory()
            loaded.versions = [_version(fields) for fields in blob["versions"]]
            loaded.blocks = [Block(**fields) for fields in blob["blocks"]]
        return history


def _version(fields: dict) -> Version:
    return Version(State(**fields.pop("state")), **fields)


def read_state(client: blob_client.BlobClient, name: str,
               container: str = CONTAINER) -> tuple[State, str | None]:
    """The state and the ETag. Raises for any other answer than a whole blob or BlobNotFound."""
    answer = client.expect((200, 404), "GET", container, name)
    if answer.status == 404:
        if answer.error_code != "BlobNotFound":
            raise blob_client.UnexpectedStatus(f"GET {name}", answer)
        return GONE, None
    if int(answer.headers["Content-Length"]) != len(answer.body):
        raise ValueError(f"{len(answer.body)} of {answer.headers['Content-Length']} bytes")
    found = State(len(answer.body), hashlib.sha256(answer.body).hexdigest(),
                  answer.headers["Content-MD5"], answer.metadata.get("mark"))
    return found, answer.headers["ETag"]
