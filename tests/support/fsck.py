"""Runs `blobgate fsck` on a store that no daemon serves."""

from __future__ import annotations

import json
import pathlib
import subprocess

import blobgate_daemon

CLEAN, REPAIRED, DAMAGED, NOT_RUN = 0, 1, 2, 3


class FsckFailed(Exception):
    """It ended in a way that none of its exit codes stands for."""


def run(data_directory: pathlib.Path, *options: str) -> tuple[int, dict]:
    """The exit code and the report ({} when there is none)."""
    command = [str(blobgate_daemon.find_binary()), "fsck", "--json", "--data-dir",
               str(data_directory), *options]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                          timeout=600)
    if done.returncode not in (CLEAN, REPAIRED, DAMAGED, NOT_RUN):
        raise FsckFailed(f"exit code {done.returncode}: {done.stderr[-2000:]}")
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def damaged_extents(report: dict) -> dict[tuple[int, int], list[dict]]:
    """Damage by segment and position of its extent."""
    found: dict[tuple[int, int], list[dict]] = {}
    for finding in report.get("findings", ()):
        if finding["severity"] == "damage" and "extent" in finding:
            key = (finding["extent"]["segment"], finding["extent"]["position"])
            found.setdefault(key, []).append(finding)
    return found
