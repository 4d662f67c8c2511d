"""POSIX properties, symbolic links, directory stubs."""

from __future__ import annotations

import os

import test_data
from harness import BOTH, Context, scenario

GROUP = "Local file properties"


def _tree(ctx: Context, linked_dir="dir"):
    tree = test_data.make_tree(ctx.new_directory("tree"), {"real.txt": 40, "dir/inner.txt": 50})
    (tree / "link.txt").symlink_to("real.txt")
    (tree / "linked-dir").symlink_to(linked_dir)
    return tree


@scenario(GROUP, "symbolic links left out by default, followed with --follow-symlinks", styles=BOTH)
def follow(ctx: Context) -> None:
    # A link to a directory inside the tree would be taken for a cycle and left out by AzCopy.
    outside = test_data.make_tree(ctx.new_directory("outside"), {"inner.txt": 50})
    tree = _tree(ctx, outside)
    container = ctx.container()
    ctx.upload(tree, ctx.url(container), "--recursive", "--as-subdir=false")
    ctx.names_are(container, ["dir/inner.txt", "real.txt"])
    container = ctx.container()
    ctx.upload(tree, ctx.url(container), "--recursive", "--as-subdir=false", "--follow-symlinks")
    ctx.names_are(container, ["dir/inner.txt", "link.txt", "linked-dir/inner.txt", "real.txt"])
    ctx.holds_tree(container, tree)


@scenario(GROUP, "--preserve-symlinks up and down")
def preserve(ctx: Context) -> None:
    tree = _tree(ctx)
    container = ctx.container()
    ctx.upload(tree, ctx.url(container), "--recursive", "--as-subdir=false", "--preserve-symlinks")
    head = ctx.client().head(container, "link.txt")
    ctx.equal("link metadata", head.metadata.get("is_symlink"), "true")
    ctx.equal("link body", ctx.client().get(container, "link.txt"), b"real.txt")
    target = ctx.new_directory("down")
    ctx.download(ctx.url(container, "*"), target, "--recursive", "--preserve-symlinks")
    ctx.equal("link target", os.readlink(target / "link.txt"), "real.txt")
    ctx.equal("directory link", os.readlink(target / "linked-dir"), "dir")
    ctx.same_trees(target, tree)


@scenario(GROUP, "--preserve-posix-properties: owner, mode, times in metadata and back")
def posix(ctx: Context) -> None:
    tree = test_data.make_tree(ctx.new_directory("tree"), {"f": 40})
    os.chmod(tree / "f", 0o640)
    os.utime(tree / "f", (1_111_111_111, 1_222_222_222))
    container = ctx.container()
    ctx.upload(f"{tree}/*", ctx.url(container), "--preserve-posix-properties")
    metadata = ctx.client().head(container, "f").metadata
    ctx.holds(f"modtime is kept: {metadata}",
              metadata.get("modtime", "").startswith("1222222222"))
    ctx.equal("mode in metadata", int(metadata["permissions"]) & 0o777, 0o640)
    # Through a listing: of a single source AzCopy reads the metadata from headers, whose names Go
    # capitalises, and does not find its own.
    target = ctx.new_directory("back")
    ctx.download(ctx.url(container, "*"), target, "--recursive", "--preserve-posix-properties")
    ctx.equal("modification time", int((target / "f").stat().st_mtime), 1_222_222_222)
    ctx.equal("mode", (target / "f").stat().st_mode & 0o777, 0o640)


@scenario(GROUP, "--include-directory-stub: directories as hdi_isfolder blobs, up and down", styles=BOTH)
def stubs(ctx: Context) -> None:
    tree = test_data.make_tree(ctx.new_directory("tree"), {"dir/f": 4})
    (tree / "empty").mkdir()
    container = ctx.container()
    # Below a directory: with the container's root as target AzCopy 10.32 panics before it sends
    # anything for the root's own stub.
    ctx.upload(tree, ctx.url(container, "base"), "--recursive", "--as-subdir=false",
               "--include-directory-stub")
    client = ctx.client()
    ctx.equal("stub", client.head(container, "base/empty").metadata.get("hdi_isfolder"), "true")
    ctx.headers_are(container, "base/empty", {"Content-Length": "0"})
    target = ctx.new_directory("down")
    # AzCopy makes a directory only for a stub that has blobs below it: the empty one stays away.
    outcome = ctx.download(ctx.url(container, "base/*"), target, "--recursive",
                           "--include-directory-stub")
    ctx.completed(outcome, 2)
    ctx.equal("directories transferred", outcome.count("FolderPropertyTransfers"), 1)
    ctx.same_trees(target, tree)
