"""bench (AzCopy allows it over HTTPS with a recognised host only)."""

from __future__ import annotations

import test_data
from harness import MIB, Context, scenario

GROUP = "Bench"
FIXED = {"AZCOPY_CONCURRENCY_VALUE": "16"}  # no search for the best concurrency


@scenario(GROUP, "upload, test data removed afterwards")
def upload(ctx: Context) -> None:
    container = ctx.container()
    count, size = (20, "256K") if ctx.quick else (200, "4M")
    outcome = ctx.run("bench", ctx.url(container), f"--file-count={count}",
                      f"--size-per-file={size}", "--put-md5", environment=FIXED)
    ctx.completed(outcome, count)
    ctx.names_are(container, [])


@scenario(GROUP, "upload, data kept, in folders, many blocks")
def kept(ctx: Context) -> None:
    container = ctx.container()
    outcome = ctx.run("bench", ctx.url(container), "--file-count=6", "--size-per-file=2M",
                      "--block-size-mb=0.5", "--number-of-folders=2", "--delete-test-data=false",
                      environment=FIXED)
    ctx.completed(outcome, 6)
    sizes = [item.size for item in ctx.client().list_blobs(container)]
    ctx.equal("sizes", sizes, [2 * MIB] * 6)


@scenario(GROUP, "download")
def download(ctx: Context) -> None:
    container = ctx.container()
    for index in range(5):
        ctx.client().put_blob(container, f"f{index}", test_data.content(MIB, index))
    ctx.completed(ctx.run("bench", ctx.url(container), "--mode=Download",
                          environment=FIXED), 5)
