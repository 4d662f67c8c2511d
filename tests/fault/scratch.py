"""Where the fault tests keep their data."""
from __future__ import annotations

import os
import pathlib
import tempfile


def directory(prefix: str) -> pathlib.Path:
    """A new directory in $BLOBGATE_TEST_TMP, or /dev/shm when there is one (much faster: only the
    model says what is durable), or the usual place."""
    parent = os.environ.get("BLOBGATE_TEST_TMP")
    if parent is None and os.access("/dev/shm", os.W_OK):
        parent = "/dev/shm"
    return pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
