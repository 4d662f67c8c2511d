"""A small Blob REST client of the tests' own: the independent witness of what the store holds."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import http.client
import ssl
import threading
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import azure_auth


class UnexpectedStatus(Exception):
    def __init__(self, what: str, response: "Response"):
        super().__init__(f"{what}: {response.status} {response.error_code} {response.body[:300]!r}")
        self.response = response


@dataclasses.dataclass
class Response:
    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def error_code(self) -> str:
        return self.headers.get("x-ms-error-code", "")

    @property
    def metadata(self) -> dict[str, str]:
        """Names in lower case: clients may change their case."""
        prefix = "x-ms-meta-"
        return {k.lower()[len(prefix):]: v for k, v in self.headers.items()
                if k.lower().startswith(prefix)}


@dataclasses.dataclass
class BlobItem:
    name: str
    properties: dict[str, str]
    metadata: dict[str, str]
    tags: dict[str, str]

    @property
    def size(self) -> int:
        return int(self.properties["Content-Length"])


def quote(name: str) -> str:
    return urllib.parse.quote(name, safe="/-_.~")


def block_id(index: int) -> str:
    return base64.b64encode(f"{index:08d}".encode()).decode()


def block_list_xml(ids: list[str], kind: str = "Latest") -> bytes:
    inner = "".join(f"<{kind}>{identity}</{kind}>" for identity in ids)
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{inner}</BlockList>'.encode()


def parse_xml(body: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(body.decode("utf-8-sig"))


class BlobClient:
    """Signs with the account key in path style. Safe to share between threads: each has its own
    connection. `retry` repeats an idempotent request once on a connection the server had closed.
    """

    def __init__(self, address: tuple[str, int], account: str, key: str,
                 tls: ssl.SSLContext | None = None, timeout: float = 120):
        self.address = address
        self.account = account
        self._key = key
        self._tls = tls
        self._timeout = timeout
        self._local = threading.local()

    def close(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _connection(self) -> http.client.HTTPConnection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            if self._tls is not None:
                connection = http.client.HTTPSConnection(
                    *self.address, context=self._tls, timeout=self._timeout)
            else:
                connection = http.client.HTTPConnection(*self.address, timeout=self._timeout)
            self._local.connection = connection
        return connection

    def target(self, container: str = "", blob: str = "", **query: str) -> str:
        path = f"/{self.account}"
        if container:
            path += f"/{container}"
        if blob:
            path += f"/{quote(blob)}"
        text = urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="")
        return path + (f"?{text}" if text else "")

    def signed_headers(self, method: str, target: str, headers: dict[str, str] | None,
                       length: int) -> dict[str, str]:
        complete = {"x-ms-version": azure_auth.VERSION, "x-ms-date": azure_auth.http_date(),
                    **(headers or {})}
        if method in ("PUT", "POST") or length:
            complete["Content-Length"] = str(length)
        complete["Authorization"] = azure_auth.shared_key(self.account, self._key, method, target,
                                                          complete)
        return complete

    def send(self, method: str, target: str, headers: dict[str, str], body=b"",
             retry: bool = True) -> Response:
        """Sends as given: no signing. `body` is bytes, or an iterable with Content-Length set."""
        for attempt in (1, 2):
            connection = self._connection()
            try:
                connection.request(method, target, body=body or None, headers=headers)
                answer = connection.getresponse()
                return Response(answer.status, answer.reason, answer.headers, answer.read())
            except (http.client.HTTPException, OSError):
                self.close()
                if not retry or attempt == 2 or not isinstance(body, bytes):
                    raise
        raise AssertionError("unreachable")

    def request(self, method: str, container: str = "", blob: str = "", *, body: bytes = b"",
                headers: dict[str, str] | None = None, retry: bool = True,
                **query: str) -> Response:
        target = self.target(container, blob, **query)
        return self.send(method, target, self.signed_headers(method, target, headers, len(body)),
                         body, retry)

    def expect(self, status: int | tuple[int, ...], method: str, container: str = "",
               blob: str = "", **arguments) -> Response:
        response = self.request(method, container, blob, **arguments)
        wanted = (status,) if isinstance(status, int) else status
        if response.status not in wanted:
            raise UnexpectedStatus(f"{method} {container}/{blob}", response)
        return response

    # Containers.

    def create_container(self, name: str, public: str = "") -> Response:
        headers = {"x-ms-blob-public-access": public} if public else {}
        return self.expect(201, "PUT", name, headers=headers, restype="container")

    def delete_container(self, name: str) -> Response:
        return self.expect(202, "DELETE", name, restype="container")

    def list_containers(self) -> list[str]:
        names, marker = [], ""
        while True:
            query = {"marker": marker} if marker else {}
            root = parse_xml(self.expect(200, "GET", comp="list", **query).body)
            names += [node.findtext("Name", "") for node in root.iter("Container")]
            marker = root.findtext("NextMarker") or ""
            if not marker:
                return names

    def list_page(self, container: str, **query: str) -> tuple[list[BlobItem], list[str], str]:
        """One page: the blobs, the prefixes, the next marker."""
        root = parse_xml(self.expect(200, "GET", container, restype="container", comp="list",
                                     **query).body)
        blobs = [_blob_item(node) for node in root.iter("Blob")]
        prefixes = [_name_of(node) for node in root.iter("BlobPrefix")]
        return blobs, prefixes, root.findtext("NextMarker") or ""

    def list_blobs(self, container: str, **query: str) -> Iterator[BlobItem]:
        marker = ""
        while True:
            page_query = dict(query, marker=marker) if marker else query
            blobs, _, marker = self.list_page(container, **page_query)
            yield from blobs
            if not marker:
                return

    def names(self, container: str, **query: str) -> list[str]:
        return [item.name for item in self.list_blobs(container, **query)]

    # Blobs.

    def put_blob(self, container: str, name: str, body: bytes,
                 headers: dict[str, str] | None = None, retry: bool = True) -> Response:
        return self.expect(201, "PUT", container, name, body=body, retry=retry,
                           headers={"x-ms-blob-type": "BlockBlob", **(headers or {})})

    def put_blocks(self, container: str, name: str, blocks: list[bytes],
                   headers: dict[str, str] | None = None, first: int = 0) -> Response:
        ids = [block_id(first + index) for index in range(len(blocks))]
        for identity, block in zip(ids, blocks):
            self.expect(201, "PUT", container, name, body=block, comp="block", blockid=identity)
        return self.expect(201, "PUT", container, name, body=block_list_xml(ids),
                           headers=headers, comp="blocklist")

    def get(self, container: str, name: str, headers: dict[str, str] | None = None) -> bytes:
        return self.expect((200, 206), "GET", container, name, headers=headers).body

    def head(self, container: str, name: str) -> Response:
        return self.expect(200, "HEAD", container, name)

    def exists(self, container: str, name: str) -> bool:
        return self.expect((200, 404), "HEAD", container, name).status == 200

    def delete(self, container: str, name: str) -> Response:
        return self.expect(202, "DELETE", container, name)

    def tags(self, container: str, name: str) -> dict[str, str]:
        root = parse_xml(self.expect(200, "GET", container, name, comp="tags").body)
        return {node.findtext("Key", ""): node.findtext("Value", "")
                for node in root.iter("Tag")}

    def digest(self, container: str, name: str, piece: int = 16 << 20) -> tuple[int, str]:
        """Length and sha256 of the content, read in ranges: works for any size."""
        size = int(self.head(container, name).headers["Content-Length"])
        digest = hashlib.sha256()
        for start in range(0, size, piece):
            end = min(start + piece, size) - 1
            digest.update(self.get(container, name, {"x-ms-range": f"bytes={start}-{end}"}))
        return size, digest.hexdigest()


def _name_of(node: ElementTree.Element) -> str:
    name = node.find("Name")
    text = (name.text if name is not None else "") or ""
    if name is not None and name.get("Encoded") == "true":
        return urllib.parse.unquote(text)
    return text


def _blob_item(node: ElementTree.Element) -> BlobItem:
    properties = {child.tag: child.text or "" for child in node.find("Properties") or ()}
    metadata = {child.tag.lower(): child.text or "" for child in node.find("Metadata") or ()}
    tags = {tag.findtext("Key", ""): tag.findtext("Value", "") for tag in node.iter("Tag")}
    return BlobItem(_name_of(node), properties, metadata, tags)
