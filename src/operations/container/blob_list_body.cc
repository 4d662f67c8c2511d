#include "operations/container/blob_list_body.h"

#include <utility>

#include "azure/list_arrow.h"
#include "azure/list_xml.h"
#include "base/encoding.h"
#include "blob/acl.h"
#include "blob/conditions.h"
#include "blob/immutability.h"
#include "blob/lease.h"
#include "blob/tier.h"
#include "operations/blob_headers.h"
#include "operations/encryption.h"
#include "operations/history/history.h"
#include "operations/list_query.h"

namespace blobgate::operations {
namespace {

/// OrMetadata is in listings from this x-ms-version on.
constexpr std::string_view kFirstOrMetadata = "2019-12-12";

/// The texts that an azure::ListedBlob views.
struct Texts {
  std::string key_sha256, snapshot, version, etag, md5, archive_status, copy_progress,
      copy_snapshot, deletion, permissions;
};

void FillProperties(azure::ListedBlob& out, const blob::BlobRecord& record, Texts& texts) {
  const blob::HttpProperties& http = record.properties;
  texts.etag = blob::EtagTextUnquoted(record.etag);
  if (http.content_md5) texts.md5 = Base64Encode(*http.content_md5);
  out.created = record.created;
  out.modified = record.modified;
  out.etag = texts.etag;
  out.length = record.length;
  out.content_type = http.content_type;
  out.content_encoding = http.content_encoding;
  out.content_language = http.content_language;
  out.content_md5 = texts.md5;
  out.cache_control = http.cache_control;
  out.content_disposition = http.content_disposition;
  out.blob_type = BlobTypeName(record.type);
}

/// What only append or page blobs have.
void FillType(azure::ListedBlob& out, const blob::BlobRecord& record, Texts& texts) {
  out.sealed = record.sealed;
  if (record.type != blob::BlobType::kPage) return;
  out.sequence = record.sequence_number;
  out.incremental_copy = record.incremental;
  if (record.copied_snapshot == Time{}) return;
  texts.copy_snapshot = FormatIso8601(record.copied_snapshot);
  out.copy_snapshot = texts.copy_snapshot;
}

/// `tier` is the record's at the time of the call and lives until the entry was written.
void FillTier(azure::ListedBlob& out, const blob::TierState& tier, Texts& texts) {
  if (tier.tier.empty()) return;
  out.access_tier = tier.tier;
  out.access_tier_inferred = tier.inferred;
  if (!tier.inferred) out.access_tier_changed = tier.changed;
  if (tier.rehydrating_to.empty()) return;
  texts.archive_status = "rehydrate-pending-to-" + ToLower(tier.rehydrating_to);
  out.archive_status = texts.archive_status;
  out.rehydrate_priority = tier.rehydrate_priority;
}

void FillLease(azure::ListedBlob& out, const blob::LeaseRecord& lease, Time now) {
  const blob::LeaseState state = blob::StateAt(lease, now);
  out.lease_status = blob::LeaseStatusName(state);
  out.lease_state = blob::LeaseStateName(state);
  out.lease_duration = blob::LeaseDurationName(lease, now);
}

void FillCopy(azure::ListedBlob& out, const blob::CopyState& copy, Texts& texts) {
  if (copy.status == blob::CopyState::Status::kNone) return;
  texts.copy_progress = std::to_string(copy.bytes_done) + "/" + std::to_string(copy.bytes_total);
  azure::ListedCopy listed;
  listed.id = copy.id;
  listed.source = copy.source;
  listed.status = CopyStatusName(copy.status);
  listed.progress = texts.copy_progress;
  if (copy.completed != Time{}) listed.completed = copy.completed;
  listed.description = copy.description;
  out.copy = listed;
}

/// Those of a scope or an account are the server's to read, if it has the key; those under a
/// customer's key are not to be had.
blob::Metadata ListedMetadata(const Call& call, const blob::BlobRecord& record,
                              azure::ListedBlob& out) {
  if (record.sealed_metadata.empty()) return record.metadata;
  const auto key = KeyOfBlob(call.services, call.account.name, record.encryption, {});
  if (key) {
    if (auto metadata = blob::MetadataOf(record, *key)) return std::move(*metadata);
  }
  out.sealed_metadata = true;
  return {};
}

void FillEncryption(azure::ListedBlob& out, const blob::Encryption& encryption, Texts& texts) {
  out.encryption_scope = encryption.scope;
  if (encryption.kind != blob::Encryption::Kind::kCustomerKey) return;
  texts.key_sha256 = Base64Encode(encryption.key_sha256);
  out.key_sha256 = texts.key_sha256;
}

void FillImmutability(azure::ListedBlob& out, const blob::Immutability& immutability,
                      const BlobListing& listing) {
  if (listing.immutability && immutability.mode != blob::Immutability::Mode::kNone) {
    out.immutable_until = immutability.until;
    out.immutability_mode = blob::ImmutabilityModeName(immutability.mode);
  }
  out.legal_hold = listing.legal_hold && immutability.legal_hold;
}

/// Which state of the blob it is.
void FillState(azure::ListedBlob& out, const blob::BlobRecord& record, const Call& call,
               const BlobListing& listing, Texts& texts) {
  const bool versions = listing.versions || listing.versions_only;
  if (record.snapshot != Time{}) {
    texts.snapshot = FormatIso8601(record.snapshot);
    out.snapshot = texts.snapshot;
  } else if (versions && record.version != Time{}) {
    texts.version = FormatIso8601(record.version);
    out.version = texts.version;
    out.current_version = record.is_base();
  }
  out.versions_only = record.remains == blob::Remains::kVersionsOnly && listing.versions_only;
  if (record.remains != blob::Remains::kDeleted) return;
  out.deleted = record.deleted;
  out.remaining_days = RemainingDays(record, call.now);
}

/// What only items of hierarchical containers have.
void FillPath(azure::ListedBlob& out, const BlobEntry& entry, const BlobListing& listing,
              Texts& texts) {
  const blob::PathState& path = entry.record->path;
  if (path.id == 0) return;
  out.resource_type = path.directory ? "directory" : "file";
  if (path.expires != Time{}) out.expires = path.expires;
  if (entry.deletion != 0) texts.deletion = std::to_string(entry.deletion);
  out.deletion_id = texts.deletion;
  if (!listing.permissions) return;
  texts.permissions = blob::Acl::FromStored(path.acl).Symbolic(path.sticky);
  out.owner = path.owner;
  out.group = path.group;
  out.permissions = texts.permissions;
  out.acl = path.acl;
}

/// `write` gets the azure::ListedBlob of `entry`, which lives during the call.
template <class Write>
void WriteEntry(const Call& call, const BlobEntry& entry, const BlobListing& listing, Write write) {
  const blob::BlobRecord& record = *entry.record;
  const blob::TierState tier = blob::TierAt(record.tier, call.now);
  Texts texts;
  azure::ListedBlob out;
  out.name = entry.name;
  out.committed = record.committed || record.remains != blob::Remains::kNone;
  FillState(out, record, call, listing, texts);
  FillProperties(out, record, texts);
  FillType(out, record, texts);
  if (out.committed) FillTier(out, tier, texts);
  if (record.committed && record.is_base()) FillLease(out, record.lease, call.now);
  const bool tracked = call.account.last_access_tracking && record.accessed != Time{};
  if (tracked) out.accessed = record.accessed;
  if (listing.copy) FillCopy(out, record.copy, texts);
  FillEncryption(out, record.encryption, texts);
  blob::Metadata metadata = listing.metadata ? ListedMetadata(call, record, out) : blob::Metadata();
  if (record.path.directory) metadata.emplace_back(kFolderMark, "true");
  FillImmutability(out, record.immutability, listing);
  out.tag_count = entry.tag_count;
  if (listing.metadata) out.metadata = &metadata;
  if (listing.tags) out.tags = &record.tags;
  out.or_metadata = call.version >= kFirstOrMetadata;
  FillPath(out, entry, listing, texts);
  write(out);
}

}  // namespace

BlobListXml::BlobListXml(const Call& call, const BlobListing& listing)
    : call_(call), listing_(listing) {
  azure::OpenBlobList(xml_, call.endpoint, call.resource.container);
  WriteEcho(xml_, call.query(), "prefix", "Prefix");
  WriteEcho(xml_, call.query(), "marker", "Marker");
  WriteEcho(xml_, call.query(), "startFrom", "StartFrom");
  WriteEcho(xml_, call.query(), "maxresults", "MaxResults");
  WriteEcho(xml_, call.query(), "delimiter", "Delimiter");
  xml_.Open("Blobs");
  entries_begin_ = xml_.text().size();
}

ListedPiece BlobListXml::Add(BlobEntry entry) {
  const std::size_t begin = xml_.text().size();
  if (entry.record) {
    WriteEntry(call_, entry, listing_, [this](const auto& blob) { azure::WriteBlob(xml_, blob); });
  } else {
    azure::WriteBlobPrefix(xml_, entry.name);
  }
  const std::size_t end = xml_.text().size();
  return {std::move(entry.key), end - begin, begin, end};
}

void BlobListXml::Keep(const std::vector<ListedPiece>& pieces) {
  std::size_t kept = entries_begin_;
  auto piece = pieces.begin();
  for (; piece != pieces.end() && piece->begin == kept; ++piece) kept = piece->end;
  std::string moved;
  for (; piece != pieces.end(); ++piece) {
    moved += xml_.text().substr(piece->begin, piece->end - piece->begin);
  }
  xml_.Cut(kept);
  xml_.Raw(moved);
}

std::string BlobListXml::Take(const Page<ListedPiece>& page) && {
  Keep(page.entries);
  xml_.Close("Blobs");
  azure::CloseList(xml_, EncodeMarker(page.next));
  return std::move(xml_).Take();
}

std::string RenderBlobsAsArrow(const Call& call, const Page<BlobEntry>& page,
                               const BlobListing& listing) {
  azure::BlobListArrow list(EncodeMarker(page.next), page.entries.size());
  for (const BlobEntry& entry : page.entries) {
    if (entry.record) {
      WriteEntry(call, entry, listing, [&list](const auto& blob) { list.AddBlob(blob); });
    } else {
      list.AddPrefix(entry.name);
    }
  }
  return std::move(list).Take();
}

}  // namespace blobgate::operations
