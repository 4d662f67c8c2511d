"""AzCopy against a full store: it must say why, and end, instead of trying for an hour."""
from __future__ import annotations

import pathlib
import tempfile

import azcopy
import test_data
from full_disk_writer import CONTAINER, REFUSED_CODE

MIB = 1 << 20
# AzCopy tries a request up to 20 times, with up to a minute in between. One that reports at once
# needs a few seconds for the whole job.
DEADLINE = 120.0
FILES = {"small": 100, "one": MIB, "blocks": 20 * MIB, **{f"many/{i}": 10_000 for i in range(20)}}


def upload_problems(daemon, volume) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="blobgate-azcopy-") as directory:
        home = pathlib.Path(directory)
        tree = test_data.make_tree(home / "tree", FILES)
        tool = azcopy.AzCopy(daemon, home / "azcopy")
        volume.stuff()  # so that not even a small file finds room
        try:
            outcome = tool.run("copy", f"{tree}/*",
                               daemon.url("acct1", CONTAINER, sas=daemon.account_sas()),
                               "--recursive", "--block-size-mb=4", timeout=DEADLINE)
        finally:
            volume.unstuff()
        text = outcome.output + outcome.errors + tool.log_of(outcome.job_id)
        problems = []
        if outcome.code != 1 or outcome.count("TransfersFailed") != len(FILES):
            problems.append(f"AzCopy should fail all {len(FILES)} transfers: {outcome.describe()}")
        if REFUSED_CODE not in text or "no space left" not in text:
            problems.append(f"AzCopy does not name the cause: {outcome.describe()}")
        return problems
