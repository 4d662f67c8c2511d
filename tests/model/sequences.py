"""Random sequences of operations. Few names and few values, so that states collide.

A sequence does not depend on answers: what is only known later is written as a symbol, such as
"@etag" for the present ETag of the blob, and resolved when the operation is run. So a sequence can
be shortened and run again.
"""

from __future__ import annotations

import dataclasses
import functools
import random

from blob_model import Account, Operation, md5
from rules import FUTURE, PAST, TAG_EXPRESSIONS

CONTAINERS = ("aaa", "bbb")
BLOBS = ("a", "a/b", "a/b/c&<", "B%2c +", "\u00fc")
LEASES = ("11111111-aaaa-1111-1111-111111111111", "22222222-bbbb-2222-2222-222222222222",
          "33333333-cccc-3333-3333-333333333333")
BLOCK_IDS = ("QUFB", "QkJC", "Q0ND", "REREREQ=")  # the last one has another length
POLICY_TIMES = ("2030-01-01T00:00:00.0000000Z", "2031-02-03T04:05:06.0000000Z")
NO_ETAG = '"0x8D00000000000FF"'
EVERYTHING = "copy,metadata,tags,uncommittedblobs"

_LISTINGS = ({}, {"include": EVERYTHING}, {"prefix": "a"}, {"delimiter": "/"},
             {"prefix": "a/", "delimiter": "/", "include": "metadata"}, {"maxresults": "1"},
             {"maxresults": "2", "include": EVERYTHING}, {"prefix": "x"},
             {"maxresults": "1", "delimiter": "/"}, {"prefix": "a", "delimiter": "b"})
_WRITES = {  # relative frequencies
    "Put Blob": 12, "Put Block": 14, "Put Block List": 10, "Set Blob Metadata": 5,
    "Set Blob Properties": 5, "Set Blob Tags": 5, "Set Blob Tier": 5, "Delete Blob": 4,
    "Lease Blob": 14, "Copy Blob": 5, "Copy Blob From URL": 4, "Put Blob From URL": 4,
    "Put Block From URL": 4, "Put Append Blob": 3, "Append Block": 8, "Append Block From URL": 3,
    "Append Blob Seal": 1, "Put Page Blob": 3, "Put Page": 9, "Clear Pages": 4,
    "Create Container": 2, "Delete Container": 1,
    "Set Container Metadata": 2, "Set Container ACL": 1, "Lease Container": 4}
_READS = {"Get Blob": 10, "Get Blob Properties": 5, "Get Blob Metadata": 1, "Get Blob Tags": 2,
          "Get Block List": 4, "Get Page Ranges": 4, "List Blobs": 4, "List Containers": 1,
          "Get Container Properties": 2, "Get Container Metadata": 1, "Get Container ACL": 1}
_ALL = {**_WRITES, **_READS}
_TAKES_WRITE_CONDITIONS = {"Put Blob", "Put Block List", "Set Blob Metadata", "Set Blob Properties",
                           "Delete Blob", "Lease Blob", "Copy Blob", "Copy Blob From URL",
                           "Put Blob From URL", "Put Append Blob", "Append Block",
                           "Append Block From URL", "Append Blob Seal", "Put Page Blob", "Put Page",
                           "Clear Pages"}
_TAKES_READ_CONDITIONS = {"Get Blob", "Get Blob Properties", "Get Blob Metadata",
                          "Get Page Ranges"}
_TAKES_IF_TAGS = {"Get Blob Tags", "Set Blob Tags", "Set Blob Tier", "Get Block List"}
_MAKES_BLOB = {"Put Blob", "Put Block List", "Copy Blob", "Copy Blob From URL",
               "Put Blob From URL", "Put Append Blob", "Put Page Blob"}
_PAGE_SIZES = (0, 1, 8, 40)  # pages of a page blob


@functools.lru_cache(maxsize=1024)
def content(number: int, size: int) -> bytes:
    """No two places look alike, so that bytes in the wrong place are seen."""
    return b"".join(b"%c%07d" % (97 + number, index) for index in range(size // 8 + 1))[:size]


class Generator:
    """Of one sequence; the same seed gives the same one. `pace` is the chance of a restart before
    an operation."""

    def __init__(self, seed: str, pace: float):
        self._random = random.Random(seed)
        self._pace = pace

    def sequence(self, length: int) -> list[Operation]:
        first = [Operation("Create Container", CONTAINERS[0])]
        if self._chance(0.6):
            first.append(Operation("Create Container", CONTAINERS[1]))
        first += [self._for_blob(self._pick(("Put Blob", "Put Blob", "Put Block")), CONTAINERS[0])
                  for _ in BLOBS]
        return first + [self._next() for _ in range(length - len(first))]

    def _next(self) -> Operation:
        if self._chance(self._pace):
            return Operation(self._pick(("Kill", "Kill in flight", "Stop")))
        name = self._random.choices(list(_ALL), list(_ALL.values()))[0]
        if name == "List Containers":
            query = self._pick(({}, {"include": "metadata"}, {"prefix": "a"}, {"maxresults": "1"}))
            return Operation(name, query=query)
        container = self._pick(CONTAINERS[:1] * 14 + CONTAINERS[1:])
        if name == "Delete Container":
            container = self._pick(CONTAINERS[:1] + CONTAINERS[1:] * 4)
        if "Container" in name or name == "List Blobs":
            return self._for_container(name, container)
        return self._for_blob(name, container)

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def _pick(self, options):
        return self._random.choice(options)

    def _for_container(self, name: str, container: str) -> Operation:
        headers, query, data = {}, {}, b""
        if name == "List Blobs":
            return Operation(name, container, query=dict(self._pick(_LISTINGS)))
        if name == "Lease Container":
            headers = self._lease_headers()
        elif name != "Create Container" and self._chance(0.3):
            headers["x-ms-lease-id"] = self._lease_id()
        if name in ("Create Container", "Set Container Metadata"):
            headers.update(self._metadata())
        if name in ("Create Container", "Set Container ACL") and self._chance(0.3):
            headers["x-ms-blob-public-access"] = self._pick(("blob", "container"))
        if name == "Set Container ACL":
            data = [(f"p{n}", *POLICY_TIMES, self._pick(("r", "rw", "l")))
                    for n in range(self._random.randrange(3))]
        if name in ("Lease Container", "Set Container ACL") \
                and self._chance(0.15):
            headers["if-unmodified-since"] = self._date()
        if name == "Set Container Metadata" and self._chance(0.2):
            headers["if-modified-since"] = self._date()
        return Operation(name, container, headers=headers, query=query, data=data)

    def _for_blob(self, name: str, container: str) -> Operation:
        blob, headers, query, data, source = self._blob(), {}, {}, b"", None
        if name == "Lease Blob":
            headers = self._lease_headers()
        elif self._chance(0.5):
            headers["x-ms-lease-id"] = self._lease_id()
        if name in _MAKES_BLOB:
            headers.update(self._new_blob(name))
        if name == "Set Blob Metadata":
            headers.update(self._metadata())
        if name == "Set Blob Properties":
            headers.update(self._properties())
        if name == "Set Blob Tier":
            headers["x-ms-access-tier"] = self._pick(("Hot", "Cool", "Cold") * 3 + ("Archive",))
        if name == "Set Blob Tags":
            data = self._tags()
        if name == "Get Blob":
            headers.update(self._range())
        if name == "Get Block List":
            query["blocklisttype"] = self._pick(("committed", "uncommitted", "all"))
        if name in ("Put Block", "Put Block From URL"):
            query["blockid"] = self._pick(BLOCK_IDS[:1] * 10 + BLOCK_IDS[:-1] * 4
                                          + BLOCK_IDS[-1:])
        if name in ("Put Blob", "Put Block"):
            data = self._content(name == "Put Blob")
            if self._chance(0.1):
                headers["content-md5"] = md5(data if self._chance(0.7) else data + b"!")
        if name == "Put Block List":
            data = self._block_list()
        if name in ("Copy Blob", "Copy Blob From URL", "Put Blob From URL", "Put Block From URL",
                    "Append Block From URL"):
            source = (self._pick(CONTAINERS[:1] * 9 + CONTAINERS[1:]), self._blob())
            headers.update(self._conditions("x-ms-source-", 0.15))
        if name in ("Copy Blob From URL", "Put Blob From URL") and "x-ms-tags" not in headers \
                and self._chance(0.3):
            headers["x-ms-copy-source-tag-option"] = "COPY"
        if name in ("Append Block", "Append Block From URL", "Append Blob Seal"):
            headers.update(self._append_headers(name))
        if name == "Append Block":
            data = self._content(False)
        if name == "Put Page Blob":
            headers["x-ms-blob-content-length"] = str(self._page_count() * 512)
            if self._chance(0.3):
                headers["x-ms-blob-sequence-number"] = str(self._random.randrange(4))
        if name in ("Put Page", "Clear Pages"):
            first = self._random.randrange(12)
            count = self._pick((1, 1, 2, 8) if name == "Put Page" else (1, 2, 8, 40))
            headers["x-ms-range"] = f"bytes={first * 512}-{(first + count) * 512 - 1}"
            if name == "Put Page":
                data = content(self._random.randrange(26), count * 512)
            if self._chance(0.1):
                headers["x-ms-if-sequence-number-lt"] = str(self._random.randrange(5))
        if name == "Set Blob Properties" and self._chance(0.25):
            headers.update(self._page_properties())
        if name in ("Put Block From URL", "Append Block From URL") and self._chance(0.5):
            headers["x-ms-source-range"] = self._pick(("bytes=0-0", "bytes=3-9", "bytes=0-99999"))
        headers.update(self._conditions_for(name))
        return Operation(name, container, blob, headers, query, data, source)

    def _blob(self) -> str:
        """Mostly the first, so that states add up."""
        return self._pick(BLOBS[:1] * 6 + BLOBS)

    def _conditions_for(self, name: str) -> dict[str, str]:
        if name in _TAKES_READ_CONDITIONS:
            return {**self._conditions("", 0.25), **self._conditions("", 0.15)}
        if name in _TAKES_WRITE_CONDITIONS:
            found = self._conditions("", 0.25)
            return {**found, **self._conditions("", 0.0)} if found else {}
        if name in _TAKES_IF_TAGS and self._chance(0.2):
            return {"x-ms-if-tags": self._pick(list(TAG_EXPRESSIONS))}
        return {}

    def _conditions(self, prefix: str, part: float) -> dict[str, str]:
        if not self._chance(part):
            return {}
        kind = self._pick(("if-match", "if-match", "if-none-match", "if-none-match",
                           "if-modified-since", "if-unmodified-since", "tags"))
        if kind == "tags":
            if prefix:
                return {}
            return {"x-ms-if-tags": self._pick(list(TAG_EXPRESSIONS))}
        if kind.endswith("since"):
            return {prefix + kind: self._date()}
        more = ("*", "*", "@etags") if not prefix else ()
        return {prefix + kind: self._pick(("@etag", "@etag", "@etag", "@old", NO_ETAG, *more))}

    def _date(self) -> str:
        return self._pick((PAST, FUTURE, "@modified"))

    def _lease_id(self, always: bool = False) -> str:
        """`always`: even where nothing is leased; otherwise there is no header then."""
        if always:
            return self._pick(LEASES[:1] + ("@some-lease",) * 9)
        return self._pick(LEASES[:1] + ("@LEASE",) + ("@lease",) * 9)

    def _lease_headers(self) -> dict[str, str]:
        action = self._pick(("acquire", "acquire", "acquire", "renew", "change", "release",
                             "break"))
        headers = {"x-ms-lease-action": action}
        if action == "acquire":
            headers["x-ms-lease-duration"] = self._pick(("-1", "-1", "-1", "60"))
            if self._chance(0.9):
                headers["x-ms-proposed-lease-id"] = self._pick(LEASES)
        elif action == "break":
            if period := self._pick(("", "0", "60", "0")):
                headers["x-ms-lease-break-period"] = period
        else:
            headers["x-ms-lease-id"] = self._lease_id(always=True)
            if action == "change":
                headers["x-ms-proposed-lease-id"] = self._pick(LEASES)
        return headers

    def _new_blob(self, name: str) -> dict[str, str]:
        headers = self._metadata() if self._chance(0.4) else {}
        if self._chance(0.2):
            headers["x-ms-tags"] = "&".join(f"{k}={v}" for k, v in self._tags().items())
        if name in ("Put Blob", "Put Block List", "Put Append Blob", "Put Page Blob"):
            if self._chance(0.3):
                headers.update(self._properties())
        if name not in ("Copy Blob", "Put Append Blob", "Put Page Blob") and self._chance(0.1):
            headers["x-ms-access-tier"] = self._pick(("Hot", "Cool") * 4 + ("Archive",))
        return {key: value for key, value in headers.items() if value}

    def _append_headers(self, name: str) -> dict[str, str]:
        headers = {}
        if self._chance(0.2):
            headers["x-ms-blob-condition-appendpos"] = self._pick(("@size", "@size", "0", "5"))
        if name != "Append Blob Seal" and self._chance(0.15):
            headers["x-ms-blob-condition-maxsize"] = self._pick(("@size", "20", "100000"))
        return headers

    def _page_count(self) -> int:
        return self._pick(_PAGE_SIZES[1:] * 4 + _PAGE_SIZES[:1])

    def _page_properties(self) -> dict[str, str]:
        if self._chance(0.5):
            return {"x-ms-blob-content-length": str(self._page_count() * 512)}
        action = self._pick(("max", "update", "increment"))
        headers = {"x-ms-sequence-number-action": action}
        if action != "increment":
            headers["x-ms-blob-sequence-number"] = str(self._random.randrange(6))
        return headers

    def _metadata(self) -> dict[str, str]:
        names = self._random.sample(("One", "two", "_3"), self._random.randrange(3))
        return {f"x-ms-meta-{name.lower()}": self._pick(("x", "yy", "a b")) for name in names}

    def _properties(self) -> dict[str, str]:
        if self._chance(0.1):
            return {}
        headers = {"x-ms-blob-content-type": self._pick(("text/plain", "image/png"))}
        for name, value in (("content-encoding", "gzip"), ("content-language", "de"),
                            ("content-disposition", "attachment"), ("cache-control", "no-cache")):
            if self._chance(0.2):
                headers["x-ms-blob-" + name] = value
        return headers

    def _tags(self) -> dict[str, str]:
        tags = {"colour": self._pick(("red", "blue")), "size": self._pick(("5", "7"))}
        return {key: value for key, value in tags.items() if self._chance(0.6)}

    def _range(self) -> dict[str, str]:
        if not self._chance(0.4):
            return {}
        text = self._pick(("bytes=0-0", "bytes=1-3", "bytes=2-", "bytes=100-200", "bytes=0-99999",
                           "bytes=32760-32780"))
        md5_too = {"x-ms-range-get-content-md5": "true"} if self._chance(0.2) else {}
        return {self._pick(("x-ms-range", "range")): text, **md5_too}

    def _content(self, empty_too: bool) -> bytes:
        sizes = (1, 3, 10, 200, 4096) * 4 + (40_000, 70_000) + (0,) * empty_too
        return content(self._random.randrange(26), self._pick(sizes))

    def _block_list(self) -> list[tuple[str, str]] | str:
        """Often of all blocks there are: a list with a block that is not there changes nothing."""
        if self._chance(0.5):
            return "@blocks"
        kind = self._pick(("Latest",) * 6 + ("Committed", "Uncommitted", ""))
        count = self._random.choices((0, 1, 2, 3), (1, 9, 3, 2))[0]
        ids = [self._pick(BLOCK_IDS[:1] * 5 + BLOCK_IDS[:-1]) for _ in range(count)]
        return [(kind or self._pick(("Latest", "Committed", "Uncommitted")), name) for name in ids]


def resolve(op: Operation, account: Account) -> Operation:
    """With values for the symbols. A symbol of something that is not there becomes a value that
    never was one; "@lease" leaves its header out."""
    if op.data == "@blocks":
        blob = account.find(op.container, op.blob)
        names = [*blob.staged, *(name for name, _ in blob.blocks)][:5] if blob else []
        op = dataclasses.replace(op, data=[("Latest", name) for name in names])
    if not any(value.startswith("@") for value in op.headers.values()):
        return op
    headers = {}
    for name, value in op.headers.items():
        place = op.source if name.startswith("x-ms-source-") else (op.container, op.blob)
        if value.startswith("@"):
            value = _resolved(value, place, account)
        if value:
            headers[name] = value
    return dataclasses.replace(op, headers=headers)


def _resolved(symbol: str, place: tuple[str, str], account: Account) -> str:
    if symbol.isupper():
        return _resolved(symbol.lower(), place, account).upper()
    subject = account.find(*place)
    if symbol == "@size":
        return str(len(subject.data) if subject else 0)
    if symbol.endswith("lease"):
        default = LEASES[0] if symbol == "@some-lease" else ""
        return (subject.lease.id.value if subject else None) or default
    if symbol == "@modified":
        return (subject.modified.value if subject else None) or PAST
    present = subject.etag.value if subject else None
    if symbol == "@etag":
        return f'"{present}"' if present else NO_ETAG
    if symbol == "@etags":
        return f'{NO_ETAG}, "{present}"' if present else f"{NO_ETAG}, {NO_ETAG}"
    others = account.etags(*place) - {present}
    return f'"{min(others)}"' if others else NO_ETAG


def visible_state(account: Account | None) -> list[Operation]:
    """Reads of all there is to see: in `account`, or under any of the names."""
    found = [Operation("List Containers", query={"include": "metadata"})]
    for container in (account.containers if account else CONTAINERS):
        for name in ("Get Container Properties", "Get Container ACL"):
            found.append(Operation(name, container))
        found.append(Operation("List Blobs", container, query={"include": EVERYTHING}))
        for blob in (account.containers[container].blobs if account else BLOBS):
            found.append(Operation("Get Block List", container, blob,
                                   query={"blocklisttype": "all"}))
            for name in ("Get Blob Properties", "Get Blob Tags", "Get Blob", "Get Page Ranges"):
                found.append(Operation(name, container, blob))
    return found


def lease_reads(op: Operation) -> list[Operation]:
    """Reads that tell whether a lease has the id that `op` proposes: no answer shows the id."""
    reader = {"Lease Blob": "Get Blob Properties",
              "Lease Container": "Get Container Properties"}.get(op.name)
    proposed = op.headers.get("x-ms-proposed-lease-id")
    if reader is None or proposed is None:
        return []
    return [Operation(reader, op.container, op.blob, headers={"x-ms-lease-id": proposed})]
