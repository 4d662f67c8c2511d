"""Entries of listings, as (element, content) pairs in the order of the wire (operations.md 4.1)."""

from __future__ import annotations

from expected import Quoted
from rules import Lease
from state import Blob, Container

_LISTED = ("Content-Type", "Content-Encoding", "Content-Language", "Content-CRC64", "Content-MD5",
           "Cache-Control", "Content-Disposition")


def listed_container(name: str, container: Container, include: str) -> list[tuple[str, object]]:
    properties = [("Last-Modified", container.modified), ("Etag", Quoted(container.etag)),
                  *listed_lease(container.lease)]
    if container.access:
        properties.append(("PublicAccess", container.access))
    properties += [("DefaultEncryptionScope", "$account-encryption-key"),
                   ("DenyEncryptionScopeOverride", "false"), ("HasImmutabilityPolicy", "false"),
                   ("HasLegalHold", "false")]
    entry = [("Name", name), ("Properties", properties)]
    return entry + ([listed_metadata(container.metadata)] if include == "metadata" else [])


def listed_metadata(metadata: dict[str, str]) -> tuple[str, object]:
    return ("Metadata", sorted((name.removeprefix("x-ms-meta-"), value)
                               for name, value in metadata.items()) or "")


def listed_tags(tags: dict[str, str]) -> tuple[str, object]:
    return ("TagSet", [("Tag", [("Key", key), ("Value", value)])
                       for key, value in sorted(tags.items())] or "")


def listed_lease(lease: Lease) -> list[tuple[str, object]]:
    found = [("LeaseStatus", "locked" if lease.is_active else "unlocked"),
             ("LeaseState", lease.state)]
    return found + ([("LeaseDuration", lease.duration)] if lease.duration else [])


def listed_blob(name: str, blob: Blob, include: list[str]) -> list[tuple[str, object]]:
    if not blob.committed:
        return [("Name", name), ("Properties", [
            ("Creation-Time", blob.created), ("Content-Length", "0"), ("BlobType", "BlockBlob"),
            ("ServerEncrypted", "true")]), ("OrMetadata", "")]
    properties = [("Creation-Time", blob.created), ("Last-Modified", blob.modified),
                  ("Etag", blob.etag), ("Content-Length", str(len(blob.data)))]
    properties += [(name, blob.properties.get(name.lower(), "")) for name in _LISTED]
    if blob.type == "PageBlob":
        properties.append(("x-ms-blob-sequence-number", str(blob.sequence)))
    properties.append(("BlobType", blob.type))
    tiered = blob.type == "BlockBlob"
    if tiered:
        properties.append(("AccessTier", blob.tier))
    if tiered and blob.tier_changed is None:
        properties.append(("AccessTierInferred", "true"))
    if blob.rehydrating:
        properties += [("ArchiveStatus", blob.rehydrating["x-ms-archive-status"]),
                       ("RehydratePriority", blob.rehydrating["x-ms-rehydrate-priority"])]
    if tiered and blob.tier_changed is not None:
        properties.append(("AccessTierChangeTime", blob.tier_changed))
    properties += listed_lease(blob.lease)
    if "copy" in include and blob.copy:
        properties += [("CopyId", blob.copy["x-ms-copy-id"]),
                       ("CopySource", blob.copy["x-ms-copy-source"]),
                       ("CopyStatus", "success"), ("CopyProgress", blob.copy["x-ms-copy-progress"]),
                       ("CopyCompletionTime", blob.copy["x-ms-copy-completion-time"])]
    properties.append(("ServerEncrypted", "true"))
    if blob.tags:
        properties.append(("TagCount", str(len(blob.tags))))
    if blob.sealed:
        properties.append(("Sealed", "true"))
    entry = [("Name", name), ("Properties", properties)]
    if "metadata" in include:
        entry.append(listed_metadata(blob.metadata))
    if "tags" in include and blob.tags:
        entry.append(("Tags", [listed_tags(blob.tags)]))
    return entry + [("OrMetadata", "")]
