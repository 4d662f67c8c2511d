"""What an account holds: containers and blobs."""

from __future__ import annotations

from expected import Chosen, Quoted
from rules import Lease


class Container:
    tags: dict[str, str] = {}

    def __init__(self, etags: set[str]):
        self.blobs: dict[str, Blob] = {}
        self.etags = etags
        self.metadata: dict[str, str] = {}
        self.access = ""
        self.policies: list[tuple[str, str, str, str]] = []
        self.lease = Lease()
        self.touch()

    def touch(self) -> None:
        self.etag, self.modified = Chosen(taken=self.etags), Chosen()

    def state(self) -> dict[str, object]:
        return {"etag": Quoted(self.etag), "last-modified": self.modified}


class Blob:
    """`committed` is False while there are only uncommitted blocks. `tier_changed` is None while
    the tier is inferred. `copy` holds the x-ms-copy-* headers. Of an append blob: `appended` blocks,
    `sealed`. Of a page blob: `pages`, the numbers of those that were written; `sequence`."""

    def __init__(self, etags: set[str]):
        self.committed = False
        self.type = "BlockBlob"
        self.data = b""
        self.appended, self.sealed = 0, False
        self.pages: frozenset[int] = frozenset()
        self.sequence = 0
        self.blocks: list[tuple[str, bytes]] = []
        self.staged: dict[str, bytes] = {}
        self.etags = etags
        self.created = Chosen()
        self.properties: dict[str, str] = {}
        self.metadata: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.tier, self.tier_changed = "Hot", None
        self.rehydrating: dict[str, str] = {}
        self.lease = Lease()
        self.touch()

    def touch(self) -> None:
        self.etag, self.modified = Chosen(taken=self.etags), Chosen()
        self.copy: dict[str, object] = {}

    def state(self) -> dict[str, object]:
        return {"etag": Quoted(self.etag), "last-modified": self.modified}

    def set_tier(self, tier: str | None) -> None:
        if tier:
            self.tier, self.tier_changed, self.rehydrating = tier, Chosen(), {}

    def tier_headers(self) -> dict[str, object]:
        if self.type != "BlockBlob":
            return {}
        if self.tier_changed is None:
            return {"x-ms-access-tier": self.tier, "x-ms-access-tier-inferred": "true"}
        return {"x-ms-access-tier": self.tier, "x-ms-access-tier-change-time": self.tier_changed,
                **self.rehydrating}

    def headers(self) -> dict[str, object]:
        """Of Get Blob."""
        found = {**self.state(), **self.properties, **self.metadata, **self.copy,
                 **lease_headers(self.lease), "x-ms-creation-time": self.created,
                 "accept-ranges": "bytes", "x-ms-blob-type": self.type,
                 "x-ms-server-encrypted": "true"}
        if self.tags:
            found["x-ms-tag-count"] = str(len(self.tags))
        if self.type == "AppendBlob":
            found["x-ms-blob-committed-block-count"] = str(self.appended)
            if self.sealed:
                found["x-ms-blob-sealed"] = "true"
        if self.type == "PageBlob":
            found["x-ms-blob-sequence-number"] = str(self.sequence)
        return found


def lease_headers(lease: Lease) -> dict[str, object]:
    found = {"x-ms-lease-state": lease.state,
             "x-ms-lease-status": "locked" if lease.is_active else "unlocked"}
    if lease.duration:
        found["x-ms-lease-duration"] = lease.duration
    return found
