"""Sizes around the boundaries that AzCopy cuts files at."""

from __future__ import annotations

import shutil

import test_data
from harness import BOTH, MIB, Context, Skip, scenario

GROUP = "Sizes"


def _around(block: int) -> list[int]:
    return [block - 1, block, block + 1]


def _round_trip(ctx: Context, sizes: list[int], *flags: str) -> None:
    """Up in one job, judged over REST, down in another, judged on disk."""
    container = ctx.container()
    tree = test_data.make_tree(ctx.new_directory("up"), {f"size-{n}": n for n in sizes})
    ctx.completed(ctx.upload(f"{tree}/*", ctx.url(container), *flags), len(sizes))
    ctx.holds_tree(container, tree)
    listed = {item.name: item.size for item in ctx.client().list_blobs(container)}
    ctx.equal("listed sizes", listed, {f"size-{n}": n for n in sizes})
    target = ctx.new_directory("down")
    block_flags = [flag for flag in flags if flag.startswith("--block-size")]
    ctx.completed(ctx.download(ctx.url(container, "*"), target, *block_flags), len(sizes))
    ctx.same_trees(target, tree)


@scenario(GROUP, "0, 1, block-1, block, block+1, many blocks; --block-size-mb=1", styles=BOTH)
def small_blocks(ctx: Context) -> None:
    _round_trip(ctx, [0, 1, *_around(MIB), *_around(2 * MIB), 7 * MIB + 321],
                "--block-size-mb=1", "--put-blob-size-mb=1")


@scenario(GROUP, "--block-size-mb=0.25 below --put-blob-size-mb=2")
def put_blob_above_block(ctx: Context) -> None:
    # AzCopy 10.32 panics on files between the two sizes, before it sends anything.
    _round_trip(ctx, [2 * MIB + 1, 3 * MIB + 5],
                "--block-size-mb=0.25", "--put-blob-size-mb=2")


@scenario(GROUP, "default block size (8 MiB) and its neighbours")
def default_blocks(ctx: Context) -> None:
    _round_trip(ctx, [*_around(8 * MIB), 16 * MIB + 1])


@scenario(GROUP, "--block-size-mb=3, sizes not a multiple of 1 MiB")
def odd_blocks(ctx: Context) -> None:
    _round_trip(ctx, [*_around(3 * MIB), 10 * MIB + 1234567], "--block-size-mb=3")


def _large(ctx: Context, sizes: list[int], *flags: str, **options) -> None:
    """One file at a time, so that the disk holds one copy of it."""
    needed = 4 * max(sizes)
    if shutil.disk_usage(ctx.directory).free < needed:
        raise Skip(f"needs {needed >> 30} GiB of free disk")
    container = ctx.container()
    for size in sizes:
        source = test_data.write_file(ctx.path("source"), size, size)
        digest = test_data.digest_of_file(source)
        ctx.completed(ctx.upload(source, ctx.url(container, "large"), *flags, **options), 1)
        source.unlink()
        ctx.equal(f"{size} bytes over REST", ctx.client().digest(container, "large"),
                  (size, digest))
        target = ctx.path("target")
        ctx.completed(ctx.download(ctx.url(container, "large"), target), 1)
        ctx.equal(f"{size} bytes downloaded", test_data.digest_of_file(target), digest)
        target.unlink()


@scenario(GROUP, "1 GiB and one byte around it, default blocks", styles=BOTH, full_only=True)
def gibibyte(ctx: Context) -> None:
    _large(ctx, [size for size in _around(1 << 30)])


@scenario(GROUP, "over 1 GiB, --block-size-mb=1 (more than a thousand blocks)", full_only=True)
def many_blocks(ctx: Context) -> None:
    _large(ctx, _around((1 << 30) + MIB), "--block-size-mb=1")


@scenario(GROUP, "over 1 GiB, --block-size-mb=100", full_only=True)
def large_blocks(ctx: Context) -> None:
    _large(ctx, [1100 * MIB, 1100 * MIB + 1], "--block-size-mb=100")


@scenario(GROUP, "over 1 GiB in one Put Blob (--put-blob-size-mb=2000)", full_only=True)
def one_put_blob(ctx: Context) -> None:
    # AzCopy holds a whole block in memory, and refuses one that its buffers cannot take.
    _large(ctx, [(1 << 30) + 1], "--put-blob-size-mb=2000", "--block-size-mb=2000",
           environment={"AZCOPY_BUFFER_GB": "4"})


@scenario(GROUP, "64 MiB in blocks and 64 MiB in one Put Blob")
def middle(ctx: Context) -> None:
    _large(ctx, [64 * MIB + 1], "--block-size-mb=4")
    _large(ctx, [64 * MIB + 1], "--put-blob-size-mb=100", "--block-size-mb=100")
