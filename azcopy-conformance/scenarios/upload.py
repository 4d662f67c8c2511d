"""Copy up: files, trees, filters, pipes, headers, overwrite modes."""

from __future__ import annotations

import base64
import hashlib
import os

import test_data
from harness import BOTH, MIB, Context, scenario

GROUP = "Copy up"
TREE = {"a.txt": 10, "b.log": 2000, "sub/c.txt": 3 * MIB, "sub/d.md": 1, "sub/deep/e.txt": 77,
        "other/f.txt": 0}


def _tree(ctx: Context):
    return test_data.make_tree(ctx.new_directory("tree"), TREE)


@scenario(GROUP, "single file", styles=BOTH)
def single(ctx: Context) -> None:
    container = ctx.container()
    source = test_data.write_file(ctx.path("hello.txt"), 5000, 1)
    ctx.completed(ctx.upload(source, ctx.url(container, "dir/hello.txt")), 1)
    ctx.equal("bytes", ctx.client().get(container, "dir/hello.txt"), source.read_bytes())
    ctx.headers_are(container, "dir/hello.txt", {
        "Content-Length": "5000", "x-ms-blob-type": "BlockBlob"})
    kind = ctx.client().head(container, "dir/hello.txt").headers["Content-Type"]
    ctx.holds(f"guessed type: {kind}", kind.startswith("text/plain"))


@scenario(GROUP, "directory, recursive", styles=BOTH)
def directory(ctx: Context) -> None:
    container = ctx.container()
    tree = _tree(ctx)
    ctx.completed(ctx.upload(tree, ctx.url(container), "--recursive"), len(TREE))
    ctx.holds_tree(container, tree, "tree/")


@scenario(GROUP, "contents of a directory into a virtual directory (dir/*)")
def contents(ctx: Context) -> None:
    container = ctx.container()
    tree = _tree(ctx)
    ctx.completed(ctx.upload(f"{tree}/*", ctx.url(container, "in/here/"), "--recursive"), len(TREE))
    ctx.holds_tree(container, tree, "in/here/")
    ctx.names_are(container, [f"in/here/{name}" for name in TREE])


@scenario(GROUP, "--include-pattern, --exclude-pattern, --include-path, --exclude-path, regex")
def patterns(ctx: Context) -> None:
    tree = _tree(ctx)
    cases = {
        ("--include-pattern=*.txt;*.md",): {n for n in TREE if n.endswith((".txt", ".md"))},
        ("--exclude-pattern=*.txt",): {"b.log", "sub/d.md"},
        ("--include-path=sub/deep;a.txt",): {"sub/deep/e.txt", "a.txt"},
        ("--exclude-path=sub",): {"a.txt", "b.log", "other/f.txt"},
        ("--include-regex=^sub/.*txt$",): {"sub/c.txt", "sub/deep/e.txt"},
    }
    for flags, wanted in cases.items():
        container = ctx.container()
        ctx.upload(tree, ctx.url(container), "--recursive",
                   "--as-subdir=false", *flags)
        ctx.names_are(container, wanted)


@scenario(GROUP, "--list-of-files")
def list_of_files(ctx: Context) -> None:
    container = ctx.container()
    tree = _tree(ctx)
    wanted = ["a.txt", "sub/deep/e.txt", "other/f.txt"]
    ctx.path("list").write_text("\n".join(wanted) + "\n")
    ctx.upload(tree, ctx.url(container), "--recursive", "--as-subdir=false",
               f"--list-of-files={ctx.path('list')}")
    ctx.names_are(container, wanted)


@scenario(GROUP, "standard input (pipe), small and many blocks", styles=BOTH)
def pipe(ctx: Context) -> None:
    container = ctx.container()
    for size in (0, 11, 5 * MIB + 3):
        data = test_data.content(size, size)
        ctx.run("copy", ctx.url(container, f"pipe-{size}"), "--from-to=PipeBlob",
                "--block-size-mb=1", stdin=data)
        ctx.equal(f"bytes of {size}", ctx.client().get(container, f"pipe-{size}"), data)


@scenario(GROUP, "--content-type, --content-*, --cache-control, --metadata, --blob-tags, tier",
          styles=BOTH)
def headers(ctx: Context) -> None:
    container = ctx.container()
    flags = ["--content-type=application/x-thing", "--content-encoding=identity",
             "--content-language=de", "--content-disposition=attachment; filename=x.bin",
             "--cache-control=max-age=60", "--metadata=alpha=one;beta=two words",
             "--blob-tags=tag1=value1&tag%202=b%20c", "--block-blob-tier=Cool",
             "--no-guess-mime-type"]
    wanted = {"Content-Type": "application/x-thing", "Content-Encoding": "identity",
              "Content-Language": "de", "Content-Disposition": "attachment; filename=x.bin",
              "Cache-Control": "max-age=60", "x-ms-access-tier": "Cool", "x-ms-tag-count": "2"}
    for name, size in (("small.bin", 100), ("blocks.bin", 3 * MIB + 1)):
        source = test_data.write_file(ctx.path(name), size, size)
        ctx.completed(ctx.upload(source, ctx.url(container, name), "--block-size-mb=1", *flags), 1)
        ctx.headers_are(container, name, wanted)
        ctx.equal("metadata", ctx.client().head(container, name).metadata,
                  {"alpha": "one", "beta": "two words"})
        ctx.equal("tags", ctx.client().tags(container, name),
                  {"tag1": "value1", "tag 2": "b c"})


@scenario(GROUP, "--put-md5, one request and many blocks")
def put_md5(ctx: Context) -> None:
    container = ctx.container()
    tree = test_data.make_tree(ctx.new_directory("tree"), {"small": 500, "large": 5 * MIB + 9})
    ctx.upload(f"{tree}/*", ctx.url(container), "--put-md5", "--block-size-mb=1")
    for path in tree.iterdir():
        digest = base64.b64encode(hashlib.md5(path.read_bytes()).digest()).decode()
        ctx.headers_are(container, path.name, {"Content-MD5": digest})


@scenario(GROUP, "--overwrite=true, false, ifSourceNewer")
def overwrite(ctx: Context) -> None:
    container = ctx.container()
    url = ctx.url(container, "f")
    source = ctx.path("f")
    source.write_bytes(b"first")
    ctx.upload(source, url)
    source.write_bytes(b"second")
    ctx.completed(ctx.upload(source, url, "--overwrite=false", code=None), 0, skipped=1)
    ctx.equal("after overwrite=false", ctx.client().get(container, "f"), b"first")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    ctx.completed(ctx.upload(source, url, "--overwrite=ifSourceNewer", code=None), 0, skipped=1)
    ctx.equal("after an older source", ctx.client().get(container, "f"), b"first")
    os.utime(source, (4_000_000_000, 4_000_000_000))
    ctx.completed(ctx.upload(source, url, "--overwrite=ifSourceNewer"), 1)
    ctx.equal("after a newer source", ctx.client().get(container, "f"), b"second")
    source.write_bytes(b"third")
    ctx.completed(ctx.upload(source, url, "--overwrite=true"), 1)
    ctx.equal("after overwrite=true", ctx.client().get(container, "f"), b"third")


@scenario(GROUP, "--dry-run changes nothing")
def dry_run(ctx: Context) -> None:
    container = ctx.container()
    outcome = ctx.upload(_tree(ctx), ctx.url(container), "--recursive", "--dry-run")
    ctx.holds("the plan names a file", "deep/e.txt" in outcome.output)
    ctx.names_are(container, [])


@scenario(GROUP, "--cap-mbps")
def cap(ctx: Context) -> None:
    container = ctx.container()
    source = test_data.write_file(ctx.path("f"), 4 * MIB, 5)
    ctx.completed(ctx.upload(source, ctx.url(container, "f"), "--cap-mbps=40",
                             "--block-size-mb=1"), 1)
    ctx.equal("bytes", ctx.client().get(container, "f"), source.read_bytes())
