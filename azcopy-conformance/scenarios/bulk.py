"""Many small files."""

from __future__ import annotations

import test_data
from harness import Context, scenario

GROUP = "Many files"


def _round_trip(ctx: Context, count: int) -> None:
    tree = ctx.new_directory("tree")
    for index in range(count):
        directory = tree / f"d{index % 100:02d}" / f"e{index % 7}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"file-{index:06d}.dat").write_bytes(b"%d\n" % index * (index % 50))
    container = ctx.container()
    ctx.completed(ctx.upload(f"{tree}/*", ctx.url(container), "--recursive"), count)
    sizes = {item.name: item.size for item in ctx.client().list_blobs(container)}
    ctx.equal("names and sizes", sizes, {
        str(path.relative_to(tree)): path.stat().st_size
        for path in tree.rglob("*") if path.is_file()})
    target = ctx.new_directory("down")
    ctx.completed(ctx.download(ctx.url(container, "*"), target, "--recursive"), count)
    ctx.same_digests(test_data.digests_of_tree(target), test_data.digests_of_tree(tree))
    copy = ctx.container("acct2")
    ctx.completed(ctx.blob_to_blob(ctx.url(container, "*"), ctx.url(copy, account="acct2"),
                                   "--recursive"), count)
    ctx.completed(ctx.remove(ctx.url(container), "--recursive"), count)
    ctx.names_are(container, [])
    ctx.equal("count in the copy", len(ctx.client("acct2").names(copy)), count)


@scenario(GROUP, "1,000 small files: up, list, down, blob to blob, remove")
def thousand(ctx: Context) -> None:
    _round_trip(ctx, 1000)


@scenario(GROUP, "20,000 small files: up, list, down, blob to blob, remove", full_only=True)
def twenty_thousand(ctx: Context) -> None:
    _round_trip(ctx, 20_000)
