"""A scripted load for a daemon whose calls fail, and what may be there at each moment of it."""
from __future__ import annotations

import dataclasses
import http.client
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import blob_client
from blob_history import GONE, State

CONTAINER = "sweep"
TIMEOUT = 30.0  # seconds for one answer: a hang
BLOCK_SIZE = 100_000


class Blob:
    """`possible[0]` is acknowledged; behind it, in order, what was asked for since and answered
    with an error or not at all. Those may be there after a restart, or at once."""

    def __init__(self) -> None:
        self.possible = [GONE]

    def succeeded(self, states: list[State]) -> None:
        self.possible = states

    def failed(self, states: list[State]) -> None:
        self.possible = self.possible + [s for s in states if s not in self.possible]

    def seen(self, found: State) -> bool:
        """Whether it may be. What a reader saw stays."""
        if found not in self.possible:
            return False
        self.possible = self.possible[self.possible.index(found):]
        return True


class Model:
    """What all blobs may hold."""

    def __init__(self) -> None:
        self.container = [False]  # as Blob.possible: is it there?
        self.blobs: dict[str, Blob] = {}

    def blob(self, name: str) -> Blob:
        return self.blobs.setdefault(name, Blob())


def malformed(answer: blob_client.Response, method: str) -> str:
    """What is wrong with an error's form, or nothing."""
    if "x-ms-request-id" not in answer.headers:
        return "an error without x-ms-request-id"
    if not answer.error_code:
        return "an error without x-ms-error-code"
    if method == "HEAD":
        return ""
    try:
        root = blob_client.parse_xml(answer.body)
    except (ElementTree.ParseError, UnicodeDecodeError):
        return f"an error whose body is not XML: {answer.body[:200]!r}"
    if root.tag != "Error" or root.findtext("Code") != answer.error_code:
        return f"an error whose body does not match its header: {answer.body[:200]!r}"
    return "" if root.findtext("Message") else "an error without a message"


class Workload:
    """Sends requests and follows the model. `faulty` says whether a fault has happened so far:
    before, nothing may fail. Contents depend on the steps alone."""

    def __init__(self, client: blob_client.BlobClient, model: Model, faulty: Callable[[], bool]):
        self._client = client
        self._faulty = faulty
        self._random = random.Random(7)
        self.model = model
        self.problems: list[str] = []
        self.refused = 0

    # One request.

    def _call(self, method: str, name: str = "", **arguments) -> blob_client.Response | None:
        """None: the connection broke."""
        what = f"{method} {name} {arguments.get('comp', '')}"
        try:
            answer = self._client.request(method, CONTAINER, name, retry=False, **arguments)
        except TimeoutError:
            self._client.close()
            self.problems.append(f"{what}: no answer in {TIMEOUT} s")
            return None
        except (http.client.HTTPException, OSError) as error:
            self._client.close()
            if not self._faulty():
                self.problems.append(f"{what}: {type(error).__name__} without a fault: {error}")
            return None
        if answer.status >= 400:
            if wrong := malformed(answer, method):
                self.problems.append(f"{what}: {answer.status}, {wrong}")
        if answer.status >= 500:
            self.refused += 1
            if answer.status not in (500, 503, 507) or not self._faulty():
                self.problems.append(f"{what}: {answer.status} {answer.error_code}")
        return answer

    def _change(self, name: str, good: int, states: list[State], excuses: tuple[str, ...] = (),
                method: str = "PUT", **arguments) -> bool:
        """A request that leaves the blob in one of `states`. `excuses`: error codes that the state
        before allows."""
        blob = self.model.blob(name)
        answer = self._call(method, name, **arguments)
        if answer is None or answer.status >= 500:
            blob.failed(states)
            return False
        if answer.status == good:
            blob.succeeded(states)
            return True
        if answer.error_code not in excuses:
            self.problems.append(f"{method} {name}: {answer.status} {answer.error_code}")
        return False

    def _excuses(self, *names: str) -> tuple[str, ...]:
        """Missing blobs, where they may be missing."""
        excuses = [] if self.model.container == [True] else ["ContainerNotFound"]
        if any(GONE in self.model.blob(name).possible for name in names):
            excuses += ["BlobNotFound", "CannotVerifyCopySource"]
        return tuple(excuses)

    def _new_state(self, size: int) -> tuple[bytes, State]:
        content = self._random.randbytes(size)
        return content, State.of(content, self._mark())

    def _mark(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    # Steps.

    def create_container(self) -> None:
        answer = self._call("PUT", restype="container")
        if answer is not None and answer.status == 201:
            self.model.container = [True]
        elif answer is None or answer.status >= 500:
            self.model.container = [False, True]
        elif answer.error_code != "ContainerAlreadyExists" or True not in self.model.container:
            self.problems.append(f"create container: {answer.status} {answer.error_code}")

    def put(self, name: str, size: int) -> bool:
        content, state = self._new_state(size)
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-meta-mark": state.mark}
        return self._change(name, 201, [state], self._excuses(), body=content, headers=headers)

    def put_blocks(self, name: str, size: int) -> None:
        content, state = self._new_state(size)
        pieces = [content[at:at + BLOCK_SIZE] for at in range(0, size, BLOCK_SIZE)]
        # New ones: a block that failed must not be found among those committed before.
        identities = [f"{self._random.getrandbits(32):08x}" for _ in pieces]
        answers = [self._call("PUT", name, body=piece, comp="block", blockid=identity)
                   for identity, piece in zip(identities, pieces)]
        excuses = self._excuses()
        if not all(answer is not None and answer.status == 201 for answer in answers):
            excuses += ("InvalidBlockList",)
        headers = {"x-ms-meta-mark": state.mark, "x-ms-blob-content-md5": state.md5}
        self._change(name, 201, [state], excuses, comp="blocklist", headers=headers,
                     body=blob_client.block_list_xml(identities))

    def set_metadata(self, name: str) -> None:
        mark = self._mark()
        states = [dataclasses.replace(state, mark=mark)
                  for state in self.model.blob(name).possible if state != GONE]
        self._change(name, 200, states, self._excuses(name), comp="metadata",
                     headers={"x-ms-meta-mark": mark})

    def copy(self, source: str, name: str) -> None:
        mark = self._mark()
        states = [dataclasses.replace(state, mark=mark)
                  for state in self.model.blob(source).possible if state != GONE]
        url = (f"http://127.0.0.1:{self._client.address[1]}"
               + self._client.target(CONTAINER, source))
        self._change(name, 202, states, self._excuses(source),
                     headers={"x-ms-copy-source": url, "x-ms-meta-mark": mark})

    def delete(self, name: str) -> None:
        self._change(name, 202, [GONE], self._excuses(name), method="DELETE")

    def read(self, name: str) -> None:
        answer = self._call("GET", name)
        if answer is None or answer.status >= 500:
            return
        found = self._state_in(answer)
        if not (answer.status in (200, 404) and self.model.blob(name).seen(found)):
            self.problems.append(f"read {name}: {answer.status} {found}; possible "
                                 f"{self.model.blob(name).possible}")

    @staticmethod
    def _state_in(answer: blob_client.Response) -> State:
        if answer.status != 200:
            return GONE
        found = State.of(answer.body, answer.metadata.get("mark", ""))
        return dataclasses.replace(found, md5=answer.headers["Content-MD5"])

    def read_all(self) -> None:
        for name in sorted(self.model.blobs):
            self.read(name)

    def list(self) -> None:
        answer = self._call("GET", restype="container", comp="list")
        if answer is None or answer.status != 200:
            if answer is not None and answer.error_code not in self._excuses() + (
                    "InternalError", "ServerBusy"):
                self.problems.append(f"list: {answer.status} {answer.error_code}")
            return
        names = {node.findtext("Name", "")
                 for node in blob_client.parse_xml(answer.body).iter("Blob")}
        for name, blob in self.model.blobs.items():
            if name in names and blob.possible == [GONE]:
                self.problems.append(f"list: {name} is there")
            if name not in names and GONE not in blob.possible:
                self.problems.append(f"list: {name} is missing")

    # The two scripts.

    def whole(self) -> None:
        """Everything the engine does, segments filled and taken off included."""
        self.create_container()
        self.put("small", 100)
        self.put("empty", 0)
        self.put("middle", 300_000)
        self.put("large", 1_200_000)
        self.put_blocks("blocks", 250_000)
        self.read_all()
        self.put("small", 40_000)
        self.put("middle", 200_000)
        self.copy("middle", "copied")
        self.set_metadata("small")
        self.delete("empty")
        self.list()
        self.put("large", 1_100_000)
        self.put_blocks("blocks", 450_000)
        self.put("later", 900_000)
        self.delete("large")
        self.copy("blocks", "small")
        self.delete("blocks")
        self.put("again", 1_000_000)
        self.put("empty", 5)
        self.read_all()
        self.list()

    def short(self) -> None:
        """For a store that has just been recovered."""
        self.read_all()
        self.put("small", 200)
        self.put("middle", 150_000)
        self.put_blocks("recovered", 120_000)
        self.delete("copied")
        self.set_metadata("small")
        self.read_all()
        self.list()
