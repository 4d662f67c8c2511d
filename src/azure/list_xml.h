// The entries of List Containers and List Blobs, in Azure's element order (operations.md 4.1, 4.2).
//
//   XmlWriter xml;
//   OpenBlobList(xml, endpoint, container);   // then the echoes, then xml.Open("Blobs")
//   WriteBlob(xml, entry); WriteBlobPrefix(xml, prefix);
//   xml.Close("Blobs");
//   CloseList(xml, marker);
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "azure/name_values.h"
#include "azure/xml_writer.h"
#include "base/time.h"

namespace blobgate::azure {

/// Views are read during WriteContainer only.
struct ListedContainer {
  std::string_view name;
  std::string_view deleted_version;  ///< of a deleted container
  Time deleted{};
  std::uint32_t remaining_days = 0;
  Time modified{};
  std::string_view etag;                      ///< quoted
  std::string_view lease_status;              ///< locked | unlocked
  std::string_view lease_state;               ///< available...
  std::string_view lease_duration;            ///< empty unless leased
  std::string_view public_access;             ///< container | blob; empty: private
  std::string_view default_encryption_scope;  ///< empty: the account's own
  bool deny_encryption_scope_override = false;
  bool immutable_versions = false;       ///< immutable storage with versioning
  const NameValues* metadata = nullptr;  ///< null: not asked for
};

struct ListedCopy {
  std::string_view id, source, status;
  std::string_view progress;  ///< "done/total"
  std::optional<Time> completed;
  std::string_view description;
};

/// Views are read during WriteBlob only.
struct ListedBlob {
  std::string_view name;
  std::string_view snapshot;     ///< id; empty: no snapshot
  std::string_view version;      ///< id; empty: not shown
  bool current_version = false;  ///< with `version`
  bool versions_only = false;    ///< deleted, but for its previous versions
  std::optional<Time> deleted;
  std::uint32_t remaining_days = 0;  ///< with `deleted`
  bool committed = true;  ///< false: only uncommitted blocks, which have no properties of their own
  Time created{};
  Time modified{};
  std::string_view etag;  ///< without quotes
  std::uint64_t length = 0;
  std::string_view content_type, content_encoding, content_language, content_md5;
  std::string_view cache_control, content_disposition;
  std::optional<Time> accessed;           ///< where last access times are tracked
  std::string_view blob_type;             ///< BlockBlob | AppendBlob | PageBlob
  std::optional<std::uint64_t> sequence;  ///< page blobs
  std::string_view access_tier;           ///< empty: none applies
  bool access_tier_inferred = false;
  std::string_view archive_status;  ///< rehydrate-pending-to-...
  std::string_view rehydrate_priority;
  std::optional<Time> access_tier_changed;
  std::string_view lease_status, lease_state, lease_duration;
  std::optional<ListedCopy> copy;  ///< with include=copy, when there was one
  bool incremental_copy = false;
  std::string_view copy_snapshot;  ///< of an incremental copy; empty: none yet
  std::uint64_t tag_count = 0;
  bool sealed = false;          ///< append blobs
  std::string_view key_sha256;  ///< base64, of a customer-provided key
  std::string_view encryption_scope;
  bool sealed_metadata = false;          ///< with `metadata`: they are not to be read
  std::optional<Time> immutable_until;   ///< with include=immutabilitypolicy
  std::string_view immutability_mode;    ///< unlocked | locked
  bool legal_hold = false;               ///< with include=legalhold
  const NameValues* metadata = nullptr;  ///< null: not asked for
  const NameValues* tags = nullptr;      ///< null: not asked for
  bool or_metadata = true;               ///< x-ms-version 2019-12-12 and later
  // Of hierarchical containers.
  std::string_view resource_type;  ///< file | directory; empty: a flat container's
  std::optional<Time> expires;
  std::string_view deletion_id;
  std::string_view owner, group, permissions, acl;  ///< empty: not asked for
};

void OpenContainerList(XmlWriter& xml, std::string_view endpoint);
void OpenBlobList(XmlWriter& xml, std::string_view endpoint, std::string_view container);
void WriteContainer(XmlWriter& xml, const ListedContainer& container);
void WriteBlob(XmlWriter& xml, const ListedBlob& blob);
void WriteBlobPrefix(XmlWriter& xml, std::string_view prefix);
/// NextMarker (empty at the end) and the end of the document.
void CloseList(XmlWriter& xml, std::string_view next_marker);

}  // namespace blobgate::azure
