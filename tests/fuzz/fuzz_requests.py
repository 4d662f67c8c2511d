#!/usr/bin/env python3
"""Whole requests, each made wrong in some ways, against a real daemon (best one with ASan).

    tests/fuzz/fuzz_requests.py [--requests 20000] [--workers 3] [--seed N]

Requests are those of the operation table with what belongs to them (headers, query, body), signed
by an account SAS, so that they come past authentication however they are changed; then they are
changed: other values, missing and doubled headers, damaged bodies, paths and heads. Both faces,
flat and hierarchical accounts. What must hold:

- the daemon lives, and its log has no report of a sanitizer and no uncaught exception;
- every answer is HTTP, and none is 500: that would be a mistake of ours;
- an error has its code, and a request id;
- the store is sound afterwards (blobgate fsck).

A violation is printed with the request as Python bytes; the seed makes the same requests again.
"""

from __future__ import annotations

import argparse
import base64
import collections
import multiprocessing
import os
import pathlib
import random
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import blobgate_daemon  # noqa: E402
import fsck  # noqa: E402
import raw_http  # noqa: E402

ACCOUNTS = ("acct1", "versioned", "tree", "kept", "immutable")
CONTAINERS = ("con", "two", "$root", "$web", "$logs", "$blobchangefeed")
NAMES = ("a", "b", "dir/a", "dir/b", "dir/sub/c", "page", "append", "%2e%2e/x", "a%20b",
         "%E2%82%AC", "%FF%FE", "x" * 1024, "x" * 1025, "a/" * 254 + "a", ".", "a.", "a/", "//",
         "%00", "%0d%0a", "dir", "dir/sub")
VERSIONS = ("2017-11-09", "2019-12-12", "2020-10-02", "2021-12-02", "2023-11-03", "2025-07-05",
            "2099-01-01")
BLOCK_IDS = tuple(base64.b64encode(text).decode() for text in (b"1", b"2", b"0001", bytes(64)))
DATES = ("Fri, 27 Nov 2026 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
         "Fri, 31 Dec 9999 23:59:59 GMT")
TIMES = ("2020-01-01T00:00:00.0000000Z", "2099-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00Z")
IDS = ("00000000-0000-0000-0000-000000000000", "2b0cdd4c-89a8-4b2f-8a2c-7e0ee2c3a1f1")

# What a value may be, besides what its own kind offers.
HOSTILE = ("", " ", "0", "-1", "1", "true", "false", "null", "*", '"', "'", "\\", "/", "%", "%00",
           "%zz", ";", ",", "=", "&", "a" * 300, "a" * 9000, "18446744073709551615",
           "18446744073709551616", "9223372036854775808", "-9223372036854775809", "1e308", "NaN",
           "0x10", "\u00e4", "\u20ac", "\U0001f4a9", "\x7f", "<a>", "]]>", "{}", "[]", "../..",
           "AAAA", "AAA=", "====", "2026-13-45T99:99:99Z", "bytes=0-", "bytes=-1")

KINDS: dict[str, tuple[str, ...]] = {
    "range": ("bytes=0-511", "bytes=512-1023", "bytes=0-0", "bytes=5-", "bytes=-5",
              "bytes=0-18446744073709551615", "bytes=9-3"),
    "etag": ("*", '"0x8DC"', "0x8DC", 'W/"a"', '"a", "b"'),
    "date": DATES,
    "time": TIMES,
    "flag": ("true", "false", "True", "yes"),
    "number": ("0", "1", "511", "512", "5000", "5001", "4294967296", "-1"),
    "guid": IDS,
    "md5": (base64.b64encode(bytes(16)).decode(), "AAAA", "not base64!"),
    "crc": (base64.b64encode(bytes(8)).decode(), "AAAA"),
    "text": ("text", "a" * 100, "text/plain; charset=utf-8"),
    "tags": ("a=b", "a=b&c=d", "&".join(f"k{i}=v" for i in range(11)), "a", "=", "a=%20"),
    "where": ("\"a\" = 'b'", "a='b' AND c>'d'", "@container='con'", "'", "a=" * 500),
    "metadata": ("value", "v" * 8000),
    "tier": ("Hot", "Cool", "Cold", "Archive", "P10", "Premium"),
    "blobtype": ("BlockBlob", "PageBlob", "AppendBlob", "appendblob", "Blob"),
    "lease": ("acquire", "renew", "change", "release", "break", "Acquire", "auto-renew"),
    "duration": ("-1", "15", "60", "61", "0"),
    "blockid": BLOCK_IDS + ("", "%%%%"),
    "acl": ("user::rwx,group::r-x,other::---", "user:x:rwx", "default:user::rwx", "mask::rwx",
            "user::rwz", ",", "a:b:c:d"),
    "permissions": ("0777", "rwxr-x---", "rwxrwxrwt", "9999", "u+x"),
    "properties": ("a=" + base64.b64encode(b"b").decode(), "a=b,c", "="),
    "source": ("http://127.0.0.1:{port}/acct1/con/a?{sas}", "http://127.0.0.1:1/x",
               "ftp://x/y", "http://", "https://[::1", "/con/dir/a", "/con/../two/b", "con/a"),
    "key": (base64.b64encode(bytes(32)).decode(), base64.b64encode(bytes(31)).decode()),
    "keyhash": ("Zmh6rfhivXdsj8GLjp+OIAiXFIVu4jOzkCpZHQ1fKSU=", "AAAA"),
    "permission": ("racwdl", "r", "rwdx", ""),
    "marker": ("", "YQ==", "a" * 200, "2!88!MDAwMDA5IWRpci9hLnR4dA--"),
    "include": ("snapshots", "metadata", "snapshots,versions,deleted", "tags,copy", "system", "x"),
    "crcs": ("XSM/1.0; properties=crc64", "XSM/2.0"),
}

CONDITIONS = {"if-match": "etag", "if-none-match": "etag", "if-modified-since": "date",
              "if-unmodified-since": "date", "x-ms-if-tags": "where"}
CONTENT = {"x-ms-blob-content-type": "text", "x-ms-blob-content-md5": "md5",
           "x-ms-blob-cache-control": "text", "x-ms-blob-content-disposition": "text"}
CHECKS = {"content-md5": "md5", "x-ms-content-crc64": "crc"}
CUSTOMER_KEY = {"x-ms-encryption-key": "key", "x-ms-encryption-key-sha256": "keyhash",
                "x-ms-encryption-algorithm": "text", "x-ms-encryption-scope": "text"}
LEASE = {"x-ms-lease-id": "guid"}
SOURCE = {"x-ms-copy-source": "!source", "x-ms-source-range": "range",
          "x-ms-source-if-match": "etag", "x-ms-source-content-md5": "md5",
          "x-ms-source-content-crc64": "crc", "x-ms-requires-sync": "flag"}
HOLDS = {"x-ms-immutability-policy-until-date": "date", "x-ms-legal-hold": "flag"}
STATE = {"snapshot": "time", "versionid": "time"}

XML = '<?xml version="1.0" encoding="utf-8"?>'
BLOCK_LIST = (XML + "<BlockList>" + "".join(
    f"<{where}>{BLOCK_IDS[i % 2]}</{where}>" for i, where in
    enumerate(("Latest", "Committed", "Uncommitted"))) + "</BlockList>").encode()
TAGS_BODY = (XML + "<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>").encode()
POLICY_BODY = (XML + "<SignedIdentifiers><SignedIdentifier><Id>p</Id><AccessPolicy>"
               "<Start>2020-01-01T00:00:00Z</Start><Permission>r</Permission></AccessPolicy>"
               "</SignedIdentifier></SignedIdentifiers>").encode()
KEY_BODY = (XML + "<KeyInfo><Start>2020-01-01T00:00:00Z</Start><Expiry>2030-01-01T00:00:00Z"
            "</Expiry></KeyInfo>").encode()
SERVICE_BODY = (XML + "<StorageServiceProperties><Cors><CorsRule><AllowedOrigins>*"
                "</AllowedOrigins><AllowedMethods>GET</AllowedMethods><AllowedHeaders>*"
                "</AllowedHeaders><ExposedHeaders>*</ExposedHeaders><MaxAgeInSeconds>1"
                "</MaxAgeInSeconds></CorsRule></Cors><DeleteRetentionPolicy><Enabled>true</Enabled>"
                "<Days>1</Days></DeleteRetentionPolicy></StorageServiceProperties>").encode()
QUERY_BODY = (XML + "<QueryRequest><QueryType>SQL</QueryType><Expression>SELECT _1 FROM BlobStorage"
              "</Expression><InputSerialization><Format><Type>delimited</Type>"
              "<DelimitedTextConfiguration><ColumnSeparator>,</ColumnSeparator><HasHeaders>false"
              "</HasHeaders></DelimitedTextConfiguration></Format></InputSerialization>"
              "</QueryRequest>").encode()
BATCH_BODY = (b"--batch_x\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\n"
              b"DELETE /con/none HTTP/1.1\r\nContent-Length: 0\r\n\r\n--batch_x--\r\n")
STRUCTURED = bytes([1]) + (55).to_bytes(8, "little") + bytes(46)


class Template(collections.namedtuple("Template", "method level query headers body dfs")):
    """`level`: s, c or o. `query` and `headers`: the kind of each value, `!` and the kind when the
    operation wants it, or `=` and the value."""


def _t(method, level, query=None, headers=None, body=b"", dfs=False) -> Template:
    return Template(method, level, query or {}, headers or {}, body, dfs)


def _comp(name: str, restype: str = "", **more: str) -> dict[str, str]:
    query = {"comp": f"={name}"} if name else {}
    if restype:
        query["restype"] = f"={restype}"
    return {**query, **more}


LISTING = {"prefix": "text", "delimiter": "text", "marker": "marker", "maxresults": "number",
           "include": "include"}
PUT = {**CONDITIONS, **CONTENT, **CHECKS, **LEASE, **CUSTOMER_KEY, **HOLDS, "x-ms-tags": "tags",
       "x-ms-meta-a": "metadata", "x-ms-access-tier": "tier"}
PATH = {"x-ms-properties": "properties", "x-ms-permissions": "permissions", "x-ms-acl": "acl",
        "x-ms-umask": "permissions", "x-ms-owner": "guid", "x-ms-group": "guid"}
TEMPLATES: list[Template] = [
    _t("GET", "s", _comp("list", **LISTING)),
    _t("PUT", "s", _comp("properties", "service"), {}, SERVICE_BODY),
    _t("GET", "s", _comp("properties", "service")),
    _t("GET", "s", _comp("stats", "service")),
    _t("GET", "s", _comp("properties", "account")),
    _t("GET", "s", _comp("blobs", where="!where", maxresults="number", marker="marker")),
    _t("POST", "s", _comp("batch"), {"content-type": "=multipart/mixed; boundary=batch_x"},
       BATCH_BODY),
    _t("POST", "s", _comp("userdelegationkey", "service"), {}, KEY_BODY),
    _t("OPTIONS", "o", {}, {"origin": "text", "access-control-request-method": "text"}),
    _t("PUT", "c", _comp("", "container"), {"x-ms-meta-a": "metadata",
                                           "x-ms-blob-public-access": "text"}),
    _t("HEAD", "c", _comp("", "container"), LEASE),
    _t("PUT", "c", _comp("metadata", "container"), {"x-ms-meta-a": "metadata", **LEASE}),
    _t("GET", "c", _comp("acl", "container"), LEASE),
    _t("PUT", "c", _comp("acl", "container"), {"x-ms-blob-public-access": "text"}, POLICY_BODY),
    _t("PUT", "c", _comp("lease", "container"), {"x-ms-lease-action": "!lease", **LEASE,
                                                 "x-ms-lease-duration": "!duration",
                                                 "x-ms-proposed-lease-id": "!guid"}),
    _t("GET", "c", _comp("list", "container", **LISTING), {"accept": "text"}),
    _t("GET", "c", _comp("blobs", "container", where="!where")),
    _t("PUT", "c", _comp("undelete", "container"), {"x-ms-deleted-container-name": "text",
                                                    "x-ms-deleted-container-version": "text"}),
    _t("PUT", "o", {}, {"x-ms-blob-type": "=BlockBlob", **PUT}, b"content,1\nmore,2\n"),
    _t("PUT", "o", {}, {"x-ms-blob-type": "=BlockBlob", "x-ms-structured-body": "!crcs",
                        "x-ms-structured-content-length": "!number"}, STRUCTURED),
    _t("PUT", "o", {}, {"x-ms-blob-type": "=PageBlob", "x-ms-blob-content-length": "!number",
                        "x-ms-blob-sequence-number": "number", **PUT}),
    _t("PUT", "o", {}, {"x-ms-blob-type": "=AppendBlob", **PUT}),
    _t("PUT", "o", {}, {"x-ms-blob-type": "=BlockBlob", **SOURCE, **PUT}),
    _t("GET", "o", STATE, {"x-ms-range": "range", "x-ms-range-get-content-md5": "flag",
                           "x-ms-structured-body": "!crcs", **CONDITIONS, **LEASE, **CUSTOMER_KEY}),
    _t("HEAD", "o", STATE, {**CONDITIONS, **LEASE, **CUSTOMER_KEY}),
    _t("PUT", "o", _comp("properties"), {**CONTENT, **CONDITIONS, **LEASE,
                                         "x-ms-blob-content-length": "!number",
                                         "x-ms-sequence-number-action": "text",
                                         "x-ms-blob-sequence-number": "number"}),
    _t("PUT", "o", _comp("metadata"), {"x-ms-meta-a": "metadata", **CONDITIONS, **CUSTOMER_KEY}),
    _t("GET", "o", _comp("tags", **STATE), {"x-ms-if-tags": "where"}),
    _t("PUT", "o", _comp("tags", **STATE), CHECKS, TAGS_BODY),
    _t("PUT", "o", _comp("tier", **STATE), {"x-ms-access-tier": "!tier",
                                            "x-ms-rehydrate-priority": "text"}),
    _t("PUT", "o", _comp("immutabilityPolicies"), {**HOLDS, "x-ms-immutability-policy-mode":
                                                   "text"}),
    _t("DELETE", "o", _comp("immutabilityPolicies")),
    _t("PUT", "o", _comp("legalhold"), HOLDS),
    _t("PUT", "o", _comp("expiry"), {"x-ms-expiry-option": "text", "x-ms-expiry-time": "number"}),
    _t("PUT", "o", _comp("lease"), {"x-ms-lease-action": "!lease", **LEASE, **CONDITIONS,
                                    "x-ms-lease-duration": "!duration",
                                    "x-ms-lease-break-period": "number",
                                    "x-ms-proposed-lease-id": "!guid"}),
    _t("DELETE", "o", {**STATE, "deletetype": "text"}, {"x-ms-delete-snapshots": "text", **LEASE,
                                                        **CONDITIONS}),
    _t("PUT", "o", _comp("undelete")),
    _t("PUT", "o", _comp("snapshot"), {"x-ms-meta-a": "metadata", **CONDITIONS, **LEASE}),
    _t("PUT", "o", {}, {**SOURCE, **CONDITIONS, **LEASE, "x-ms-tags": "tags",
                        "x-ms-access-tier": "!tier", "x-ms-seal-blob": "flag"}),
    _t("PUT", "o", _comp("copy", copyid="!guid"), {"x-ms-copy-action": "=abort"}),
    _t("PUT", "o", _comp("block", blockid="!blockid"), {**CHECKS, **LEASE, **CUSTOMER_KEY},
       b"block"),
    _t("PUT", "o", _comp("block", blockid="!blockid"), {**SOURCE, **LEASE}),
    _t("PUT", "o", _comp("blocklist"), PUT, BLOCK_LIST),
    _t("GET", "o", _comp("blocklist", blocklisttype="text", **STATE)),
    _t("PUT", "o", _comp("appendblock"), {"x-ms-blob-condition-appendpos": "number",
                                          "x-ms-blob-condition-maxsize": "number", **CHECKS,
                                          **LEASE}, b"appended"),
    _t("PUT", "o", _comp("appendblock"), {**SOURCE, **LEASE}),
    _t("PUT", "o", _comp("seal"), {"x-ms-blob-condition-appendpos": "number"}),
    _t("PUT", "o", _comp("page"), {"x-ms-page-write": "=update", "x-ms-range": "!range", **CHECKS,
                                   "x-ms-if-sequence-number-le": "number", **LEASE}, bytes(512)),
    _t("PUT", "o", _comp("page"), {"x-ms-page-write": "=clear", "x-ms-range": "!range"}),
    _t("PUT", "o", _comp("page"), {"x-ms-page-write": "=update", "x-ms-range": "!range", **SOURCE}),
    _t("GET", "o", _comp("pagelist", prevsnapshot="time", marker="marker", maxresults="number",
                         **STATE), {"x-ms-range": "range"}),
    _t("PUT", "o", _comp("incrementalcopy"), SOURCE),
    _t("POST", "o", _comp("query"), {**CONDITIONS}, QUERY_BODY),
    # The dfs face.
    _t("GET", "s", {"resource": "=account", "prefix": "text", "continuation": "marker",
                    "maxResults": "number"}, {}, b"", True),
    _t("PUT", "c", {"resource": "=filesystem"}, {"x-ms-properties": "properties"}, b"", True),
    _t("HEAD", "c", {"resource": "=filesystem"}, {}, b"", True),
    _t("PATCH", "c", {"resource": "=filesystem"}, {"x-ms-properties": "properties"}, b"", True),
    _t("GET", "c", {"resource": "=filesystem", "recursive": "!flag", "directory": "text",
                    "continuation": "marker", "maxResults": "number", "upn": "flag"}, {}, b"",
       True),
    _t("PUT", "o", {"resource": "=file"}, {**PATH, **CONDITIONS, **LEASE}, b"", True),
    _t("PUT", "o", {"resource": "=directory"}, {**PATH, **CONDITIONS}, b"", True),
    _t("PUT", "o", {"mode": "!text"}, {"x-ms-rename-source": "!source", **CONDITIONS, **LEASE}, b"",
       True),
    _t("PATCH", "o", {"action": "=append", "position": "!number", "flush": "flag"},
       {**CHECKS, **LEASE, "x-ms-lease-action": "!lease"}, b"appended", True),
    _t("PATCH", "o", {"action": "=flush", "position": "!number", "close": "flag",
                      "retainUncommittedData": "flag"}, {**CONTENT, **LEASE}, b"", True),
    _t("PATCH", "o", {"action": "=setProperties"}, {**PATH, **CONTENT}, b"", True),
    _t("PATCH", "o", {"action": "=setAccessControl"}, PATH, b"", True),
    _t("PATCH", "o", {"action": "=setAccessControlRecursive", "mode": "!text",
                      "maxRecords": "number", "continuation": "marker", "forceFlag": "flag"},
       PATH, b"", True),
    _t("GET", "o", {}, {"range": "range", **CONDITIONS}, b"", True),
    _t("HEAD", "o", {"action": "text", "upn": "flag"}, CONDITIONS, b"", True),
    _t("POST", "o", {}, {"x-ms-lease-action": "!lease", **LEASE, "x-ms-lease-duration": "!duration",
                         "x-ms-proposed-lease-id": "!guid"}, b"", True),
    _t("DELETE", "o", {"recursive": "!flag", "continuation": "marker", "paginated": "flag"},
       CONDITIONS, b"", True),
    _t("DELETE", "c", {"restype": "=container"}),
]
ALL_HEADERS = sorted({(name, kind) for t in TEMPLATES for name, kind in t.headers.items()
                      if kind[0] not in "=!"})
LARGEST = 1 << 20  # of a body that is read: a page blob may have 8 TiB
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "X")


class Maker:
    """Requests from a seed."""

    def __init__(self, seed: int, daemon: "Target"):
        self._random = random.Random(seed)
        self._daemon = daemon
        self.damaged = False  # the head of the last one: nobody knows what follows its answer
        self._mild = False  # half of all: few changes, so that they get far

    def _value(self, kind: str) -> str:
        if kind.startswith("="):
            return kind[1:]
        kind = kind.removeprefix("!")
        pick = self._random
        hostile = pick.random() < (0.02 if self._mild else 0.15)
        value = pick.choice(HOSTILE) if hostile else pick.choice(KINDS[kind])
        if kind == "source":
            value = value.replace("{port}", str(self._daemon.port)).replace(
                "{sas}", self._daemon.sas["acct1"])
        return value

    def _path(self, template: Template, account: str) -> str:
        pick = self._random
        path = "/" + account
        if template.level != "s":
            path += "/" + (pick.choice(CONTAINERS) if pick.random() < 0.15 else
                           pick.choice(CONTAINERS[:2]))
        if template.level == "o":
            odd = pick.random() < (0.05 if self._mild else 0.3)
            path += "/" + pick.choice(NAMES if odd else NAMES[:7])
        return path

    def _damage(self, body: bytes) -> bytes:
        pick = self._random
        data = bytearray(body)
        for _ in range(pick.randint(1, 4)):
            where = pick.randint(0, len(data))
            what = pick.randint(0, 4)
            if what == 0 and data:
                data[where % len(data)] ^= 1 << pick.randint(0, 7)
            elif what == 1:
                del data[where:where + pick.randint(1, 20)]
            elif what == 2:
                data[where:where] = pick.choice(HOSTILE).encode()
            elif what == 3 and data:
                end = min(len(data), where + pick.randint(1, 40))
                data[where:where] = data[where:end] * pick.randint(1, 30)
            else:
                data[where:where] = pick.randbytes(pick.randint(1, 8))
        return bytes(data)

    def make(self) -> tuple[str, bytes]:
        """The method, for the answer's sake, and all bytes."""
        pick = self._random
        self._mild = pick.random() < 0.5
        often = 0.08 if self._mild else 0.3
        template = pick.choice(TEMPLATES[:-1]) if pick.random() < 0.999 else TEMPLATES[-1]
        account = "tree" if template.dfs and pick.random() < 0.8 else pick.choice(ACCOUNTS)
        method = pick.choice(METHODS) if pick.random() < 0.02 else template.method
        query = {name: self._value(kind) for name, kind in template.query.items()
                 if kind[0] in "=!" or pick.random() < often}
        headers = [(name, self._value(kind)) for name, kind in template.headers.items()
                   if kind[0] in "=!" or pick.random() < often]
        if pick.random() < 0.1:
            name, kind = pick.choice(ALL_HEADERS)
            headers.append((name, self._value(kind)))
        if pick.random() < 0.05 and headers:
            headers.append(pick.choice(headers))
        if pick.random() < 0.05 and headers:
            headers.pop(pick.randrange(len(headers)))
        body = template.body
        if body and pick.random() < (0.1 if self._mild else 0.5):
            body = self._damage(body)
        return method, self._bytes(template, account, method, query, headers, body)

    def _bytes(self, template, account, method, query, headers, body) -> bytes:
        pick = self._random
        target = self._path(template, account) + "?" + self._daemon.sas[account]
        for name, value in query.items():
            target += f"&{name}=" + "".join(
                c if c.isalnum() or c in "-._~," or (c == "%" and pick.random() < 0.5)
                else "".join(f"%{b:02X}" for b in c.encode()) for c in value)
        host = f"127.0.0.1:{self._daemon.port}"
        if template.dfs:
            host = f"{account}.{blobgate_daemon.DFS_SUFFIX}"
            target = target.removeprefix("/" + account) or "/"
        self.damaged = False
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
        if pick.random() < 0.95:
            lines.append("x-ms-version: " + pick.choice(VERSIONS))
        lines += [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join(lines).encode("utf-8", "replace")
        if pick.random() < 0.1 and body:
            cut = pick.randint(0, len(body))
            framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part)
                              for part in (body[:cut], body[cut:]) if part)
            return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"
        self.damaged = pick.random() < 0.01
        if self.damaged:
            head = self._damage(head)
        return head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Target:
    """What a worker needs to know of the daemon."""

    def __init__(self, daemon: blobgate_daemon.Daemon):
        self.address = daemon.address()
        self.port = daemon.ports[False]
        self.sas = {name: daemon.account_sas(name) for name in ACCOUNTS}


def prepare(target: Target) -> None:
    """What most requests are about exists, at least at first."""
    with raw_http.RawConnection(target.address) as raw:
        for account in ACCOUNTS:
            for path, head, body in (
                    ("con?restype=container&", "", b""), ("two?restype=container&", "", b""),
                    ("$root?restype=container&", "", b""), ("$web?restype=container&", "", b""),
                    ("con/a?", "x-ms-blob-type: BlockBlob\r\n", b"content,1\n"),
                    ("con/dir/a?", "x-ms-blob-type: BlockBlob\r\n", b"content"),
                    ("con/page?", "x-ms-blob-type: PageBlob\r\nx-ms-blob-content-length: 4096\r\n",
                     b""), ("con/append?", "x-ms-blob-type: AppendBlob\r\n", b"")):
                raw.send((f"PUT /{account}/{path}{target.sas[account]} HTTP/1.1\r\nHost: x\r\n"
                          f"x-ms-version: 2021-12-02\r\n{head}Content-Length: {len(body)}\r\n\r\n"
                          ).encode() + body)
                raw.read_response("PUT")


def complaint(answer: raw_http.RawResponse) -> str:
    """Empty: the answer is as answers should be."""
    code = answer.header("x-ms-error-code")
    # These tell of the source of a copy, with the status that it answered.
    of_source = code is not None and "CopySource" in code
    if answer.status == 500 and code != "OperationTimedOut" and not of_source:
        return f"500 {code}"
    if answer.header("x-ms-request-id") is None and answer.status >= 200:
        return "no request id"
    if answer.status >= 400 and code is None:
        return f"{answer.status} without a code"
    return ""


def work(target: Target, seed: int, count: int, told) -> None:
    """Sends `count` requests. Puts ("bad", text) into `told`, and at the end ("status", Counter)."""
    statuses: collections.Counter = collections.Counter()
    try:
        send_all(target, seed, count, told, statuses)
    except Exception:  # noqa: BLE001  (a fault of this program should not pass for silence)
        told.put(("bad", traceback.format_exc()))
    finally:
        told.put(("status", statuses))


def send_all(target: Target, seed: int, count: int, told, statuses: collections.Counter) -> None:
    maker = Maker(seed, target)
    raw = None
    for _ in range(count):
        method, data = maker.make()
        try:
            raw = raw or raw_http.RawConnection(target.address, timeout=60)
            raw.send(data)
            if maker.damaged:
                method = data.partition(b" ")[0].decode("latin-1")
            answer = raw.read_response(method, LARGEST)
            while answer.status < 200:
                answer = raw.read_response(method, LARGEST)
        except (raw_http.Closed, BrokenPipeError, ConnectionResetError):
            statuses["closed"] += 1  # after a damaged head the rest is no request
            raw = None
            continue
        except (TimeoutError, ValueError, ConnectionRefusedError) as error:
            told.put(("bad", f"{type(error).__name__}: {error}\n    {data!r}"))
            raw = None
            continue
        statuses[answer.status] += 1
        if why := complaint(answer):
            told.put(("bad", f"{why}\n    {data!r}\n    {answer.body[:300]!r}"))
        unread = int(answer.header("content-length") or 0) > LARGEST
        if maker.damaged or unread or (answer.header("connection") or "").lower() == "close":
            raw.close()
            raw = None


def collect(target: Target, options: argparse.Namespace) -> tuple[collections.Counter, list[str]]:
    told: multiprocessing.Queue = multiprocessing.Queue()
    share = options.requests // options.workers
    workers = [multiprocessing.Process(target=work, args=(target, options.seed + i, share, told))
               for i in range(options.workers)]
    for worker in workers:
        worker.start()
    statuses: collections.Counter = collections.Counter()
    bad: list[str] = []
    left = len(workers)
    while left:
        kind, what = told.get()
        if kind == "status":
            statuses += what
            left -= 1
        else:
            bad.append(what)
            if len(bad) <= 20:
                print(what, flush=True)
    for worker in workers:
        worker.join()
    return statuses, bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=(os.cpu_count() or 2) + 1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    with blobgate_daemon.Daemon({"access_log": "off",
                                 "copy_sources": {"allowed_hosts": ["127.0.0.1"]}}) as daemon:
        target = Target(daemon)
        prepare(target)
        statuses, bad = collect(target, options)
        alive = daemon.is_alive()
        code = daemon.stop() if alive else daemon.exit_code()
        log = daemon.log_tail(1 << 24)
        reports = [line for line in log.splitlines()
                   if any(word in line for word in ("Sanitizer", "runtime error", "threw",
                                                    "exception:"))]
        sound = alive and fsck.run(daemon.data_directory)[0] == fsck.CLEAN
    print(f"{options.requests} requests, seed {options.seed}, {time.monotonic() - began:.0f} s: "
          + ", ".join(f"{status} {count}" for status, count in sorted(statuses.items(), key=str)))
    for line in reports[:20]:
        print(line)
    failed = len(bad) + len(reports) + (not alive) + (code != 0) + (not sound)
    if failed:
        print(f"FAILED: {len(bad)} bad answers, {len(reports)} lines of the log, "
              f"{'alive' if alive else 'dead'}, exit code {code}, "
              f"{'sound' if sound else 'not sound'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
