// List Containers (operations.md 2.1).
#include <algorithm>
#include <array>
#include <utility>

#include "azure/json.h"
#include "azure/list_xml.h"
#include "blob/conditions.h"
#include "blob/keys.h"
#include "blob/lease.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"
#include "operations/list_page.h"
#include "operations/list_query.h"

namespace blobgate::operations {
namespace {

/// The first byte of the keys of containers (blob/keys.h).
constexpr char kContainerRows = 'c';

constexpr std::array<std::string_view, 3> kInclude = {"metadata", "deleted", "system"};

/// Element names, dates and so on of one entry, bytes.
constexpr std::size_t kFixedWeight = 768;

struct ContainerEntry {
  std::string key;
  std::size_t weight = 0;
  blob::ContainerRecord record;  ///< metadata only if asked for

  std::string_view name() const { return blob::ContainerOfKey(key); }
  std::string_view version() const { return blob::ContainerVersionOfKey(key); }
};

/// What the `include` items ask for.
struct Wanted {
  bool metadata = false;
  bool deleted = false;
  bool system = false;
};

Result<ListedRow<ContainerEntry>> ReadContainerRow(Wanted wanted, Time now, std::string_view key,
                                                   std::string_view value) {
  if (!wanted.system && azure::IsSystemContainer(blob::ContainerOfKey(key))) {
    return ListedRow<ContainerEntry>{};
  }
  ContainerEntry entry;
  BG_TRY(entry.record, blob::ContainerRecord::Decode(value));
  if (!blob::ContainerVersionOfKey(key).empty()) {
    if (!wanted.deleted || entry.record.purge <= now) return ListedRow<ContainerEntry>{};
  }
  entry.record.policies.clear();
  if (!wanted.metadata) entry.record.metadata.clear();
  entry.key = key;
  entry.weight = kFixedWeight + key.size();
  for (const auto& [name, text] : entry.record.metadata) entry.weight += name.size() + text.size();
  return ListedRow<ContainerEntry>{std::move(entry), {}};
}

void WriteEntry(azure::XmlWriter& xml, const Call& call, const ContainerEntry& entry,
                bool metadata) {
  const blob::ContainerRecord& record = entry.record;
  const blob::LeaseState state = blob::StateAt(record.lease, call.now);
  const std::string etag = blob::EtagText(record.etag);
  azure::ListedContainer out;
  out.name = entry.name();
  out.deleted_version = entry.version();
  if (!out.deleted_version.empty()) {
    out.deleted = record.deleted;
    out.remaining_days = static_cast<std::uint32_t>(
        std::chrono::floor<std::chrono::days>(record.purge - call.now).count());
  }
  out.modified = record.modified;
  out.etag = etag;
  out.lease_status = blob::LeaseStatusName(state);
  out.lease_state = blob::LeaseStateName(state);
  out.lease_duration = blob::LeaseDurationName(record.lease, call.now);
  out.public_access = PublicAccessName(record.access);
  out.default_encryption_scope = record.default_encryption_scope;
  out.deny_encryption_scope_override = record.deny_encryption_scope_override;
  out.immutable_versions = call.account.IsImmutable(out.name);
  if (metadata) out.metadata = &record.metadata;
  azure::WriteContainer(xml, out);
}

std::string Render(const Call& call, const Page<ContainerEntry>& page, bool metadata) {
  azure::XmlWriter xml;
  azure::OpenContainerList(xml, call.endpoint);
  WriteEcho(xml, call.query(), "prefix", "Prefix");
  WriteEcho(xml, call.query(), "marker", "Marker");
  WriteEcho(xml, call.query(), "maxresults", "MaxResults");
  xml.Open("Containers");
  for (const ContainerEntry& entry : page.entries) WriteEntry(xml, call, entry, metadata);
  xml.Close("Containers");
  azure::CloseList(xml, EncodeMarker(page.next));
  return std::move(xml).Take();
}

/// List Filesystems.
std::string RenderFilesystems(const Page<ContainerEntry>& page) {
  azure::Json filesystems = azure::Json::array();
  for (const ContainerEntry& entry : page.entries) {
    azure::Json out;
    out["etag"] = blob::EtagText(entry.record.etag);
    out["lastModified"] = FormatHttpDate(entry.record.modified);
    out["name"] = entry.name();
    filesystems.push_back(std::move(out));
  }
  azure::Json body;
  body["filesystems"] = std::move(filesystems);
  return azure::JsonText(body);
}

}  // namespace

// List Filesystems is the same in JSON (operations.md 3.2).
Task<azure::Outcome<http::Response>> ListContainers(Call& call) {
  const bool dfs = call.resource.face == azure::Face::kDfs;
  BG_CO_TRY(auto include, ParseInclude(call.query(), kInclude));
  const Wanted wanted{std::ranges::find(include, kInclude[0]) != include.end(),
                      std::ranges::find(include, kInclude[1]) != include.end(),
                      std::ranges::find(include, kInclude[2]) != include.end()};
  PageLimits limits;
  BG_CO_TRY(limits.entries, ParseMaxResults(call.query()));
  BG_CO_TRY(auto range,
            ParseListRange(call.query(), kContainerRows, false, dfs ? "continuation" : "marker"));
  const std::string space = blob::AccountSpace(call.resource.account);
  RowReader<ContainerEntry> reader = [wanted, now = call.now](std::string_view key,
                                                              std::string_view value) {
    return ReadContainerRow(wanted, now, key, value);
  };
  BG_CO_TRY(auto page, co_await ScanPage<ContainerEntry>(call.services.catalog(), space, range.from,
                                                         range.end, limits, reader));
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", dfs ? "application/json;charset=utf-8" : "application/xml");
  response.text = dfs ? RenderFilesystems(page) : Render(call, page, wanted.metadata);
  if (dfs && !page.next.empty()) response.Set("x-ms-continuation", EncodeMarker(page.next));
  co_return response;
}

}  // namespace blobgate::operations
