#!/usr/bin/env python3
"""Azure's own change feed reader (@azure/storage-blob-changefeed) against the real daemon: it must
read the same events as our decoder, whole, by time and page by page."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

import blobgate_daemon  # noqa: E402
import change_feed  # noqa: E402
import run  # noqa: E402
import shifted_clock  # noqa: E402

CONFIG = {"background": {"change_feed_interval": 1},
          "accounts": [{"name": "acct1", "keys": [blobgate_daemon.ACCOUNTS["acct1"]],
                        "change_feed": {"enabled": True}}]}


def read(program: pathlib.Path, daemon, **environment: str) -> list[dict]:
    sas = daemon.account_sas(expiry="2100-01-01T00:00:00Z")
    url = daemon.url("acct1", sas=sas, host_style=False)
    done = subprocess.run([*run.node(), str(program)], check=True, text=True, timeout=120,
                          stdout=subprocess.PIPE,
                          env=os.environ | {"FEED_URL": url, **environment})
    return [json.loads(line) for line in done.stdout.splitlines()]


def write_hour(clock: shifted_clock.ShiftedClock, hour: int) -> int:
    """Some changes of every kind; how many."""
    client = clock.client()
    for index in range(30):
        client.put_blob("con", f"{hour}/näme {index}", b"x" * index, {"x-ms-meta-k": "v"})
    name = f"{hour}/näme 1"
    client.expect(200, "PUT", "con", name, comp="properties",
                  headers={"x-ms-blob-content-language": "de"})
    client.expect(204, "PUT", "con", name, comp="tags", body=(
        b"<Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags>"))
    client.expect(200, "PUT", "con", name, comp="tier", headers={"x-ms-access-tier": "Cool"})
    client.expect(201, "PUT", "con", name, comp="snapshot")
    client.delete("con", f"{hour}/näme 2")
    return 35


def key_of(event: dict) -> tuple:
    """What both readers call the same."""
    data = event["data"]
    updated = data.get("updatedBlobProperties") or data.get("blobPropertiesUpdated") or {}
    tags = data.get("updatedBlobTags") or data.get("blobTagsUpdated") or {}
    return (event["id"], event["eventType"], event["subject"], event["eventTime"][:23],
            data["api"], data["etag"], data["contentLength"], data["blobType"], data["url"],
            data["sequencer"], data["snapshot"], data.get("blobAccessTier", data.get("blobTier")),
            tuple(sorted(updated)), (tags.get("newTags") or tags.get("current") or {}).get("k"))


def main() -> int:
    program = run.install_js("js-changefeed") / "read.mjs"
    failed = 0

    def check(name: str, good: bool) -> None:
        nonlocal failed
        failed += not good
        print(f"{'PASS' if good else 'FAIL'} {name}", flush=True)

    daemon = blobgate_daemon.Daemon(CONFIG)
    clock = shifted_clock.ShiftedClock(daemon)
    with daemon:
        client = clock.client()
        client.create_container("con")
        total, hours = 0, []
        for hour in range(3):
            total += write_hour(clock, hour)
            change_feed.wait_for(lambda: len(change_feed.events(client)) == total, "all events")
            hours.append(change_feed.last_consumable(client))
            if hour == 2:
                break  # the last hour stays open
            clock.advance(hours=1)
            change_feed.wait_for(lambda: change_feed.last_consumable(client) > hours[-1], "the end")
        ours = [key_of(e) for e in change_feed.events(client)]
        final = ours[:70]
        check("all events of finished hours",
              [key_of(e) for e in read(program, daemon)] == final)
        # Without an end this reader's second token says that it was 1970.
        paged = read(program, daemon, FEED_PAGE="7", FEED_END="2100-01-01T00:00:00Z")
        check("page by page, from token to token", [key_of(e) for e in paged] == final)
        check("from an hour on",
              [key_of(e) for e in read(program, daemon, FEED_START=hours[1])] == final[35:])
        check("up to an hour",
              [key_of(e) for e in read(program, daemon, FEED_END=hours[1])] == final[:35])
        failed += daemon.stop() != 0
    print(f"{4 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
