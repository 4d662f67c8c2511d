"""A daemon whose wall clock runs ahead, so that tests need not wait for hours and days to go by."""

from __future__ import annotations

import datetime
import pathlib
import struct
import subprocess

import azure_auth
import blob_client
import blobgate_daemon

_SOURCE = pathlib.Path(__file__).with_name("clock_shim.c")


class _Client(blob_client.BlobClient):
    """Signs with the time that the daemon takes it to be."""

    clock: "ShiftedClock"

    def signed_headers(self, method, target, headers, length):
        dated = {"x-ms-date": azure_auth.http_date(self.clock.now()), **(headers or {})}
        return super().signed_headers(method, target, dated, length)


class ShiftedClock:
    """Prepares `daemon`, which is not running yet. Starts without a shift."""

    def __init__(self, daemon: blobgate_daemon.Daemon):
        self._daemon = daemon
        self._file = daemon.directory / "clock-offset"
        self.shift = datetime.timedelta()
        self.set(self.shift)
        library = daemon.directory / "clock_shim.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE)],
                       check=True)
        daemon.environment |= {"LD_PRELOAD": str(library),
                               "BLOBGATE_CLOCK_OFFSET": str(self._file)}

    def set(self, shift: datetime.timedelta) -> None:
        self.shift = shift
        data = struct.pack("<q", int(shift.total_seconds()))
        if self._file.exists():  # the daemon has it mapped
            with open(self._file, "r+b") as file:
                file.write(data)
        else:
            self._file.write_bytes(data)

    def advance(self, **by: float) -> None:
        """By a timedelta's arguments."""
        self.set(self.shift + datetime.timedelta(**by))

    def now(self) -> datetime.datetime:
        return datetime.datetime.now(datetime.timezone.utc) + self.shift

    def client(self, account: str = "acct1") -> blob_client.BlobClient:
        client = _Client(self._daemon.address(), account, blobgate_daemon.ACCOUNTS[account])
        client.clock = self
        return client
