"""Reads Avro object container files without compression (Apache Avro 1.8.2), by their own schema."""

from __future__ import annotations

import json


class _Input:
    def __init__(self, data: bytes):
        self._data = data
        self._at = 0

    def at_end(self) -> bool:
        return self._at == len(self._data)

    def take(self, size: int) -> bytes:
        assert 0 <= size <= len(self._data) - self._at, "cut short"
        self._at += size
        return self._data[self._at - size:self._at]

    def long(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return (value >> 1) ^ -(value & 1)

    def bytes(self) -> bytes:
        return self.take(self.long())

    def blocks(self):
        """One None for each item of an array or map."""
        while count := self.long():
            if count < 0:
                self.long()
            for _ in range(abs(count)):
                yield None


def _read(schema, source: _Input):
    if isinstance(schema, list):
        return _read(schema[source.long()], source)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "null":
        return None
    if kind == "boolean":
        return source.take(1) == b"\x01"
    if kind in ("int", "long"):
        return source.long()
    if kind == "string":
        return source.bytes().decode()
    if kind == "bytes":
        return source.bytes()
    if kind == "enum":
        return schema["symbols"][source.long()]
    if kind == "map":
        return {source.bytes().decode(): _read(schema["values"], source)
                for _ in source.blocks()}
    if kind == "record":
        return {field["name"]: _read(field["type"], source) for field in schema["fields"]}
    raise ValueError(f"no reader for {kind}")


def read(data: bytes) -> list:
    """The objects of a whole file; AssertionError when it is not well-formed to its last byte."""
    source = _Input(data)
    assert source.take(4) == b"Obj\x01"
    metadata = {source.bytes().decode(): source.bytes() for _ in source.blocks()}
    assert metadata.get("avro.codec", b"null") == b"null"
    schema = json.loads(metadata["avro.schema"])
    marker = source.take(16)
    objects = []
    while not source.at_end():
        count = source.long()
        block = _Input(source.bytes())
        objects += [_read(schema, block) for _ in range(count)]
        assert block.at_end() and source.take(16) == marker
    return objects
