"""Copy down: files, trees, filters, pipes, checks."""

from __future__ import annotations

import base64
import gzip
import os

import test_data
from harness import BOTH, MIB, Context, Failure, scenario, sha256

GROUP = "Copy down"
BLOBS = {"a.txt": 10, "b.log": 0, "sub/c.txt": 2 * MIB + 7, "sub/d.md": 1, "sub/deep/e.txt": 77}


def _filled(ctx: Context) -> tuple[str, dict[str, str]]:
    container = ctx.container()
    digests = {}
    for index, (name, size) in enumerate(BLOBS.items()):
        data = test_data.content(size, index)
        ctx.client().put_blob(container, name, data)
        digests[name] = sha256(data)
    return container, digests


@scenario(GROUP, "single blob, and a blob of many blocks in ranges", styles=BOTH)
def single(ctx: Context) -> None:
    container = ctx.container()
    blocks = [test_data.content(n, n) for n in (MIB, 300_000, 1, 2 * MIB)]
    ctx.client().put_blocks(container, "blocks", blocks)
    target = ctx.path("out")
    ctx.completed(ctx.download(ctx.url(container, "blocks"), target, "--block-size-mb=0.5"), 1)
    ctx.equal("digest", test_data.digest_of_file(target), sha256(b"".join(blocks)))


@scenario(GROUP, "container and virtual directory, recursive", styles=BOTH)
def directory(ctx: Context) -> None:
    container, digests = _filled(ctx)
    target = ctx.new_directory("all")
    ctx.completed(ctx.download(ctx.url(container), target, "--recursive"), len(BLOBS))
    ctx.same_digests(test_data.digests_of_tree(target / container), digests)
    target = ctx.new_directory("sub-only")
    ctx.completed(ctx.download(ctx.url(container, "sub"), target, "--recursive"), 3)
    ctx.same_digests(test_data.digests_of_tree(target),
                     {name: d for name, d in digests.items() if name.startswith("sub/")})


@scenario(GROUP, "patterns, paths and --list-of-files")
def patterns(ctx: Context) -> None:
    container, _ = _filled(ctx)
    ctx.path("list").write_text("a.txt\nsub/deep/e.txt\n")
    cases = {
        "--include-pattern=*.txt": {"a.txt", "sub/c.txt", "sub/deep/e.txt"},
        "--exclude-pattern=*.txt;*.md": {"b.log"},
        "--include-path=sub/deep": {"sub/deep/e.txt"},
        "--exclude-path=sub": {"a.txt", "b.log"},
        f"--list-of-files={ctx.path('list')}": {"a.txt", "sub/deep/e.txt"},
    }
    for index, (flag, wanted) in enumerate(cases.items()):
        target = ctx.new_directory(f"case-{index}")
        ctx.download(ctx.url(container), target, "--recursive", "--as-subdir=false", flag)
        ctx.equal(flag, set(test_data.digests_of_tree(target)), wanted)


@scenario(GROUP, "standard output (pipe)", styles=BOTH)
def pipe(ctx: Context) -> None:
    container = ctx.container()
    data = test_data.content(3 * MIB + 1, 8)
    ctx.client().put_blob(container, "f", data)
    code, output = ctx.azcopy.run_to_bytes("copy", ctx.url(container, "f"), "--from-to=BlobPipe")
    ctx.equal("exit code", code, 0)
    ctx.equal("digest", sha256(output), sha256(data))


@scenario(GROUP, "--check-md5: right, wrong (FailIfDifferent), wrong (LogOnly), missing")
def check_md5(ctx: Context) -> None:
    container = ctx.container()
    client = ctx.client()
    client.put_blob(container, "right", b"right content")
    client.put_blob(container, "wrong", b"wrong content")
    client.expect(200, "PUT", container, "wrong", comp="properties", headers={
        "x-ms-blob-content-md5": base64.b64encode(b"0" * 16).decode()})
    client.put_blocks(container, "missing", [b"no digest"])
    target = ctx.path("out")
    ctx.download(ctx.url(container, "right"), target, "--check-md5=FailIfDifferentOrMissing")
    ctx.completed(ctx.download(ctx.url(container, "wrong"), target, code=1), 0, failed=1)
    ctx.download(ctx.url(container, "wrong"), target, "--check-md5=LogOnly")
    ctx.download(ctx.url(container, "missing"), target)
    ctx.download(ctx.url(container, "missing"), target, "--check-md5=FailIfDifferentOrMissing",
                 code=1)


@scenario(GROUP, "--decompress (gzip) and stored Content-Encoding left alone")
def decompress(ctx: Context) -> None:
    container = ctx.container()
    plain = b"some text, many times\n" * 10_000
    packed = gzip.compress(plain)
    ctx.client().put_blob(container, "f.gz", packed, {"x-ms-blob-content-encoding": "gzip"})
    ctx.download(ctx.url(container, "f.gz"), ctx.path("raw"))
    ctx.equal("as stored", ctx.path("raw").read_bytes(), packed)
    ctx.download(ctx.url(container, "f.gz"), ctx.path("plain"), "--decompress")
    ctx.equal("decompressed", ctx.path("plain").read_bytes(), plain)


@scenario(GROUP, "--overwrite=false and ifSourceNewer, --preserve-last-modified-time")
def overwrite(ctx: Context) -> None:
    container = ctx.container()
    ctx.client().put_blob(container, "f", b"from the store")
    target = ctx.path("f")
    target.write_bytes(b"local")
    url = ctx.url(container, "f")
    ctx.completed(ctx.download(url, target, "--overwrite=false", code=None), 0, skipped=1)
    ctx.equal("kept", target.read_bytes(), b"local")
    os.utime(target, (1_000_000_000, 1_000_000_000))
    ctx.completed(ctx.download(url, target, "--overwrite=ifSourceNewer",
                               "--preserve-last-modified-time"), 1)
    ctx.equal("replaced", target.read_bytes(), b"from the store")
    ctx.holds("the blob's time", target.stat().st_mtime > 1_000_000_000)
    ctx.completed(ctx.download(url, target, "--overwrite=ifSourceNewer", code=None), 0, skipped=1)


@scenario(GROUP, "a missing blob and a missing container are reported")
def missing(ctx: Context) -> None:
    container = ctx.container()
    for url in (ctx.url(container, "nothing"), ctx.url(ctx.unused_container(), "nothing")):
        outcome = ctx.download(url, ctx.path("out"), code=None)
        if outcome.code == 0:
            raise Failure(f"a missing source was accepted: {outcome.describe()}")
    ctx.holds("no file appears", not ctx.path("out").exists())
