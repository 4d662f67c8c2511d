"""A model of one storage account: what Azure's documentation says the Blob service holds and
answers, in plain dictionaries. It knows nothing of the daemon.

`Account.apply` takes one operation, changes the model, and returns the answer to expect. What the
documentation leaves open follows shared decisions: the order of checks is existence, archive,
lease, conditions, body; tags and tier are no modification.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import typing

from crc64 import crc64
from expected import Answer, Chosen, Refused, Seconds
from listed import listed_blob, listed_container, listed_tags
from rules import Conditions, Lease
from state import Blob, Container, lease_headers

REHYDRATION = 5.0  # seconds; nothing is said about a blob after them
_PROPERTIES = ("content-type", "content-encoding", "content-language", "content-disposition",
               "cache-control")


@dataclasses.dataclass(frozen=True)
class Operation:
    """`name` is Azure's. `headers` and `query` are without what the routing of the name implies;
    header names in lower case. `data`: bytes of a body, (kind, id) pairs of a block list, tags, or
    stored access policies. `source` is (container, blob)."""
    name: str
    container: str = ""
    blob: str = ""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    query: dict[str, str] = dataclasses.field(default_factory=dict)
    data: typing.Any = b""
    source: tuple[str, str] | None = None


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def metadata_of(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("x-ms-meta-")}


def _pending(tier: str) -> str:
    return "rehydrate-pending-to-" + tier.lower()


def block_list_body(blocks: list[tuple[str, str]]) -> bytes:
    inner = "".join(f"<{kind}>{name}</{kind}>" for kind, name in blocks)
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{inner}</BlockList>'.encode()


class Account:
    """`clock` gives seconds; `deadline` is when time will next change something by itself.
    `url_of` makes the URL that a copy of a blob shows as its source."""

    def __init__(self, clock: typing.Callable[[], float],
                 url_of: typing.Callable[[str, str], str]):
        self.containers: dict[str, Container] = {}
        self.clock = clock
        self.url_of = url_of
        self.deadline = float("inf")
        self._etags: dict[tuple[str, str], set[str]] = {}

    def apply(self, op: Operation) -> Answer:
        self._conditions = Conditions(op.headers)
        try:
            return getattr(self, op.name.lower().replace(" ", "_"))(op)
        except Refused as error:
            return Answer(error.status, error.headers, code=error.code)

    # Look-ups and the checks that many operations share.

    def find(self, container: str, blob: str = "") -> Container | Blob | None:
        found = self.containers.get(container)
        return found.blobs.get(blob) if found and blob else found

    def etags(self, container: str, blob: str = "") -> set[str]:
        """All the ETags that were ever seen under this name."""
        return self._etags.setdefault((container, blob), set())

    def _container(self, op: Operation) -> Container:
        if op.container not in self.containers:
            raise Refused(404, "ContainerNotFound")
        return self.containers[op.container]

    def _leased_container(self, op: Operation) -> Container:
        """For an operation that takes a container's lease id but does not need it."""
        container = self._container(op)
        if lease_id := op.headers.get("x-ms-lease-id"):
            container.lease.check_id(lease_id, "Container")
        return container

    def _blob(self, op: Operation) -> Blob:
        blob = self._container(op).blobs.get(op.blob)
        if blob is None or not blob.committed:
            self._conditions.check_missing()
        return blob

    def _read(self, op: Operation) -> Blob:
        blob = self._blob(op)
        if lease_id := op.headers.get("x-ms-lease-id"):
            blob.lease.check_id(lease_id, "Blob")
        self._conditions.check_read(blob)
        return blob

    def _update(self, op: Operation, archived_too: bool = False) -> Blob:
        self._conditions.demand_one_pair()
        blob = self._blob(op)
        if blob.tier == "Archive" and not archived_too:
            raise Refused(409, "BlobArchived")
        blob.lease.check_write(op.headers.get("x-ms-lease-id"), "Blob")
        self._conditions.check_write(blob)
        blob.lease = blob.lease.after_write()
        return blob

    def _check_replace(self, op: Operation) -> Blob | None:
        """May a blob be made here, in the place of the one returned?"""
        self._conditions.demand_one_pair()
        old = self._container(op).blobs.get(op.blob)
        exists = old is not None and old.committed
        if exists and old.tier == "Archive":
            raise Refused(409, "BlobArchived")
        (old.lease if exists else Lease()).check_write(op.headers.get("x-ms-lease-id"), "Blob")
        self._conditions.check_write(old if exists else None, creates=True)
        return old

    @staticmethod
    def _same_type(old: Blob | None, wanted: str) -> None:
        if old is not None and old.committed and old.type != wanted:
            raise Refused(409, "InvalidBlobType")

    def _replace(self, op: Operation, old: Blob | None, data: bytes, **fields) -> Blob:
        self._same_type(old, fields.get("type", "BlockBlob"))
        new = Blob(self.etags(op.container, op.blob))
        new.committed, new.data = True, data
        if old is not None and old.committed:
            new.lease = old.lease.after_write()
            if old.type == "BlockBlob":
                new.tier, new.tier_changed = old.tier, old.tier_changed
        new.set_tier(op.headers.get("x-ms-access-tier"))
        new.metadata = metadata_of(op.headers)
        new.tags = dict(pair.split("=") for pair in op.headers.get("x-ms-tags", "").split("&")
                        if pair)
        if op.headers.get("x-ms-copy-source-tag-option") == "COPY":
            new.tags = dict(self.find(*op.source).tags)
        new.properties = self._given_properties(op, {"content-type": "application/octet-stream"})
        for name, value in fields.items():
            setattr(new, name, value)
        self.containers[op.container].blobs[op.blob] = new
        return new

    @staticmethod
    def _given_properties(op: Operation, default: dict[str, str]) -> dict[str, str]:
        given = {name: op.headers["x-ms-blob-" + name] for name in (*_PROPERTIES, "content-md5")
                 if "x-ms-blob-" + name in op.headers}
        return {**default, **given}

    # Append and page blobs.

    def _update_type(self, op: Operation, wanted: str) -> Blob:
        self._conditions.demand_one_pair()
        if self._blob(op).type != wanted:
            raise Refused(409, "InvalidBlobType")
        return self._update(op)

    def put_append_blob(self, op: Operation) -> Answer:
        blob = self._replace(op, self._check_replace(op), b"", type="AppendBlob")
        return Answer(201, {**blob.state(), "x-ms-request-server-encrypted": "true"})

    def _check_append(self, op: Operation, added: int) -> Blob:
        self._conditions.demand_one_pair()
        blob = self._blob(op)
        if blob.type != "AppendBlob":
            raise Refused(409, "InvalidBlobType")
        blob.lease.check_write(op.headers.get("x-ms-lease-id"), "Blob")
        self._conditions.check_write(blob)
        if blob.sealed:
            raise Refused(409, "BlobIsSealed")
        position = op.headers.get("x-ms-blob-condition-appendpos")
        if position is not None and int(position) != len(blob.data):
            raise Refused(412, "AppendPositionConditionNotMet")
        most = op.headers.get("x-ms-blob-condition-maxsize")
        if most is not None and len(blob.data) + added > int(most):
            raise Refused(412, "MaxBlobSizeConditionNotMet")
        return blob

    def _append(self, op: Operation, data: bytes, hashed: dict[str, str]) -> Answer:
        blob = self._check_append(op, len(data))
        blob.lease = blob.lease.after_write()
        offset = len(blob.data)
        blob.data, blob.appended = blob.data + data, blob.appended + 1
        blob.touch()
        return Answer(201, {**blob.state(), **hashed, "x-ms-request-server-encrypted": "true",
                            "x-ms-blob-append-offset": str(offset),
                            "x-ms-blob-committed-block-count": str(blob.appended)})

    def append_block(self, op: Operation) -> Answer:
        self._check_append(op, len(op.data))
        if op.headers.get("content-md5", md5(op.data)) != md5(op.data):
            raise Refused(400, "Md5Mismatch")
        hashed = {"content-md5": md5(op.data)} if "content-md5" in op.headers \
            else {"x-ms-content-crc64": crc64(op.data)}
        return self._append(op, op.data, hashed)

    def append_block_from_url(self, op: Operation) -> Answer:
        self._check_append(op, 1)
        data = self._range_of(op, self._source(op))
        if not data:
            raise Refused(400, "InvalidHeaderValue")
        return self._append(op, data, {"x-ms-content-crc64": crc64(data)})

    def append_blob_seal(self, op: Operation) -> Answer:
        blob = self._update_type(op, "AppendBlob")
        position = op.headers.get("x-ms-blob-condition-appendpos")
        if position is not None and int(position) != len(blob.data):
            raise Refused(412, "AppendPositionConditionNotMet")
        if not blob.sealed:
            blob.sealed = True
            blob.touch()
        return Answer(200, {**blob.state(), "x-ms-blob-sealed": "true"})

    def put_page_blob(self, op: Operation) -> Answer:
        size = int(op.headers["x-ms-blob-content-length"])
        blob = self._replace(op, self._check_replace(op), bytes(size), type="PageBlob",
                             sequence=int(op.headers.get("x-ms-blob-sequence-number", 0)))
        return Answer(201, {**blob.state(), "x-ms-request-server-encrypted": "true"})

    def _write_pages(self, op: Operation, data: bytes | None) -> Answer:
        """`data` is None where pages are cleared."""
        self._conditions.demand_one_pair()
        blob = self._blob(op)
        if blob.type != "PageBlob":
            raise Refused(409, "InvalidBlobType")
        blob.lease.check_write(op.headers.get("x-ms-lease-id"), "Blob")
        self._conditions.check_write(blob)
        below = op.headers.get("x-ms-if-sequence-number-lt")
        if below is not None and blob.sequence >= int(below):
            raise Refused(412, "SequenceNumberConditionNotMet")
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)",
                                            op.headers["x-ms-range"]).groups())
        if last >= len(blob.data):
            raise Refused(416, "InvalidPageRange")
        if data is not None and op.headers.get("content-md5", md5(data)) != md5(data):
            raise Refused(400, "Md5Mismatch")
        blob.lease = blob.lease.after_write()
        pages = frozenset(range(first // 512, last // 512 + 1))
        blob.pages = blob.pages | pages if data is not None else blob.pages - pages
        content = bytes(last + 1 - first) if data is None else data
        blob.data = blob.data[:first] + content + blob.data[last + 1:]
        kept = blob.copy
        blob.touch()
        blob.copy = kept
        return Answer(201, {**blob.state(), "x-ms-blob-sequence-number": str(blob.sequence)})

    def put_page(self, op: Operation) -> Answer:
        answer = self._write_pages(op, op.data)
        answer.headers["x-ms-request-server-encrypted"] = "true"
        if "content-md5" in op.headers:
            answer.headers["content-md5"] = md5(op.data)
        else:
            answer.headers["x-ms-content-crc64"] = crc64(op.data)
        return answer

    def clear_pages(self, op: Operation) -> Answer:
        return self._write_pages(op, None)

    def get_page_ranges(self, op: Operation) -> Answer:
        blob = self._read(op)
        if blob.type != "PageBlob":
            raise Refused(409, "InvalidBlobType")
        ranges: list[list[int]] = []
        for page in sorted(blob.pages):
            if ranges and ranges[-1][1] == page * 512 - 1:
                ranges[-1][1] += 512
            else:
                ranges.append([page * 512, page * 512 + 511])
        body = [("PageRange", [("Start", str(first)), ("End", str(last))])
                for first, last in ranges] or ""
        return Answer(200, {**blob.state(), "x-ms-blob-content-length": str(len(blob.data))}, body)

    # The account.

    def list_containers(self, op: Operation) -> Answer:
        listed = []
        for name in sorted(self.containers):
            container = self.containers[name]
            if not name.startswith(op.query.get("prefix", "")):
                continue
            listed.append(("Container", listed_container(name, container,
                                                         op.query.get("include", ""))))
        return Answer(200, body=listed)

    # Containers.

    def create_container(self, op: Operation) -> Answer:
        if op.container in self.containers:
            raise Refused(409, "ContainerAlreadyExists")
        container = self.containers[op.container] = Container(self.etags(op.container))
        container.metadata = metadata_of(op.headers)
        container.access = op.headers.get("x-ms-blob-public-access", "")
        return Answer(201, container.state())

    def get_container_properties(self, op: Operation) -> Answer:
        container = self._leased_container(op)
        headers = {**container.state(), **container.metadata, **lease_headers(container.lease),
                   "x-ms-has-immutability-policy": "false", "x-ms-has-legal-hold": "false"}
        if container.access:
            headers["x-ms-blob-public-access"] = container.access
        return Answer(200, headers)

    def get_container_metadata(self, op: Operation) -> Answer:
        container = self._leased_container(op)
        return Answer(200, {**container.state(), **container.metadata})

    def set_container_metadata(self, op: Operation) -> Answer:
        container = self._leased_container(op)
        self._conditions.check_write(container)
        container.metadata = metadata_of(op.headers)
        container.touch()
        return Answer(200, container.state())

    def get_container_acl(self, op: Operation) -> Answer:
        container = self._leased_container(op)
        headers = container.state()
        if container.access:
            headers["x-ms-blob-public-access"] = container.access
        return Answer(200, headers, [
            ("SignedIdentifier", [("Id", name), ("AccessPolicy", [
                ("Start", start), ("Expiry", expiry), ("Permission", permission)])])
            for name, start, expiry, permission in container.policies] or "")

    def set_container_acl(self, op: Operation) -> Answer:
        container = self._leased_container(op)
        self._conditions.check_write(container)
        container.policies = list(op.data)
        container.access = op.headers.get("x-ms-blob-public-access", "")
        container.touch()
        return Answer(200, container.state())

    def delete_container(self, op: Operation) -> Answer:
        container = self._container(op)
        container.lease.check_write(op.headers.get("x-ms-lease-id"), "Container")
        self._conditions.check_write(container)
        del self.containers[op.container]
        return Answer(202)

    def lease_container(self, op: Operation) -> Answer:
        container = self._container(op)
        self._conditions.check_write(container)
        return self._lease(op, container)

    def list_blobs(self, op: Operation) -> Answer:
        prefix, delimiter = op.query.get("prefix", ""), op.query.get("delimiter")
        include = op.query.get("include", "").split(",")
        listed = []
        for name, blob in sorted(self._container(op).blobs.items(),
                                 key=lambda item: item[0].encode()):
            if not name.startswith(prefix) or not (blob.committed or "uncommittedblobs" in include):
                continue
            rest, found, _ = name[len(prefix):].partition(delimiter) if delimiter else ("", "", "")
            if found:
                entry = ("BlobPrefix", [("Name", prefix + rest + found)])
                if entry not in listed[-1:]:
                    listed.append(entry)
            else:
                listed.append(("Blob", listed_blob(name, blob, include)))
        return Answer(200, body=listed)

    # Reading blobs.

    def get_blob(self, op: Operation) -> Answer:
        blob = self._read(op)
        if blob.tier == "Archive":
            raise Refused(409, "BlobArchived")
        headers = blob.headers()
        text = op.headers.get("x-ms-range") or op.headers.get("range")
        if not text:
            return Answer(200, headers, blob.data)
        first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", text).groups()
        start, size = int(first), len(blob.data)
        if start >= size:
            raise Refused(416, "InvalidRange", content_range=f"bytes */{size}")
        data = blob.data[start:int(last) + 1 if last else size]
        headers["content-range"] = f"bytes {start}-{start + len(data) - 1}/{size}"
        if "content-md5" in headers:
            headers["x-ms-blob-content-md5"] = headers.pop("content-md5")
        if op.headers.get("x-ms-range-get-content-md5") == "true":
            headers["content-md5"] = md5(data)
        return Answer(206, headers, data)

    def get_blob_properties(self, op: Operation) -> Answer:
        blob = self._read(op)
        return Answer(200, {**blob.headers(), **blob.tier_headers(),
                            "content-length": str(len(blob.data))})

    def get_blob_metadata(self, op: Operation) -> Answer:
        blob = self._read(op)
        return Answer(200, {**blob.state(), **blob.metadata})

    def get_blob_tags(self, op: Operation) -> Answer:
        blob = self._blob(op)
        if lease_id := op.headers.get("x-ms-lease-id"):
            blob.lease.check_id(lease_id, "Blob")
        self._conditions.check_write(blob)
        return Answer(200, body=[listed_tags(blob.tags)])

    def get_block_list(self, op: Operation) -> Answer:
        blob = self._container(op).blobs.get(op.blob)
        if blob is None:
            self._conditions.check_missing()
        if blob.type != "BlockBlob":
            raise Refused(409, "InvalidBlobType")
        if lease_id := op.headers.get("x-ms-lease-id"):
            blob.lease.check_id(lease_id, "Blob")
        self._conditions.check_write(blob)
        lists = {"committed": ("CommittedBlocks", blob.blocks),
                 "uncommitted": ("UncommittedBlocks", sorted(blob.staged.items()))}
        wanted = op.query.get("blocklisttype", "committed")
        body = [(element, [("Block", [("Name", name), ("Size", str(len(data)))])
                           for name, data in blocks] or "")
                for kind, (element, blocks) in lists.items() if wanted in (kind, "all")]
        headers = {}
        if blob.committed:
            headers = {**blob.state(), "x-ms-blob-content-length": str(len(blob.data))}
        return Answer(200, headers, body)

    # Writing blobs.

    def put_blob(self, op: Operation) -> Answer:
        old = self._check_replace(op)
        self._same_type(old, "BlockBlob")
        if op.headers.get("content-md5", md5(op.data)) != md5(op.data):
            raise Refused(400, "Md5Mismatch")
        blob = self._replace(op, old, op.data)
        blob.properties["content-md5"] = md5(op.data)
        return Answer(201, {**blob.state(), "content-md5": md5(op.data),
                            "x-ms-content-crc64": crc64(op.data),
                            "x-ms-request-server-encrypted": "true"})

    def put_block(self, op: Operation) -> Answer:
        self._check_stage(op)
        if op.headers.get("content-md5", md5(op.data)) != md5(op.data):
            raise Refused(400, "Md5Mismatch")
        return self._stage(op, op.data)

    def _check_stage(self, op: Operation) -> None:
        blob = self._container(op).blobs.get(op.blob)
        if blob is not None and blob.committed and blob.type != "BlockBlob":
            raise Refused(409, "InvalidBlobType")
        if blob is not None and blob.committed and blob.tier == "Archive":
            raise Refused(409, "BlobArchived")
        (blob.lease if blob else Lease()).check_write(op.headers.get("x-ms-lease-id"), "Blob")
        lengths = {len(name) for name in blob.staged} if blob else set()
        if lengths - {len(op.query["blockid"])}:
            raise Refused(400, "InvalidBlobOrBlock")

    def _stage(self, op: Operation, data: bytes) -> Answer:
        """A block is no modification of the blob: a broken lease stays as it is."""
        blobs = self.containers[op.container].blobs
        if op.blob not in blobs:
            blobs[op.blob] = Blob(self.etags(op.container, op.blob))
        blobs[op.blob].staged[op.query["blockid"]] = data
        hashed = {"content-md5": md5(data)} if "content-md5" in op.headers \
            else {"x-ms-content-crc64": crc64(data)}
        return Answer(201, {**hashed, "x-ms-request-server-encrypted": "true"})

    def put_block_list(self, op: Operation) -> Answer:
        old = self._check_replace(op)
        self._same_type(old, "BlockBlob")
        committed = dict(old.blocks) if old else {}
        staged = old.staged if old else {}
        kinds: dict[str, str] = {}
        blocks = []
        for kind, name in op.data:
            data = None if kind == "Committed" else staged.get(name)
            if data is None and kind != "Uncommitted":
                data = committed.get(name)
            if data is None or kinds.setdefault(name, kind) != kind:
                raise Refused(400, "InvalidBlockList")
            blocks.append((name, data))
        blob = self._replace(op, old, b"".join(data for _, data in blocks), blocks=blocks)
        return Answer(201, {**blob.state(), "x-ms-request-server-encrypted": "true",
                            "x-ms-content-crc64": crc64(block_list_body(op.data))})

    def set_blob_metadata(self, op: Operation) -> Answer:
        blob = self._update(op)
        blob.metadata = metadata_of(op.headers)
        blob.touch()
        return Answer(200, {**blob.state(), "x-ms-request-server-encrypted": "true"})

    def set_blob_properties(self, op: Operation) -> Answer:
        size = op.headers.get("x-ms-blob-content-length")
        action = op.headers.get("x-ms-sequence-number-action")
        blob = self._update_type(op, "PageBlob") if size or action else self._update(op)
        about_pages = blob.properties if size or action else {}
        blob.properties = self._given_properties(op, {}) or about_pages
        if size:
            blob.data = blob.data[:int(size)].ljust(int(size), b"\0")
            blob.pages = frozenset(page for page in blob.pages if page * 512 < int(size))
        if action:
            given = int(op.headers.get("x-ms-blob-sequence-number", 0))
            blob.sequence = {"max": max(blob.sequence, given), "update": given,
                             "increment": blob.sequence + 1}[action]
        blob.touch()
        sequence = {"x-ms-blob-sequence-number": str(blob.sequence)}
        return Answer(200, {**blob.state(), **(sequence if blob.type == "PageBlob" else {})})

    def set_blob_tags(self, op: Operation) -> Answer:
        blob = self._blob(op)
        if lease_id := op.headers.get("x-ms-lease-id"):
            blob.lease.check_id(lease_id, "Blob")
        self._conditions.check_write(blob)
        blob.tags = dict(op.data)
        return Answer(204)

    def set_blob_tier(self, op: Operation) -> Answer:
        wanted = op.headers["x-ms-access-tier"]
        blob = self._blob(op)
        if blob.type == "AppendBlob":
            raise Refused(400, "AccessTierNotSupportedForBlobType")
        if blob.type == "PageBlob":
            raise Refused(400, "InvalidBlobTier")
        blob.lease.check_write(op.headers.get("x-ms-lease-id"), "Blob")
        self._conditions.check_write(blob)
        if blob.rehydrating and blob.rehydrating["x-ms-archive-status"] != _pending(wanted):
            raise Refused(409, "BlobBeingRehydrated")
        blob.lease = blob.lease.after_write()
        if blob.tier != "Archive":
            blob.set_tier(wanted)
            return Answer(200)
        if wanted == "Archive":
            return Answer(200)
        if not blob.rehydrating:
            blob.rehydrating = {"x-ms-archive-status": _pending(wanted),
                                "x-ms-rehydrate-priority": "Standard"}
            self._expect_change(REHYDRATION)
        return Answer(202)

    def delete_blob(self, op: Operation) -> Answer:
        self._conditions.demand_one_pair()
        container = self._container(op)
        blob = container.blobs.get(op.blob)
        if blob is None:
            self._conditions.check_missing()
        blob.lease.check_write(op.headers.get("x-ms-lease-id"), "Blob")
        self._conditions.check_write(blob if blob.committed else None)
        del container.blobs[op.blob]
        return Answer(202, {"x-ms-delete-type-permanent": "true"})

    def lease_blob(self, op: Operation) -> Answer:
        self._conditions.demand_one_pair()
        blob = self._blob(op)
        self._conditions.check_write(blob)
        return self._lease(op, blob)

    def _lease(self, op: Operation, subject: Container | Blob) -> Answer:
        action, lease, now = op.headers["x-ms-lease-action"], subject.lease, self.clock()
        given = op.headers.get("x-ms-lease-id")
        proposed = op.headers.get("x-ms-proposed-lease-id")
        answer = Answer(200, subject.state())
        if action == "acquire":
            answer.status = 201
            lease = lease.acquire(proposed, int(op.headers["x-ms-lease-duration"]), now)
        elif action == "renew":
            lease = lease.renew(given, now)
        elif action == "change":
            lease = lease.change(given, proposed)
        elif action == "release":
            lease = lease.release(given)
        else:
            answer.status = 202
            period = op.headers.get("x-ms-lease-break-period")
            lease = lease.break_(None if period is None else int(period), now)
            answer.headers["x-ms-lease-time"] = Seconds(
                0 if lease.ends is None else round(lease.ends - now + 1))
        if action in ("acquire", "renew", "change"):
            answer.headers["x-ms-lease-id"] = lease.id
        if lease.ends is not None:
            self._expect_change(lease.ends - now)
        subject.lease = lease
        return answer

    def _expect_change(self, seconds: float) -> None:
        self.deadline = min(self.deadline, self.clock() + seconds)

    # Copies. The source is a blob of this account.

    def _source(self, op: Operation, asynchronous: bool = False) -> Blob:
        source = self.find(*op.source)
        if source is None or not source.committed:
            raise Refused(404, "CannotVerifyCopySource")
        if source.tier == "Archive":
            raise Refused(409, "BlobArchived")
        Conditions(op.headers, "x-ms-source-").check_source(source, asynchronous)
        return source

    def copy_blob(self, op: Operation) -> Answer:
        old = self._check_replace(op)
        if old is not None and old.lease.is_active and old.lease.seconds:
            raise Refused(412, "InfiniteLeaseDurationRequired")
        source = self._source(op, asynchronous=True)
        kept = {name: getattr(source, name)
                for name in ("type", "appended", "sealed", "pages", "sequence")}
        answer = self._copy(op, old, source, **kept)
        blob = self.find(op.container, op.blob)
        if blob.type != "BlockBlob":
            blob.tier, blob.tier_changed = "Hot", None
        return answer

    def copy_blob_from_url(self, op: Operation) -> Answer:
        old = self._check_replace(op)
        source = self._source(op)
        answer = self._copy(op, old, source)
        answer.headers["x-ms-content-crc64"] = crc64(source.data)
        return answer

    def _copy(self, op: Operation, old: Blob | None, source: Blob, **kept) -> Answer:
        blob = self._replace(op, old, source.data, blocks=list(source.blocks),
                             properties=dict(source.properties),
                             metadata=metadata_of(op.headers) or dict(source.metadata), **kept)
        size = len(source.data)
        blob.copy = {"x-ms-copy-id": Chosen(), "x-ms-copy-source": self.url_of(*op.source),
                     "x-ms-copy-status": "success", "x-ms-copy-progress": f"{size}/{size}",
                     "x-ms-copy-completion-time": Chosen()}
        return Answer(202, {**blob.state(), "x-ms-copy-id": blob.copy["x-ms-copy-id"],
                            "x-ms-copy-status": "success"})

    def put_blob_from_url(self, op: Operation) -> Answer:
        old = self._check_replace(op)
        source = self._source(op)
        blob = self._replace(op, old, source.data,
                             properties=self._given_properties(op, source.properties))
        return Answer(201, {**blob.state(), "x-ms-content-crc64": crc64(source.data),
                            "x-ms-request-server-encrypted": "true"})

    def put_block_from_url(self, op: Operation) -> Answer:
        self._check_stage(op)
        source = self._source(op)
        return self._stage(op, self._range_of(op, source))

    @staticmethod
    def _range_of(op: Operation, source: Blob) -> bytes:
        text = op.headers.get("x-ms-source-range")
        if not text:
            return source.data
        first, last = re.fullmatch(r"bytes=(\d+)-(\d+)", text).groups()
        if int(first) >= len(source.data):
            raise Refused(416, "CannotVerifyCopySource")
        return source.data[int(first):int(last) + 1]
