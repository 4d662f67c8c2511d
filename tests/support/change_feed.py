"""The change feed as it lies in the store."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import avro
import blob_client

CONTAINER = "$blobchangefeed"
_DEADLINE = 60.0


def wait_for(condition: Callable[[], object], what: str):
    """Polls until `condition` is true, and returns that value."""
    deadline = time.monotonic() + _DEADLINE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {_DEADLINE:.0f} s: {what}"
        time.sleep(0.1)


def files(client: blob_client.BlobClient, prefix: str = "") -> list[str]:
    response = client.request("GET", CONTAINER, restype="container", comp="list", prefix=prefix)
    if response.status == 404:
        return []
    return client.names(CONTAINER, prefix=prefix)


def events(client: blob_client.BlobClient, prefix: str = "") -> list[dict]:
    """Every event that is in a chunk, whether its segment is final or not."""
    found = []
    for name in files(client, "log/" + prefix):
        assert re.fullmatch(r"log/00/\d{4}/\d\d/\d\d/\d\d00/\d{5}\.avro", name), name
        chunk = client.expect((200, 404), "GET", CONTAINER, name)
        if chunk.status == 200 and chunk.body:  # neither just removed nor just made
            found += avro.read(chunk.body)
    return found


def last_consumable(client: blob_client.BlobClient) -> str:
    return json.loads(client.get(CONTAINER, "meta/segments.json"))["lastConsumable"]


def manifests(client: blob_client.BlobClient) -> dict[str, dict]:
    return {name: json.loads(client.get(CONTAINER, name))
            for name in files(client, "idx/segments/")}
