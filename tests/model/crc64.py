"""CRC-64/NVME, as Azure answers it (operations.md 1.9)."""

from __future__ import annotations

import base64
import functools

_POLYNOMIAL = 0x9A6C9329AC4BC9B5  # AD93D23594C93659 reflected
_ALL = 0xFFFFFFFFFFFFFFFF


def _row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = [_row(byte) for byte in range(256)]


@functools.lru_cache(maxsize=4096)
def crc64(data: bytes) -> str:
    value = _ALL
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return base64.b64encode((value ^ _ALL).to_bytes(8, "little")).decode()


assert crc64(b"123456789") == "iJh5CoYUi64="
