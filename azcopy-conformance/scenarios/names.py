"""Odd names, up and down again."""

from __future__ import annotations

import os
import pathlib

import test_data
from harness import BOTH, Context, scenario

GROUP = "Names"
ODD = ["with space.txt", " leading", "100%.txt", "%20literal", "%2Fnot-a-slash", "a+b.txt",
       "h#sh", "what?", "a&b=c;d.txt", "quote'\".txt", "brackets[1]{2}(3)", "semi;colon",
       "comma,name", "star@home!", "tilde~caret^", "pipe|less<greater>", "dots..end..",
       "trailing.", "...", "umlaut-äöüß.txt", "日本語/ファイル.txt", "emoji-🎉.bin", "e\u0301-decomposed",
       "Ünï/cödé with space/x+y%z.txt", "UPPER/lower", "upper/LOWER"]
# AzCopy downloads to a temporary name that is 49 characters longer.
LONG = ["x" * 206, "/".join(["d" * 200] * 4) + "/" + "f" * 200]


def _round_trip(ctx: Context, names: list[str]) -> None:
    container = ctx.container()
    tree = test_data.make_tree(ctx.new_directory("up"),
                               {name: 10 + index for index, name in enumerate(names)})
    ctx.completed(ctx.upload(f"{tree}/*", ctx.url(container), "--recursive"), len(names))
    ctx.names_are(container, names)
    ctx.holds_tree(container, tree)
    target = ctx.new_directory("down")
    ctx.completed(ctx.download(ctx.url(container, "*"), target, "--recursive"), len(names))
    ctx.same_trees(target, tree)


@scenario(GROUP, "spaces, %, +, #, ?, &, quotes, trailing dots, unicode, case", styles=BOTH)
def odd(ctx: Context) -> None:
    _round_trip(ctx, ODD)


@scenario(GROUP, "very long names (206 in a segment, 1,004 in all)", styles=BOTH)
def long(ctx: Context) -> None:
    _round_trip(ctx, LONG)


@scenario(GROUP, "each odd name as the single source and target of a copy")
def one_by_one(ctx: Context) -> None:
    container = ctx.container()
    names = ODD if not ctx.quick else ["100%.txt", "a+b c#d?.txt", "日本語/ファイル.txt"]
    for index, name in enumerate(names):
        source = test_data.write_file(ctx.path(f"source-{index}"), 100 + index, index)
        ctx.upload(source, ctx.url(container, name))
        target = ctx.path(f"target-{index}")
        ctx.download(ctx.url(container, name), target)
        ctx.equal(name, target.read_bytes(), source.read_bytes())
    ctx.names_are(container, names)


@scenario(GROUP, "a backslash in a name becomes a slash, as in Azure")
def backslash(ctx: Context) -> None:
    container = ctx.container()
    source = test_data.write_file(ctx.path("f"), 12, 3)
    ctx.upload(source, ctx.url(container, "dir\\file"))
    ctx.names_are(container, ["dir/file"])
    ctx.equal("bytes", ctx.client().get(container, "dir/file"), source.read_bytes())


@scenario(GROUP, "names that differ only in a trailing slash or empty segments")
def slashes(ctx: Context) -> None:
    container = ctx.container()
    client = ctx.client()
    for name in ("a//b", "a/b", "a/b/c"):
        client.put_blob(container, name, name.encode())
    target = pathlib.Path(ctx.path("out"))
    for name in ("a//b", "a/b/c"):
        ctx.download(ctx.url(container, name), target)
        ctx.equal(name, target.read_bytes(), name.encode())
        os.unlink(target)
