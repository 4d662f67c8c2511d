#!/usr/bin/env python3
"""Flips bits in the files of a store and looks for wrong bytes.

    tests/fault/bit_rot.py --flips 10000 [--seed N] [--catalog-flips N]

Segments: in each round many extents get one flipped bit each, in their content, their trailer, or
where nothing lies (padding, dead space); half of the rounds while the daemon runs. Every blob that
is touched is read, whole and in part, and some that are not: the right bytes, or an error. Then
`fsck --data` must name exactly the flips that lie in live data, with their blobs. The flips are
undone.

Catalog: one flipped bit a time in a copy of a small store that was stopped or killed: table, log,
manifest, CURRENT and the small files of the data directory. The daemon then refuses to open, with a
message, or every answer is right or an error: an older version of a blob, a blob that is missing
and a deleted one that is back are wrong answers. What fsck calls clean must be read without errors.
"""
from __future__ import annotations

import argparse
import collections
import dataclasses
import http.client
import pathlib
import random
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import blob_client  # noqa: E402
import blobgate_daemon  # noqa: E402
import fsck  # noqa: E402
import test_data  # noqa: E402

CONTAINER = "rot"
BLOCK = 4096
CHUNK = 32 * 1024
FLIPS_A_ROUND = 250
MANIFEST_BLOCKS = 400  # a block list of more than 16 KiB, kept in an extent of its own
CONFIG = {
    "access_log": "off", "log_level": "error", "limits": {"idle_timeout": 3600},
    # Small segments, so that there are many, and no cache that hides what the disk holds.
    # The scrub is off: it would log what is being flipped; rewriting would move it.
    "engine": {"segment_bytes": 16 << 20, "read_cache_bytes": 0, "catalog_cache_bytes": 1 << 20,
               "rewrite_bytes_per_second": 0, "scrub": {"bytes_per_second": 0}},
}


class Violations:
    """What must not happen."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, what: str) -> None:
        self.count += 1
        if self.count <= 100:
            print(f"VIOLATION {what}", flush=True)


def padded(length: int) -> int:
    return (length + BLOCK - 1) // BLOCK * BLOCK


def trailer_length(length: int) -> int:
    if length <= CHUNK:
        return 0
    return padded((length + CHUNK - 1) // CHUNK * 8 + 48)


@dataclasses.dataclass(frozen=True)
class Extent:
    segment: int
    position: int
    length: int
    blobs: frozenset[str]  # that read it
    names: frozenset[tuple[str, str]]  # blob and uncommitted block, as fsck says them

    @property
    def key(self) -> tuple[int, int]:
        return self.segment, self.position

    @property
    def end(self) -> int:
        return self.position + padded(self.length) + trailer_length(self.length)


@dataclasses.dataclass(frozen=True)
class Flip:
    segment: int
    position: int
    bit: int
    extent: Extent | None  # None: nothing that is live lies there
    region: str            # content, trailer, padding, dead

    @property
    def live(self) -> bool:
        return self.region in ("content", "trailer")


def extents_of(report: dict) -> list[Extent]:
    found = []
    for entry in report["extent_list"]:
        names = frozenset((use["blob"], use.get("uncommitted_block", ""))
                          for use in entry["used_by"])
        blobs = frozenset(blob for blob, block in names if not block)
        found.append(Extent(entry["segment"], entry["position"], entry["length"], blobs, names))
    return found


def flip_bit(path: pathlib.Path, position: int, bit: int) -> None:
    with open(path, "r+b", buffering=0) as file:
        file.seek(position)
        old = file.read(1)[0]
        file.seek(position)
        file.write(bytes([old ^ (1 << bit)]))


def read_blob(client: blob_client.BlobClient, name: str,
              first: int = 0, last: int | None = None) -> tuple[int, bytes]:
    """Status and body; 0 and what came of it when the connection was cut."""
    headers = {"x-ms-range": f"bytes={first}-{last}"} if last is not None else {}
    try:
        answer = client.request("GET", CONTAINER, name, headers=headers, retry=False)
        return answer.status, answer.body
    except http.client.IncompleteRead as cut:
        return 0, cut.partial
    except (http.client.HTTPException, OSError):
        return 0, b""


class SegmentRot:
    """Rounds of flips in the segments of one store."""

    def __init__(self, seed: int, violations: Violations):
        self.random = random.Random(f"{seed}-segments")
        self.violations = violations
        self.daemon = blobgate_daemon.Daemon(CONFIG)
        self.content: dict[str, bytes] = {}
        self.extents: list[Extent] = []
        self.counts: collections.Counter[str] = collections.Counter()

    # The store.

    def _sizes(self) -> list[int]:
        edges = [1, 2, 511, 4095, 4096, 4097, 32767, 32768, 32769, 36864, 65535, 65536, 65537]
        small = [self.random.randint(1, CHUNK) for _ in range(200)]
        middle = [self.random.randint(CHUNK, 400_000) for _ in range(80)]
        return edges + small + middle + [self.random.randint(1 << 20, 6 << 20) for _ in range(8)]

    def load(self) -> None:
        """The daemon runs before, and is stopped after."""
        client = self.daemon.client()
        client.create_container(CONTAINER)
        for index, size in enumerate(self._sizes()):
            name = f"blob-{index}"
            self.content[name] = test_data.content(size, index)
            client.put_blob(CONTAINER, name, self.content[name])
        for index in range(3):
            blocks = [self.random.randbytes(self.random.randint(1, 9000))
                      for _ in range(MANIFEST_BLOCKS)]
            self.content[f"list-{index}"] = b"".join(blocks)
            client.put_blocks(CONTAINER, f"list-{index}", blocks)
        for index in range(8):
            client.expect(201, "PUT", CONTAINER, "uncommitted", comp="block",
                          body=self.random.randbytes(50_000), blockid=blob_client.block_id(index))
        # Dead space: some blobs go, some are replaced.
        for name in self.random.sample([n for n in self.content if n.startswith("blob-")], 60):
            client.delete(CONTAINER, name)
            del self.content[name]
        self.daemon.stop()
        code, report = fsck.run(self.daemon.data_directory, "--data", "--list-extents")
        if code != fsck.CLEAN:
            raise RuntimeError(f"not clean before any flip: {report['findings'][:5]}")
        self.extents = extents_of(report)

    def path_of(self, segment: int) -> pathlib.Path:
        return self.daemon.data_directory / "segments" / f"{segment:016x}.seg"

    # Flips.

    def _flip_in(self, extent: Extent) -> Flip:
        regions = ["content"] * 6
        regions += ["trailer"] * 3 if extent.length > CHUNK else []
        regions += ["padding"] if extent.length % BLOCK else []
        region = self.random.choice(regions)
        content_end = extent.position + extent.length
        trailer = extent.position + padded(extent.length)
        low, high = {"content": (extent.position, content_end), "padding": (content_end, trailer),
                     "trailer": (trailer, extent.end)}[region]
        return Flip(extent.segment, self.random.randrange(low, high), self.random.randrange(8),
                    extent, region)

    def _dead_flips(self, count: int) -> list[Flip]:
        gaps, ends = [], collections.defaultdict(int)
        for extent in sorted(self.extents, key=lambda e: e.key):
            if extent.position > ends[extent.segment]:
                gaps.append((extent.segment, ends[extent.segment], extent.position))
            ends[extent.segment] = extent.end
        chosen = self.random.sample(gaps, min(count, len(gaps)))
        return [Flip(segment, self.random.randrange(low, high), self.random.randrange(8), None,
                     "dead") for segment, low, high in chosen]

    def round(self, flips: int, running: bool) -> int:
        """At most `flips` of them, each in another extent; how many there were."""
        count = min(flips, FLIPS_A_ROUND)
        dead = self._dead_flips(max(1, count // 30)) if count > 1 else []
        # A third of them, if there are so many, in extents with a trailer, which are few.
        large = [extent for extent in self.extents if extent.length > CHUNK]
        chosen = self.random.sample(large, min((count - len(dead)) // 3, len(large)))
        taken = set(chosen)
        others = [extent for extent in self.extents if extent not in taken]
        chosen += self.random.sample(others, min(count - len(dead) - len(chosen), len(others)))
        done = [self._flip_in(extent) for extent in chosen] + dead
        if running:
            self.daemon.start()
        for flip in done:
            flip_bit(self.path_of(flip.segment), flip.position, flip.bit)
        if not running:
            self.daemon.start()
        self._read(done, running)
        if not self.daemon.is_alive():
            self.violations.add(f"the daemon died: {self.daemon.log_tail()}")
        self.daemon.stop()
        self._compare(done, *fsck.run(self.daemon.data_directory, "--data"))
        for flip in done:
            flip_bit(self.path_of(flip.segment), flip.position, flip.bit)
            self.counts[flip.region] += 1
        return len(done)

    # Checks.

    def _read(self, flips: list[Flip], running: bool) -> None:
        client = self.daemon.client()
        hurt = {name for flip in flips if flip.live for name in flip.extent.blobs}
        touched = {name for flip in flips if flip.extent for name in flip.extent.blobs}
        others = [name for name in self.content if name not in touched]
        for name in sorted(touched) + self.random.sample(others, min(20, len(others))):
            good = self._judge(name, 0, *read_blob(client, name))
            if name in hurt and good and not running:
                self.violations.add(f"{name}: read whole, though it has a flipped bit")
            if name not in hurt and not good:
                self.violations.add(f"{name}: not read, though it has no flipped bit")
            first = self.random.randrange(len(self.content[name]))
            last = min(first + self.random.randrange(1, 100_000), len(self.content[name])) - 1
            last = max(first, last)
            self._judge(name, first, *read_blob(client, name, first, last))

    def _judge(self, name: str, first: int, status: int, body: bytes) -> bool:
        """Whether it was read. Whatever came must be right."""
        self.counts["reads"] += 1
        if status in (200, 206) or status == 0:
            if body != self.content[name][first:first + len(body)]:
                self.violations.add(f"{name}: WRONG BYTES from {first} on")
        elif status != 500:
            self.violations.add(f"{name}: status {status}")
        if status in (200, 206):
            return True
        self.counts["reads refused"] += 1
        return False

    def _compare(self, flips: list[Flip], code: int, report: dict) -> None:
        live = [flip for flip in flips if flip.live]
        found = fsck.damaged_extents(report)
        if code != (fsck.DAMAGED if live else fsck.CLEAN):
            self.violations.add(f"fsck ended with {code} for {len(live)} live flips")
        named = {use["blob"] for finding in report.get("findings", ())
                 for use in finding["affects"]}
        for flip in live:
            if not self._is_found(flip, found.pop(flip.extent.key, []), named):
                self.violations.add(f"fsck missed or misplaced {flip}")
            else:
                self.counts["found"] += 1
        for finding in (finding for findings in found.values() for finding in findings):
            self.violations.add(f"fsck found what was not flipped: {finding['what']}")

    @staticmethod
    def _is_found(flip: Flip, findings: list[dict], named_blobs: set[str]) -> bool:
        offset = flip.position - flip.extent.position
        for finding in findings:
            reaches = finding["offset"] <= offset < finding["offset"] + finding["length"]
            named = {(use["blob"], use.get("uncommitted_block", ""))
                     for use in finding["affects"]}
            # Whose content it is stands in the block list; when that is damaged too, the blob is
            # named by the finding about the list.
            right = named == flip.extent.names if named else flip.extent.blobs <= named_blobs
            if (reaches or flip.region == "trailer") and right:
                return True
        return False


class CatalogRot:
    """Single flips in copies of a small store."""

    def __init__(self, seed: int, killed: bool, violations: Violations):
        self.random = random.Random(f"{seed}-catalog-{killed}")
        self.violations = violations
        self.killed = killed
        self.daemon = blobgate_daemon.Daemon(CONFIG)
        self.original = self.daemon.directory / "original"
        self.content: dict[str, bytes] = {}
        self.deleted: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()

    def load(self) -> None:
        """Two runs of the daemon, so that there are tables, and a log if it was killed. It runs
        before, and does not after."""
        self.daemon.client().create_container(CONTAINER)
        self._write("a", 40)
        self.daemon.stop()
        self.daemon.start()
        self._write("b", 25)
        if self.killed:
            self.daemon.kill()
        else:
            self.daemon.stop()
        shutil.move(self.daemon.data_directory, self.original)
        code, report = fsck.run(self.original, "--data")
        if code != fsck.CLEAN:
            raise RuntimeError(f"not clean before any flip: {report['findings'][:5]}")

    def _write(self, prefix: str, count: int) -> None:
        client = self.daemon.client()
        for index in range(count):  # every one twice: an old version must not come back
            for _ in range(2):
                name = f"{prefix}-{index}"
                self.content[name] = self.random.randbytes(self.random.randint(1, 40_000))
                client.put_blob(CONTAINER, name, self.content[name])
        blocks = [self.random.randbytes(100) for _ in range(MANIFEST_BLOCKS)]
        self.content[f"{prefix}-list"] = b"".join(blocks)
        client.put_blocks(CONTAINER, f"{prefix}-list", blocks)
        for index in range(0, count, 5):
            name = f"{prefix}-{index}"
            client.delete(CONTAINER, name)
            self.deleted.append(name)
            del self.content[name]

    def _choose(self) -> tuple[pathlib.Path, int, int]:
        """By kind first, so that small files get their share."""
        kinds = {"table": "catalog/*.sst", "log": "catalog/*.log", "manifest": "catalog/MANIFEST-*",
                 "current": "catalog/CURRENT", "format": "FORMAT", "mark": "ACKNOWLEDGED"}
        weights = {"table": 10, "log": 10, "manifest": 6, "current": 1, "format": 1, "mark": 1}
        files = {kind: [path for path in self.original.glob(pattern) if path.stat().st_size]
                 for kind, pattern in kinds.items()}
        present = [kind for kind in kinds if files[kind]]
        kind = self.random.choices(present, [weights[k] for k in present])[0]
        path = self.random.choice(files[kind])
        self.counts[kind] += 1
        return (path.relative_to(self.original), self.random.randrange(path.stat().st_size),
                self.random.randrange(8))

    def flip(self) -> None:
        name, position, bit = self._choose()
        where = f"{'killed' if self.killed else 'stopped'} store, {name} byte {position} bit {bit}"
        data = self.daemon.data_directory
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(self.original, data, ignore=shutil.ignore_patterns("admin.sock"))
        flip_bit(data / name, position, bit)
        clean = fsck.run(data, "--data")[0] == fsck.CLEAN
        self.counts["found by fsck" if not clean else "harmless for fsck"] += 1
        try:
            self.daemon.start()
        except RuntimeError as refused:
            self._judge_refusal(where, clean, str(refused))
            return
        wrong, errors = self._read_all()
        for problem in wrong:
            self.violations.add(f"{where}: {problem}")
        if clean and errors:
            self.violations.add(f"{where}: fsck found nothing, but: {errors[0]}")
        if not self.daemon.is_alive():
            self.violations.add(f"{where}: the daemon died: {self.daemon.log_tail()}")
        self.counts["read with errors" if errors else "read without errors"] += 1
        self.daemon.kill()

    def _judge_refusal(self, where: str, clean: bool, message: str) -> None:
        self.counts["refused to open"] += 1
        code = self.daemon.exit_code()
        if code != 1 or "blobgate: " not in message:
            self.violations.add(f"{where}: ended with {code} and no message: {message[-500:]}")
        if clean:
            self.violations.add(f"{where}: fsck found nothing, but the daemon refuses: {message}")
        self.daemon.kill()

    def _read_all(self) -> tuple[list[str], list[str]]:
        client = self.daemon.client()
        wrong, errors = [], []
        for name, content in self.content.items():
            status, body = read_blob(client, name)
            if status in (200, 206) and body == content:
                continue
            if status == 500 or (status == 0 and content.startswith(body)):
                errors.append(f"{name}: {status}")
            else:
                wrong.append(f"{name}: status {status}, {len(body)} bytes: WRONG ANSWER")
        for name in self.deleted:
            status, _ = read_blob(client, name)
            if status == 500:
                errors.append(f"{name}: {status}")
            elif status != 404:
                wrong.append(f"{name}: deleted, but answers {status}")
        listing = client.request("GET", CONTAINER, restype="container", comp="list", retry=False)
        if listing.status == 200:
            names = {node.findtext("Name") for node in blob_client.parse_xml(listing.body)
                     .iter("Blob")}
            if names != self.content.keys():
                wrong.append(f"the listing differs by {sorted(names ^ self.content.keys())[:5]}")
        else:
            errors.append(f"listing: {listing.status}")
        return wrong, errors


def rot_segments(flips: int, seed: int, violations: Violations) -> int:
    done = rounds = 0
    rot = SegmentRot(seed, violations)
    with rot.daemon:
        rot.load()
        print(f"{len(rot.content)} blobs, {len(rot.extents)} extents, "
              f"{sum(map(len, rot.content.values())) >> 20} MiB", flush=True)
        while done < flips:
            done += rot.round(flips - done, running=rounds % 2 == 1)
            rounds += 1
    print(f"segments: {done} flips in {rounds} rounds: {dict(sorted(rot.counts.items()))}")
    live = rot.counts["content"] + rot.counts["trailer"]
    print(f"  {live} in live data, {rot.counts['found']} of them found; "
          f"{rot.counts['padding'] + rot.counts['dead']} harmless")
    return done


def rot_catalog(flips: int, seed: int, violations: Violations) -> int:
    for killed, share in ((False, flips // 2), (True, flips - flips // 2)):
        if share == 0:
            continue
        rot = CatalogRot(seed, killed, violations)
        with rot.daemon:
            rot.load()
            for _ in range(share):
                rot.flip()
        print(f"catalog of a {'killed' if killed else 'stopped'} store: {share} flips: "
              f"{dict(sorted(rot.counts.items()))}", flush=True)
    return flips


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=200, help="of all files together")
    parser.add_argument("--catalog-flips", type=int,
                        help="of them in the catalog, each with a start of the daemon; default 4 %%")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    catalog = arguments.catalog_flips
    if catalog is None:
        catalog = min(arguments.flips, max(20, arguments.flips // 25))
    violations = Violations()
    done = rot_segments(arguments.flips - catalog, arguments.seed, violations)
    done += rot_catalog(catalog, arguments.seed, violations)
    print(f"{done} flips, {violations.count} violations")
    return 1 if violations.count or done < arguments.flips else 0


if __name__ == "__main__":
    sys.exit(main())
