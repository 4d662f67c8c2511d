"""Compares what a started daemon serves with what may be there after a cut."""
from __future__ import annotations

import dataclasses
import hashlib

import blob_client
from blob_history import CONTAINER, GONE, Block, BlobHistory, History, State, read_state


@dataclasses.dataclass
class Findings:
    """Of one cut. `lost`: blobs older than the last acknowledged state, and staged blocks that are
    not there. `torn`: blobs in a state nobody wrote, or unreadable."""
    problems: list[str] = dataclasses.field(default_factory=list)
    lost: int = 0
    torn: int = 0
    not_opened: int = 0
    acknowledged: int = 0  # writes before the cut that were checked
    blobs: int = 0

    def add(self, other: "Findings") -> None:
        self.problems += other.problems
        for field in ("lost", "torn", "not_opened", "acknowledged", "blobs"):
            setattr(self, field, getattr(self, field) + getattr(other, field))


class ImageCheck:
    """Reads everything once. It writes, too: the image is used up."""

    def __init__(self, client: blob_client.BlobClient, history: History, cut: int):
        self._client = client
        self._history = history
        self._cut = cut
        self.findings = Findings()

    def run(self) -> Findings:
        container = self._history.container
        there = self._client.list_containers()
        if there not in ([], [CONTAINER]):
            self._problem(f"containers: {there}")
        if not there:
            if container.known <= self._cut:
                self.findings.lost += 1
                self._problem("the container is lost")
            return self.findings
        if container.intent >= self._cut:
            self._problem("the container is there before it was made")
        listed = {item.name: item for item in
                  self._client.list_blobs(CONTAINER, include="metadata")}
        for name in listed.keys() - self._history.blobs.keys():
            self._problem(f"{name}: listed, but never written")
        for name, blob in self._history.blobs.items():
            self._check_blob(name, blob, listed.get(name))
        for name, blob in self._history.blobs.items():
            if blob.blocks:
                self._check_blocks(name, blob)
        self._check_writing()
        return self.findings

    def _problem(self, text: str) -> None:
        self.findings.problems.append(text)

    def _check_blob(self, name: str, blob: BlobHistory, listed) -> None:
        allowed = blob.allowed(self._cut)
        self.findings.acknowledged += blob.acknowledged(self._cut)
        self.findings.blobs += 1
        try:
            found, etag = read_state(self._client, name)
        except Exception as error:  # unreadable is a finding, and the others are wanted too
            self.findings.torn += 1
            self._problem(f"{name}: {type(error).__name__}: {error}")
            return
        match = next((v for v in allowed if v.state == found), None)
        if match is None:
            older = any(v.state == found for v in blob.versions)
            self.findings.lost += older
            self.findings.torn += not older
            kind = "lost" if older else "torn"
            self._problem(f"{name}: {kind}: found {found}, allowed {allowed}")
        elif match.etag is not None and match.etag != etag:
            self._problem(f"{name}: ETag {etag}, acknowledged with {match.etag}")
        self._check_listed(name, found, etag, listed)

    def _check_listed(self, name: str, found: State, etag: str | None, listed) -> None:
        entry, entry_etag = GONE, None
        if listed is not None:
            entry = State(listed.size, found.sha256, listed.properties.get("Content-MD5"),
                          listed.metadata.get("mark"))
            entry_etag = f'"{listed.properties["Etag"]}"'
        if (entry, entry_etag) != (found, etag):
            self._problem(f"{name}: listed as {entry} {entry_etag}, is {found} {etag}")

    def _check_blocks(self, name: str, blob: BlobHistory) -> None:
        """Acknowledged blocks are there, with their bytes; no others are."""
        needed = [b for b in blob.blocks if b.known <= self._cut <= b.until]
        possible = {b.identity: b for b in blob.blocks
                    if b.intent < self._cut and b.gone > self._cut}
        there = self._uncommitted(name)
        for block in needed:
            if there.get(block.identity) != block.size:
                self.findings.lost += 1
                self._problem(f"{name}: staged {block} is lost, there are {there}")
                return
        for identity, size in there.items():
            if identity not in possible or possible[identity].size != size:
                self._problem(f"{name}: block {identity} of {size} bytes, which is not staged")
                return
        if there:
            self._check_bytes(name, [possible[identity] for identity in there])

    def _uncommitted(self, name: str) -> dict[str, int]:
        answer = self._client.expect((200, 404), "GET", CONTAINER, name, comp="blocklist",
                                     blocklisttype="uncommitted")
        if answer.status == 404:
            return {}
        root = blob_client.parse_xml(answer.body)
        return {node.findtext("Name", ""): int(node.findtext("Size", ""))
                for node in root.iter("Block")}

    def _check_bytes(self, name: str, blocks: list[Block]) -> None:
        self._client.expect(201, "PUT", CONTAINER, name, comp="blocklist",
                            body=blob_client.block_list_xml([b.identity for b in blocks]))
        content = self._client.get(CONTAINER, name)
        for block in blocks:
            piece, content = content[:block.size], content[block.size:]
            if hashlib.sha256(piece).hexdigest() != block.sha256:
                self.findings.torn += 1
                self._problem(f"{name}: the bytes of {block} are wrong")

    def _check_writing(self) -> None:
        content = bytes(range(256)) * 300
        self._client.put_blob(CONTAINER, "afterwards", content)
        if self._client.get(CONTAINER, "afterwards") != content:
            self._problem("a blob written after the cut reads wrong")
