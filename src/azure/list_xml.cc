#include "azure/list_xml.h"

#include "azure/metadata.h"
#include "azure/tags.h"

namespace blobgate::azure {
namespace {

// Metadata names are identifiers, so they can be element names.
void WriteMetadata(XmlWriter& xml, const NameValues& metadata) {
  if (metadata.empty()) {
    xml.Element("Metadata", "");
    return;
  }
  xml.Open("Metadata");
  for (const auto& [name, value] : metadata) xml.Element(name, MetadataValueAsUtf8(value));
  xml.Close("Metadata");
}

void WriteTier(XmlWriter& xml, const ListedBlob& blob) {
  xml.ElementIfSet("AccessTier", blob.access_tier);
  if (blob.access_tier_inferred) xml.Flag("AccessTierInferred", true);
  xml.ElementIfSet("ArchiveStatus", blob.archive_status);
  xml.ElementIfSet("RehydratePriority", blob.rehydrate_priority);
  if (blob.access_tier_changed) {
    xml.Element("AccessTierChangeTime", FormatHttpDate(*blob.access_tier_changed));
  }
}

void WriteCopy(XmlWriter& xml, const ListedCopy& copy) {
  xml.Element("CopyId", copy.id);
  xml.Element("CopySource", copy.source);
  xml.Element("CopyStatus", copy.status);
  xml.ElementIfSet("CopyProgress", copy.progress);
  if (copy.completed) xml.Element("CopyCompletionTime", FormatHttpDate(*copy.completed));
  xml.ElementIfSet("CopyStatusDescription", copy.description);
}

// What only a committed blob has, up to Content-Disposition (operations.md 1.10).
void WriteContentProperties(XmlWriter& xml, const ListedBlob& blob) {
  xml.Element("Creation-Time", FormatHttpDate(blob.created));
  if (!blob.committed) {
    xml.Element("Content-Length", blob.length);
    return;
  }
  xml.Element("Last-Modified", FormatHttpDate(blob.modified));
  if (blob.expires) xml.Element("Expiry-Time", FormatHttpDate(*blob.expires));
  xml.Element("Etag", blob.etag);
  xml.ElementIfSet("ResourceType", blob.resource_type);
  xml.Element("Content-Length", blob.length);
  xml.Element("Content-Type", blob.content_type);
  xml.Element("Content-Encoding", blob.content_encoding);
  xml.Element("Content-Language", blob.content_language);
  xml.Element("Content-CRC64", "");
  xml.Element("Content-MD5", blob.content_md5);
  xml.Element("Cache-Control", blob.cache_control);
  xml.Element("Content-Disposition", blob.content_disposition);
}

void WriteDeleted(XmlWriter& xml, Time deleted, std::uint32_t remaining_days) {
  xml.Element("DeletedTime", FormatHttpDate(deleted));
  xml.Element("RemainingRetentionDays", std::uint64_t{remaining_days});
}

void WriteState(XmlWriter& xml, const ListedBlob& blob) {
  xml.ElementIfSet("DeletionId", blob.deletion_id);
  xml.ElementIfSet("Snapshot", blob.snapshot);
  xml.ElementIfSet("VersionId", blob.version);
  if (!blob.version.empty() && blob.current_version) xml.Flag("IsCurrentVersion", true);
  if (blob.versions_only) xml.Flag("HasVersionsOnly", true);
  if (blob.deleted) xml.Flag("Deleted", true);
}

void WriteProperties(XmlWriter& xml, const ListedBlob& blob) {
  xml.Open("Properties");
  WriteContentProperties(xml, blob);
  if (blob.accessed) xml.Element("LastAccessTime", FormatHttpDate(*blob.accessed));
  if (blob.sequence) xml.Element("x-ms-blob-sequence-number", *blob.sequence);
  xml.Element("BlobType", blob.blob_type);
  WriteTier(xml, blob);
  xml.ElementIfSet("LeaseStatus", blob.lease_status);
  xml.ElementIfSet("LeaseState", blob.lease_state);
  xml.ElementIfSet("LeaseDuration", blob.lease_duration);
  if (blob.copy) WriteCopy(xml, *blob.copy);
  xml.Flag("ServerEncrypted", true);
  xml.ElementIfSet("CustomerProvidedKeySha256", blob.key_sha256);
  xml.ElementIfSet("EncryptionScope", blob.encryption_scope);
  if (blob.incremental_copy) xml.Flag("IncrementalCopy", true);
  xml.ElementIfSet("CopyDestinationSnapshot", blob.copy_snapshot);
  if (blob.tag_count > 0) xml.Element("TagCount", blob.tag_count);
  if (blob.sealed) xml.Flag("Sealed", true);
  if (blob.immutable_until) {
    xml.Element("ImmutabilityPolicyUntilDate", FormatHttpDate(*blob.immutable_until));
    xml.Element("ImmutabilityPolicyMode", blob.immutability_mode);
  }
  if (blob.legal_hold) xml.Flag("LegalHold", true);
  if (blob.deleted) WriteDeleted(xml, *blob.deleted, blob.remaining_days);
  xml.ElementIfSet("Owner", blob.owner);
  xml.ElementIfSet("Group", blob.group);
  xml.ElementIfSet("Permissions", blob.permissions);
  xml.ElementIfSet("Acl", blob.acl);
  xml.Close("Properties");
}

}  // namespace

void OpenContainerList(XmlWriter& xml, std::string_view endpoint) {
  xml.OpenTag("EnumerationResults");
  xml.Attribute("ServiceEndpoint", endpoint);
  xml.EndTag();
}

void OpenBlobList(XmlWriter& xml, std::string_view endpoint, std::string_view container) {
  xml.OpenTag("EnumerationResults");
  xml.Attribute("ServiceEndpoint", endpoint);
  xml.Attribute("ContainerName", container);
  xml.EndTag();
}

void WriteContainer(XmlWriter& xml, const ListedContainer& container) {
  const std::string_view scope = container.default_encryption_scope;
  xml.Open("Container");
  xml.Element("Name", container.name);
  if (!container.deleted_version.empty()) {
    xml.Flag("Deleted", true);
    xml.Element("Version", container.deleted_version);
  }
  xml.Open("Properties");
  xml.Element("Last-Modified", FormatHttpDate(container.modified));
  xml.Element("Etag", container.etag);
  xml.Element("LeaseStatus", container.lease_status);
  xml.Element("LeaseState", container.lease_state);
  xml.ElementIfSet("LeaseDuration", container.lease_duration);
  xml.ElementIfSet("PublicAccess", container.public_access);
  xml.Element("DefaultEncryptionScope", scope.empty() ? "$account-encryption-key" : scope);
  xml.Flag("DenyEncryptionScopeOverride", container.deny_encryption_scope_override);
  xml.Flag("HasImmutabilityPolicy", false);
  xml.Flag("HasLegalHold", false);
  if (container.immutable_versions) xml.Flag("ImmutableStorageWithVersioningEnabled", true);
  if (!container.deleted_version.empty()) {
    WriteDeleted(xml, container.deleted, container.remaining_days);
  }
  xml.Close("Properties");
  if (container.metadata) WriteMetadata(xml, *container.metadata);
  xml.Close("Container");
}

void WriteBlob(XmlWriter& xml, const ListedBlob& blob) {
  xml.Open("Blob");
  xml.NameElement("Name", blob.name);
  WriteState(xml, blob);
  WriteProperties(xml, blob);
  if (blob.metadata && blob.committed) {
    if (blob.sealed_metadata) {
      xml.OpenTag("Metadata");
      xml.Attribute("Encrypted", "true");
      xml.EndTag();
      xml.Close("Metadata");
    } else {
      WriteMetadata(xml, *blob.metadata);
    }
  }
  if (blob.tags && !blob.tags->empty()) WriteTags(xml, *blob.tags);
  if (blob.or_metadata) xml.Element("OrMetadata", "");
  xml.Close("Blob");
}

void WriteBlobPrefix(XmlWriter& xml, std::string_view prefix) {
  xml.Open("BlobPrefix");
  xml.NameElement("Name", prefix);
  xml.Close("BlobPrefix");
}

void CloseList(XmlWriter& xml, std::string_view next_marker) {
  xml.NameElement("NextMarker", next_marker);
  xml.Close("EnumerationResults");
}

}  // namespace blobgate::azure
