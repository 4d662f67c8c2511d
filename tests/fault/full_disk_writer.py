"""The uploads of the full disk test: what they wrote, and what the store may hold of it."""
from __future__ import annotations

import dataclasses
import hashlib
import random
import threading

import blob_client

CONTAINER = "full"
SIZES = (0, 100, 5_000, 40_000, 300_000, 1_500_000, 6_000_000)
BLOCK_SIZE = 400_000
SMALLEST = 100  # bytes: when not even this is taken, the store is full
REFUSED_STATUS = 507
REFUSED_CODE = "InsufficientStorage"


@dataclasses.dataclass(frozen=True)
class Content:
    size: int
    sha256: str
    extents: tuple[int, ...]  # lengths: one of a Put Blob, or one per block

    def stored(self) -> int:
        """Bytes it takes in segments (docs/on-disk-format.md, "Segments and extents")."""
        return sum(stored_length(length) for length in self.extents)


def stored_length(length: int) -> int:
    def whole_pages(size: int) -> int:
        return -(-size // 4096) * 4096
    trailer = whole_pages(8 * -(-length // 32768) + 48) if length > 32768 else 0
    return whole_pages(length) + trailer


def refusal_problem(answer: blob_client.Response) -> str:
    """What is wrong with the answer to a write that found no space; empty if nothing."""
    if answer.status != REFUSED_STATUS or answer.error_code != REFUSED_CODE:
        return f"refused with {answer.status} {answer.error_code}"
    if answer.headers.get("Retry-After") is not None:
        return "refused with Retry-After"
    root = blob_client.parse_xml(answer.body)
    if root.findtext("Code") != REFUSED_CODE or "space" not in (root.findtext("Message") or ""):
        return f"refused with body {answer.body!r}"
    return ""


class Writer:
    """Blobs of one thread. `known` is acknowledged; `doubt` is what a name may hold besides, after
    a kill in the middle of a write (None: no blob). Errors while `killing` is set are the kill's.
    """

    def __init__(self, number: int, seed: int, killing: threading.Event):
        self.number = number
        self.random = random.Random(f"{seed}-{number}")
        self.known: dict[str, Content] = {}
        self.doubt: dict[str, Content | None] = {}
        self.staged: set[str] = set()  # may hold blocks that no list was committed with
        self.acknowledged = 0
        self.refused = 0
        self.problems: list[str] = []
        self._killing = killing
        self._next = 0

    # One write each. True: acknowledged, False: refused as it should be.

    def upload(self, client: blob_client.BlobClient, limit: int) -> bool:
        """A new blob or an overwrite, of about `limit` bytes at most, in one of the two ways."""
        if self.known and self.random.random() < 0.25:
            name = self.random.choice(list(self.known))
        else:
            self._next += 1
            name = f"w{self.number}-{self._next:06}"
        size = min(self.random.choice(SIZES), limit)
        body = self.random.randbytes(size)
        in_blocks = size > BLOCK_SIZE and self.random.random() < 0.5
        lengths = ([len(body[at:at + BLOCK_SIZE]) for at in range(0, size, BLOCK_SIZE)]
                   if in_blocks else [size] if size else [])
        content = Content(size, hashlib.sha256(body).hexdigest(), tuple(lengths))
        self.doubt[name] = content
        if in_blocks:
            self.staged.add(name)
            blocks = [body[at:at + BLOCK_SIZE] for at in range(0, size, BLOCK_SIZE)]
            done = self._attempt(lambda: client.put_blocks(CONTAINER, name, blocks))
        else:
            done = self._attempt(lambda: client.put_blob(CONTAINER, name, body))
        del self.doubt[name]
        if done:
            self.known[name] = content
            self.staged.discard(name)
            self.acknowledged += 1
        return done

    def _attempt(self, write) -> bool:
        try:
            write()
            return True
        except blob_client.UnexpectedStatus as error:
            problem = refusal_problem(error.response)
            if problem:
                self.problems.append(f"{error}: {problem}")
            self.refused += 1
            return False

    def delete(self, client: blob_client.BlobClient, name: str) -> None:
        """Deletes must always work."""
        if name in self.known:
            self.doubt[name] = None
            client.delete(CONTAINER, name)
            del self.known[name]
            del self.doubt[name]
            self.staged.discard(name)  # they go with it

    # What the threads do.

    def fill(self, client: blob_client.BlobClient) -> None:
        """Uploads less and less until not even the smallest is taken."""
        def steps() -> None:
            limit = SIZES[-1]
            while limit > SMALLEST or self.upload(client, SMALLEST):
                taken = self.upload(client, limit)
                limit = min(limit * 2, SIZES[-1]) if taken else max(limit // 2, SMALLEST)
        self._guarded(client, steps)

    def churn(self, client: blob_client.BlobClient, steps: int) -> None:
        """Uploads, deletes and reads of a store that is full or about to be."""
        def step() -> None:
            for _ in range(steps):
                action = self.random.choice(("upload", "upload", "delete", "read"))
                if action == "upload" or not self.known:
                    self.upload(client, SIZES[-1])
                elif action == "delete":
                    self.delete(client, self.random.choice(list(self.known)))
                else:
                    self.verify(client, [self.random.choice(list(self.known))])
        self._guarded(client, step)

    def _guarded(self, client: blob_client.BlobClient, steps) -> None:
        try:
            steps()
        except Exception as error:  # any end but the kill's is a finding
            if not self._killing.is_set():
                self.problems.append(f"{type(error).__name__}: {error}")
        finally:
            client.close()

    def verify_all(self, client: blob_client.BlobClient) -> None:
        self._guarded(client, lambda: self.verify(client, [*self.known, *self.doubt]))

    def verify(self, client: blob_client.BlobClient, names: list[str]) -> None:
        """Each holds what was acknowledged, or what was under way when the daemon was killed."""
        for name in dict.fromkeys(names):
            answer = client.expect((200, 404), "GET", CONTAINER, name)
            digest = hashlib.sha256(answer.body).hexdigest()
            found = None if answer.status == 404 else (len(answer.body), digest)
            states = [self.known.get(name)]
            if name in self.doubt:
                states.append(self.doubt.pop(name))
            matching = [s for s in states if found == (None if s is None else (s.size, s.sha256))]
            if not matching:
                self.problems.append(f"{name}: found {found}, not one of {states}")
            state = matching[0] if matching else None
            self.known.pop(name, None)
            if state is not None:
                self.known[name] = state

    def drop_staged(self, client: blob_client.BlobClient) -> None:
        """Frees blocks without a list: a new content takes them away, even when it is empty."""
        for name in list(self.staged):
            answer = client.request("PUT", CONTAINER, name, body=b"",
                                    headers={"x-ms-blob-type": "BlockBlob"})
            if answer.status == REFUSED_STATUS:  # right only when there is nothing to take away
                left = client.expect((200, 404), "GET", CONTAINER, name, comp="blocklist",
                                     blocklisttype="uncommitted")
                if b"<Block>" in left.body:
                    raise AssertionError(f"PUT {name}: refused, though it frees blocks")
                self.staged.discard(name)
                continue
            if answer.status != 201:
                raise AssertionError(f"PUT {name}: {answer.status} {answer.error_code}")
            self.known[name] = Content(0, hashlib.sha256(b"").hexdigest(), ())
            self.staged.discard(name)
            self.delete(client, name)

    def stored(self) -> int:
        return sum(content.stored() for content in self.known.values())
