"""Operations as HTTP/1.1 requests, and answers back: as little work per request as Python allows.

A SAS authorizes everything but the ACL operations, which no SAS may call: they are signed.
"""

from __future__ import annotations

import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import azure_auth  # noqa: E402
from blob_model import Operation, block_list_body  # noqa: E402
from expected import Answer  # noqa: E402

# Method, query and headers that make the operation what it is.
_BLOCK = {"x-ms-blob-type": "BlockBlob"}
ROUTES: dict[str, tuple[str, str, dict[str, str]]] = {
    "List Containers": ("GET", "comp=list", {}),
    "Create Container": ("PUT", "restype=container", {}),
    "Get Container Properties": ("HEAD", "restype=container", {}),
    "Get Container Metadata": ("GET", "restype=container&comp=metadata", {}),
    "Set Container Metadata": ("PUT", "restype=container&comp=metadata", {}),
    "Get Container ACL": ("GET", "restype=container&comp=acl", {}),
    "Set Container ACL": ("PUT", "restype=container&comp=acl", {}),
    "Delete Container": ("DELETE", "restype=container", {}),
    "Lease Container": ("PUT", "restype=container&comp=lease", {}),
    "List Blobs": ("GET", "restype=container&comp=list", {}),
    "Get Blob": ("GET", "", {}),
    "Get Blob Properties": ("HEAD", "", {}),
    "Get Blob Metadata": ("GET", "comp=metadata", {}),
    "Get Blob Tags": ("GET", "comp=tags", {}),
    "Get Block List": ("GET", "comp=blocklist", {}),
    "Put Blob": ("PUT", "", _BLOCK),
    "Put Block": ("PUT", "comp=block", {}),
    "Put Block List": ("PUT", "comp=blocklist", {}),
    "Set Blob Metadata": ("PUT", "comp=metadata", {}),
    "Set Blob Properties": ("PUT", "comp=properties", {}),
    "Set Blob Tags": ("PUT", "comp=tags", {}),
    "Set Blob Tier": ("PUT", "comp=tier", {}),
    "Delete Blob": ("DELETE", "", {}),
    "Lease Blob": ("PUT", "comp=lease", {}),
    "Copy Blob": ("PUT", "", {}),
    "Copy Blob From URL": ("PUT", "", {"x-ms-requires-sync": "true"}),
    "Put Blob From URL": ("PUT", "", _BLOCK),
    "Put Block From URL": ("PUT", "comp=block", {}),
    "Put Append Blob": ("PUT", "", {"x-ms-blob-type": "AppendBlob"}),
    "Append Block": ("PUT", "comp=appendblock", {}),
    "Append Block From URL": ("PUT", "comp=appendblock", {}),
    "Append Blob Seal": ("PUT", "comp=seal", {}),
    "Put Page Blob": ("PUT", "", {"x-ms-blob-type": "PageBlob"}),
    "Put Page": ("PUT", "comp=page", {"x-ms-page-write": "update"}),
    "Clear Pages": ("PUT", "comp=page", {"x-ms-page-write": "clear"}),
    "Get Page Ranges": ("GET", "comp=pagelist", {}),
}
_SIGNED = {"Get Container ACL", "Set Container ACL"}
LISTS = {"List Containers", "List Blobs"}
# Say nothing about the store. The last three may be left out (operations.md, Get Container
# Properties).
_IGNORED = {"date", "server", "connection", "x-ms-request-id", "x-ms-version", "content-length",
            "x-ms-error-code", "vary", "x-ms-default-encryption-scope",
            "x-ms-deny-encryption-scope-override",
            "x-ms-immutable-storage-with-versioning-enabled"}
_XML = {*LISTS, "Get Container ACL", "Get Blob Tags", "Get Block List", "Get Page Ranges"}


def quote(text: str) -> str:
    return urllib.parse.quote(text, safe="/-_.~")


def simplify(node: ElementTree.Element) -> object:
    """A text, or a list of (element, content); metadata and tags in the order of their names."""
    if len(node) == 0:
        return node.text or ""
    found = [(child.tag, simplify(child)) for child in node]
    if node.tag in ("Metadata", "TagSet"):
        found = sorted((name.lower() if node.tag == "Metadata" else name, value)
                       for name, value in found)
    return found


class Endpoint:
    """One account at one address, path style."""

    def __init__(self, address: tuple[str, int], account: str, key: str):
        self.address = address
        self._account = account
        self._key = key
        self._base = f"http://{address[0]}:{address[1]}/{account}"
        self._sas = azure_auth.account_sas(account, key, expiry=azure_auth.iso_time(7 * 86400))
        self._shown_sas = "&".join(part for part in self._sas.split("&")
                                   if not part.startswith("sig="))
        self._common = f"Host: {address[0]}\r\nx-ms-version: {azure_auth.VERSION}\r\n"

    def shown_url(self, container: str, blob: str) -> str:
        """The URL of a copy source, as properties show it: without the signature."""
        return f"{self._base}/{container}/{quote(blob)}?{self._shown_sas}"

    def render(self, op: Operation, marker: str = "") -> bytes:
        method, fixed, headers = ROUTES[op.name]
        body = _body_of(op)
        target = f"/{self._account}" + (f"/{op.container}" if op.container else "/")
        if op.blob:
            target += "/" + quote(op.blob)
        query = [fixed] if fixed else []
        query += [f"{name}={urllib.parse.quote(value, safe='')}"
                  for name, value in op.query.items()]
        if marker:
            query.append("marker=" + urllib.parse.quote(marker, safe=""))
        headers = {**headers, **op.headers}
        if op.source:
            headers["x-ms-copy-source"] = \
                f"{self._base}/{op.source[0]}/{quote(op.source[1])}?{self._sas}"
        if method == "PUT":
            headers["content-length"] = str(len(body))
        if op.name in _SIGNED:
            target += "?" + "&".join(query)
            headers["x-ms-date"] = azure_auth.http_date()
            headers["x-ms-version"] = azure_auth.VERSION
            headers["authorization"] = azure_auth.shared_key(self._account, self._key, method,
                                                             target, headers)
            del headers["x-ms-version"]  # is among the common headers
        else:
            target += "?" + "&".join([*query, self._sas])
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {target} HTTP/1.1\r\n{self._common}{lines}\r\n"
        return head.encode("latin-1") + body


def _body_of(op: Operation) -> bytes:
    if isinstance(op.data, bytes):
        return op.data
    if op.name == "Put Block List":
        return block_list_body(op.data)
    if op.name == "Set Blob Tags":
        inner = "".join(f"<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"
                        for key, value in op.data.items())
        return f"<Tags><TagSet>{inner}</TagSet></Tags>".encode()
    inner = "".join(
        f"<SignedIdentifier><Id>{name}</Id><AccessPolicy><Start>{start}</Start>"
        f"<Expiry>{expiry}</Expiry><Permission>{permission}</Permission></AccessPolicy>"
        f"</SignedIdentifier>" for name, start, expiry, permission in op.data)
    return f"<SignedIdentifiers>{inner}</SignedIdentifiers>".encode()


class Response:
    """As it came from the wire; header names in lower case."""
    __slots__ = ("status", "headers", "body")

    def __init__(self, status: int, headers: dict[str, str], body: bytes):
        self.status = status
        self.headers = headers
        self.body = body


class ResponseParser:
    """One response after the other. Chunked bodies are not understood: the daemon sends none."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes, method: str) -> Response | None:
        """A whole response, or None until there is one. `method` is that of its request."""
        self._buffer = buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        status = int(lines[0][9:12])
        size = 0 if method == "HEAD" or status in (204, 304) else int(headers["content-length"])
        if len(buffer) < end + 4 + size:
            return None
        self._buffer = buffer[end + 4 + size:]
        return Response(status, headers, buffer[end + 4:end + 4 + size])


def answer_of(op: Operation, response: Response) -> Answer:
    """What the response says about the store."""
    headers = {name: value for name, value in response.headers.items() if name not in _IGNORED}
    code = response.headers.get("x-ms-error-code", "")
    if code or response.status >= 300:
        return Answer(response.status, headers, response.body, code)
    if op.name == "Get Blob Properties":
        headers["content-length"] = response.headers.get("content-length")
    if op.name not in _XML:
        return Answer(response.status, headers, response.body)
    content_type = headers.pop("content-type", "")
    if content_type != "application/xml":
        raise ValueError(f"the content type of a list is {content_type!r}")
    return Answer(response.status, headers, simplify(parse_xml(response.body)))


def parse_xml(body: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(body.removeprefix(b"\xef\xbb\xbf"))


def page_of(op: Operation, response: Response, marker: str) -> tuple[list, str]:
    """Entries and next marker of one page of a listing. ValueError when its frame is wrong."""
    root = parse_xml(response.body)
    frame = {child.tag: child for child in root}
    query = {**op.query, **({"marker": marker} if marker else {})}
    names = {"prefix": "Prefix", "marker": "Marker", "maxresults": "MaxResults",
             "delimiter": "Delimiter"}
    entries = "Blobs" if op.name == "List Blobs" else "Containers"
    echo = [element for name, element in names.items() if name in query]
    if list(frame) != [*echo, entries, "NextMarker"]:
        raise ValueError(f"the elements of a listing are {list(frame)}")
    for name, element in names.items():
        if name in query and (frame[element].text or "") != query[name]:
            raise ValueError(f"{element} is {frame[element].text!r}, not {query[name]!r}")
    found = simplify(frame[entries]) or []
    if len(found) > int(query.get("maxresults", 5000)):
        raise ValueError(f"{len(found)} entries in a page of {query['maxresults']}")
    return found, frame["NextMarker"].text or ""
