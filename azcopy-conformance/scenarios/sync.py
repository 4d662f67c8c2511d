"""Sync both ways and between containers."""

from __future__ import annotations

import os
import time

import azcopy
import test_data
from harness import BOTH, MIB, Context, scenario

GROUP = "Sync"
TREE = {"a.txt": 10, "b.txt": 0, "sub/c.txt": 2 * MIB, "sub/deep/d.txt": 99}


def _sync(ctx: Context, source, target, *flags: str, from_to: str) -> azcopy.Outcome:
    return ctx.transfer("sync", source, target, *flags, from_to=from_to)


def _later(path) -> None:
    """Makes a file newer than anything the store holds (its times have whole seconds)."""
    at = time.time() + 100
    os.utime(path, (at, at))


def _old(tree) -> None:
    """Makes all files older than anything the store holds: a file of this very second would count
    as newer than its blob, whose time has whole seconds."""
    for path in tree.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))


@scenario(GROUP, "up: first, again (nothing), change, delete, --delete-destination", styles=BOTH)
def up(ctx: Context) -> None:
    container = ctx.container()
    tree = test_data.make_tree(ctx.new_directory("tree"), TREE)
    _old(tree)
    url = ctx.url(container)

    def sync(*flags: str) -> azcopy.Outcome:
        return _sync(ctx, tree, url, *flags, from_to="LocalBlob")

    ctx.completed(sync(), len(TREE))
    ctx.holds_tree(container, tree)
    ctx.completed(sync(), 0)
    test_data.write_file(tree / "a.txt", 500, 77)
    _later(tree / "a.txt")
    (tree / "sub/c.txt").unlink()
    ctx.completed(sync(), 1)
    ctx.holds("nothing removed unasked", ctx.client().exists(container, "sub/c.txt"))
    sync("--delete-destination=true")
    ctx.holds_tree(container, tree)


@scenario(GROUP, "down: first, again (nothing), change, delete, --delete-destination", styles=BOTH)
def down(ctx: Context) -> None:
    container = ctx.container()
    client = ctx.client()
    for index, (name, size) in enumerate(TREE.items()):
        client.put_blob(container, name, test_data.content(size, index))
    target = ctx.new_directory("target")
    url = ctx.url(container)

    def sync(*flags: str) -> azcopy.Outcome:
        return _sync(ctx, url, target, *flags, from_to="BlobLocal")

    ctx.completed(sync(), len(TREE))
    ctx.holds_tree(container, target)
    for path in target.rglob("*"):
        if path.is_file():
            _later(path)
    ctx.completed(sync(), 0)
    os.utime(target / "a.txt", (1_000_000_000, 1_000_000_000))
    client.put_blob(container, "a.txt", b"changed in the store")
    client.delete(container, "sub/c.txt")
    ctx.completed(sync(), 1)
    ctx.holds("nothing removed unasked", (target / "sub/c.txt").exists())
    sync("--delete-destination=true")
    ctx.holds_tree(container, target)


@scenario(GROUP, "--compare-hash=MD5 up and down: times do not matter, content does")
def compare_hash(ctx: Context) -> None:
    container = ctx.container()
    tree = test_data.make_tree(ctx.new_directory("tree"), TREE)
    flags = ["--compare-hash=MD5", "--put-md5", "--local-hash-storage-mode=HiddenFiles",
             f"--hash-meta-dir={ctx.new_directory('hashes')}"]
    url = ctx.url(container)
    ctx.completed(_sync(ctx, tree, url, *flags, from_to="LocalBlob"), len(TREE))
    for path in (tree / "a.txt", tree / "sub/c.txt"):
        _later(path)
    ctx.completed(_sync(ctx, tree, url, *flags, from_to="LocalBlob"), 0)
    test_data.write_file(tree / "sub/c.txt", 2 * MIB, 12345)
    os.utime(tree / "sub/c.txt", (1_000_000_000, 1_000_000_000))
    ctx.completed(_sync(ctx, tree, url, *flags, from_to="LocalBlob"), 1)
    ctx.holds_tree(container, tree)
    down_flags = ["--compare-hash=MD5", "--local-hash-storage-mode=HiddenFiles",
                  f"--hash-meta-dir={ctx.path('hashes')}"]
    ctx.completed(_sync(ctx, url, tree, *down_flags, from_to="BlobLocal"), 0)


@scenario(GROUP, "filters: --include-pattern, --exclude-path, --dry-run")
def filters(ctx: Context) -> None:
    tree = test_data.make_tree(ctx.new_directory("tree"), {**TREE, "x.log": 3})
    container = ctx.container()
    _sync(ctx, tree, ctx.url(container), "--dry-run", from_to="LocalBlob")
    ctx.names_are(container, [])
    _sync(ctx, tree, ctx.url(container), "--include-pattern=*.txt", "--exclude-path=sub",
          from_to="LocalBlob")
    ctx.names_are(container, ["a.txt", "b.txt"])


@scenario(GROUP, "blob to blob, across accounts, with --delete-destination", styles=BOTH)
def blob_to_blob(ctx: Context) -> None:
    source, target = ctx.container(), ctx.container("acct2")
    for index, (name, size) in enumerate(TREE.items()):
        ctx.client().put_blob(source, name, test_data.content(size, index))
    ctx.client("acct2").put_blob(target, "extra", b"to be removed")
    urls = ctx.url(source), ctx.url(target, account="acct2")
    ctx.completed(_sync(ctx, *urls, "--delete-destination=true", from_to="BlobBlob"), len(TREE))
    ctx.same_digests(ctx.blob_digests(target, account="acct2"), ctx.blob_digests(source))
    ctx.completed(_sync(ctx, *urls, from_to="BlobBlob"), 0)


@scenario(GROUP, "--mirror-mode overwrites whatever the times say")
def mirror(ctx: Context) -> None:
    container = ctx.container()
    tree = test_data.make_tree(ctx.new_directory("tree"), {"a": 5, "b": 6})
    ctx.client().put_blob(container, "a", b"other")
    os.utime(tree / "a", (1_000_000_000, 1_000_000_000))
    ctx.completed(_sync(ctx, tree, ctx.url(container), "--mirror-mode=true",
                        from_to="LocalBlob"), 2)
    ctx.holds_tree(container, tree)
