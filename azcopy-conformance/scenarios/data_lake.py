"""BlobFS: URLs on the dfs host of a hierarchical account, and both faces of its names."""

from __future__ import annotations

import os

import test_data
from harness import Context, scenario

GROUP = "Data Lake"
ACCOUNT = "tree"


def _url(ctx: Context, container: str, path: str = "", *, dfs: bool = True,
         account: str = ACCOUNT) -> str:
    return ctx.daemon.url(account, container, path, ctx.daemon.account_sas(account), dfs=dfs)


def _tree(ctx: Context):
    root = ctx.new_directory("tree")
    for name in ("a.txt", "dir/b.bin", "dir/sub/c.txt", "empty", "z ü+%.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"" if name == "empty" else name.encode() * 1000)
    return root


def _digests(ctx: Context, container: str, prefix: str = "") -> dict[str, str]:
    """Of the files; the Blob face lists directories too."""
    client = ctx.client(ACCOUNT)
    found = {}
    for item in client.list_blobs(container, prefix=prefix, include="metadata"):
        if item.metadata.get("hdi_isfolder") != "true":
            found[item.name[len(prefix):]] = client.digest(container, item.name)[1]
    return found


def _uploaded(ctx: Context) -> tuple[str, object]:
    container, tree = ctx.container(ACCOUNT), _tree(ctx)
    ctx.run("copy", f"{tree}/*", _url(ctx, container), "--recursive")
    ctx.same_digests(_digests(ctx, container), test_data.digests_of_tree(tree))
    return container, tree


@scenario(GROUP, "upload and download a directory by the dfs host")
def up_and_down(ctx: Context) -> None:
    container, tree = _uploaded(ctx)
    ctx.run("copy", _url(ctx, container), ctx.new_directory("back"), "--recursive")
    ctx.same_trees(ctx.path("back") / container, tree)


@scenario(GROUP, "a large file in appends that arrive in any order")
def large(ctx: Context) -> None:
    container = ctx.container(ACCOUNT)
    source = ctx.path("large")
    source.write_bytes(bytes(range(256)) * (40 * 4096))
    ctx.run("copy", source, _url(ctx, container, "d/large"), "--block-size-mb=1", "--put-md5")
    ctx.equal("digests", _digests(ctx, container, "d/"),
              {"large": test_data.digests_of_tree(ctx.directory)["large"]})


@scenario(GROUP, "list by both hosts")
def lists(ctx: Context) -> None:
    container, _ = _uploaded(ctx)
    for dfs in (True, False):
        outcome = ctx.run("list", _url(ctx, container, dfs=dfs), "--output-type=text")
        for name in ("a.txt", "dir/b.bin", "dir/sub/c.txt"):
            ctx.holds(f"{name} is listed", name in outcome.output)


@scenario(GROUP, "sync to and from the dfs host, --delete-destination")
def sync(ctx: Context) -> None:
    container, tree = _uploaded(ctx)
    (tree / "dir/new").write_bytes(b"new")
    (tree / "a.txt").unlink()
    ctx.run("sync", tree, _url(ctx, container), "--delete-destination=true")
    ctx.same_digests(_digests(ctx, container), test_data.digests_of_tree(tree))
    ctx.run("sync", _url(ctx, container), ctx.new_directory("down"))
    ctx.same_trees(ctx.path("down"), tree)


@scenario(GROUP, "remove a file, then a directory in one request")
def remove(ctx: Context) -> None:
    container, _ = _uploaded(ctx)
    ctx.run("remove", _url(ctx, container, "a.txt"))
    ctx.run("remove", _url(ctx, container, "dir"), "--recursive")
    ctx.equal("files", sorted(_digests(ctx, container)), ["empty", "z ü+%.txt"])


@scenario(GROUP, "service to service: flat to hierarchical, hierarchical to flat, with directory stubs")
def between(ctx: Context) -> None:
    container, tree = _uploaded(ctx)
    flat = ctx.container()
    ctx.run("copy", _url(ctx, container, dfs=False), ctx.url(flat), "--recursive")
    ctx.holds_tree(flat, tree)
    other = ctx.container(ACCOUNT)
    ctx.run("copy", ctx.url(flat, "*"), _url(ctx, other, dfs=False), "--recursive",
            "--include-directory-stub=true")
    ctx.same_digests(_digests(ctx, other), test_data.digests_of_tree(tree))
    third = ctx.container(ACCOUNT)
    ctx.run("copy", _url(ctx, container), _url(ctx, third), "--recursive",
            "--preserve-permissions=true")
    ctx.same_digests(_digests(ctx, third), test_data.digests_of_tree(tree))


@scenario(GROUP, "--preserve-posix-properties: mode and times in metadata and back, by both hosts")
def posix(ctx: Context) -> None:
    for dfs in (True, False):
        tree = test_data.make_tree(ctx.new_directory(f"posix-{dfs}"), {"d/f": 40})
        os.chmod(tree / "d/f", 0o640)
        os.utime(tree / "d/f", (1_111_111_111, 1_222_222_222))
        container = ctx.container(ACCOUNT)
        ctx.run("copy", f"{tree}/*", _url(ctx, container, dfs=dfs), "--recursive",
                "--preserve-posix-properties")
        metadata = ctx.client(ACCOUNT).head(container, "d/f").metadata
        ctx.holds(f"modtime is kept: {metadata}",
                  metadata.get("modtime", "").startswith("1222222222"))
        ctx.equal("mode in metadata", int(metadata["permissions"]) & 0o777, 0o640)
        back = ctx.new_directory(f"back-{dfs}")
        ctx.run("copy", _url(ctx, container, "d", dfs=dfs), back, "--recursive",
                "--preserve-posix-properties")
        ctx.equal("modification time", int((back / "d/f").stat().st_mtime), 1_222_222_222)
        ctx.equal("mode", (back / "d/f").stat().st_mode & 0o777, 0o640)
        ctx.same_trees(back, tree)


@scenario(GROUP, "set-properties: tier and metadata by the Blob host")
def properties(ctx: Context) -> None:
    container, _ = _uploaded(ctx)
    ctx.run("set-properties", _url(ctx, container, "dir/b.bin", dfs=False), "--block-blob-tier=cool",
            "--metadata=m=v")
    ctx.headers_are(container, "dir/b.bin", {"x-ms-access-tier": "Cool", "x-ms-meta-m": "v"},
                    ACCOUNT)
