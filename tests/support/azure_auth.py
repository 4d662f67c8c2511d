"""Shared Key signatures and SAS tokens, written from Azure's rules alone.

Nothing here is shared with the server, so that an error in one does not hide in the other.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import urllib.parse

VERSION = "2025-07-05"
_SIGNED_HEADERS = ("content-encoding", "content-language", "content-length", "content-md5",
                   "content-type", "date", "if-modified-since", "if-match", "if-none-match",
                   "if-unmodified-since", "range")
_PUNCTUATION = "!#$%&*.^_`|~+"


def http_date(at: datetime.datetime | None = None) -> str:
    at = at or datetime.datetime.now(datetime.timezone.utc)
    return at.strftime("%a, %d %b %Y %H:%M:%S GMT")


def iso_time(offset_seconds: float = 0) -> str:
    """UTC now plus an offset, in the form SAS tokens use (whole seconds)."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def hmac_base64(key: str, text: str) -> str:
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _header_sort_key(name: str):
    """Azure sorts header names as a culture does: hyphens count only between equals."""
    def weight(char: str) -> int:
        if char in _PUNCTUATION:
            return _PUNCTUATION.index(char)
        return 100 + ord(char)
    return ([weight(c) for c in name if c != "-"], [c == "-" for c in name])


def canonical_headers(headers: dict[str, str]) -> str:
    named = {k.lower(): v.strip() for k, v in headers.items() if k.lower().startswith("x-ms-")}
    return "".join(f"{k}:{named[k]}\n" for k in sorted(named, key=_header_sort_key))


def canonical_resource(account: str, target: str) -> str:
    """`target` is the request target exactly as sent."""
    path, _, query = target.partition("?")
    values: dict[str, list[str]] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        values.setdefault(urllib.parse.unquote(name).lower(), []).append(
            urllib.parse.unquote(value))
    lines = [f"/{account}{path or '/'}"]
    lines += [f"{name}:{','.join(sorted(values[name]))}" for name in sorted(values)]
    return "\n".join(lines)


def shared_key(account: str, key: str, method: str, target: str, headers: dict[str, str]) -> str:
    """The Authorization value. `headers` must already hold what is signed (x-ms-date, ...)."""
    lowered = {k.lower(): v for k, v in headers.items()}
    if lowered.get("content-length") == "0":
        lowered["content-length"] = ""
    if "x-ms-date" in lowered:
        lowered["date"] = ""
    lines = [method] + [lowered.get(name, "") for name in _SIGNED_HEADERS]
    text = "\n".join(lines) + "\n" + canonical_headers(headers) + canonical_resource(
        account, target)
    return f"SharedKey {account}:{hmac_base64(key, text)}"


def shared_key_lite(account: str, key: str, method: str, target: str,
                    headers: dict[str, str]) -> str:
    lowered = {k.lower(): v for k, v in headers.items()}
    path, _, query = target.partition("?")
    comp = [v for n, v in urllib.parse.parse_qsl(query) if n == "comp"]
    resource = f"/{account}{path or '/'}" + (f"?comp={comp[0]}" if comp else "")
    date = "" if "x-ms-date" in lowered else lowered.get("date", "")
    text = "\n".join([method, lowered.get("content-md5", ""), lowered.get("content-type", ""),
                      date]) + "\n" + canonical_headers(headers) + resource
    return f"SharedKeyLite {account}:{hmac_base64(key, text)}"


def _token(fields: dict[str, str], signature: str) -> str:
    fields = {k: v for k, v in fields.items() if v}
    fields["sig"] = signature
    return urllib.parse.urlencode(fields, quote_via=urllib.parse.quote, safe="")


def account_sas(account: str, key: str, *, permissions: str = "rwdxlacuptfi",
                resources: str = "sco", services: str = "b", start: str = "",
                expiry: str = "", ip: str = "", protocol: str = "",
                version: str = "2022-11-02") -> str:
    expiry = expiry or iso_time(3600)
    text = "\n".join([account, permissions, services, resources, start, expiry, ip, protocol,
                      version, ""])
    if version >= "2020-12-06":
        text += "\n"
    return _token({"sv": version, "ss": services, "srt": resources, "sp": permissions,
                   "st": start, "se": expiry, "sip": ip, "spr": protocol},
                  hmac_base64(key, text))


def service_sas(account: str, key: str, container: str, blob: str = "", *,
                permissions: str = "racwdxlt", start: str = "", expiry: str = "",
                policy: str = "", ip: str = "", protocol: str = "",
                version: str = "2022-11-02", overrides: dict[str, str] | None = None) -> str:
    """A SAS for a container, or for one blob (unescaped name) when `blob` is given.

    `overrides` holds rscc, rscd, rsce, rscl and rsct. With `policy` only what is passed is set.
    """
    if not policy:
        expiry = expiry or iso_time(3600)
    overrides = overrides or {}
    kind = "b" if blob else "c"
    resource = f"/blob/{account}/{container}" + (f"/{blob}" if blob else "")
    lines = [permissions, start, expiry, resource, policy, ip, protocol, version]
    if version >= "2018-11-09":
        lines += [kind, ""]
    if version >= "2020-12-06":
        lines.append("")
    lines += [overrides.get(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct")]
    fields = {"sv": version, "sr": kind, "sp": permissions, "st": start, "se": expiry,
              "si": policy, "sip": ip, "spr": protocol, **overrides}
    return _token(fields, hmac_base64(key, "\n".join(lines)))
