// Find Blobs by Tags, in a container or in all of an account (operations.md 1.15, 2.1, 2.2).
//
// One tag of the query drives: its rows of the index are walked in order, and each says all that
// the other comparisons need. Of several tags the one with the fewest rows is taken.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "azure/list_xml.h"
#include "azure/tags.h"
#include "blob/keys.h"
#include "blob/tag_expression.h"
#include "blob/tagged_blob.h"
#include "operations/blob_store.h"
#include "operations/handlers.h"
#include "operations/list_page.h"
#include "operations/list_query.h"
#include "operations/path/path_walk.h"

namespace blobgate::operations {
namespace {

using Op = blob::TagComparison::Op;

constexpr std::string_view kContainerKey = "@container";
/// So many rows of a tag are counted to find the one with the fewest.
constexpr std::size_t kProbe = 256;
/// Containers that one page looks into.
constexpr std::size_t kContainers = 1000;
/// In a marker, between the container and the row of the index.
constexpr char kMarkerPart = '\x02';
constexpr char kMarkerKind = 'f';

struct FoundBlob {
  std::string key;
  std::size_t weight = 0;
  std::string name;
  std::string container;
  blob::TaggedBlob blob;
};

struct KeyRange {
  std::string from;
  std::string end;
};

struct FindRequest {
  std::vector<blob::TagComparison> comparisons;  ///< without @container; at least one
  std::optional<std::string> container;
  std::size_t max_results = 0;
  std::string marker_container;  ///< go on here
  std::string marker_key;        ///< and from this row of the index; empty: from its start
};

azure::Outcome<FindRequest> ParseFind(const Call& call) {
  constexpr std::string_view kWhere = "where";
  FindRequest request;
  const auto where = call.query().Find(kWhere);
  if (!where) {
    return azure::Fail(azure::Error(azure::ErrorCode::kMissingRequiredQueryParameter)
                           .WithDetail("QueryParameterName", std::string(kWhere)));
  }
  auto parsed = blob::ParseTagQuery(*where);
  if (!parsed) {
    return azure::Fail(azure::InvalidQueryParameter(kWhere, *where, parsed.error().detail));
  }
  const bool in_account = call.resource.container.empty();
  for (auto& comparison : *parsed) {
    if (comparison.key != kContainerKey) {
      request.comparisons.push_back(std::move(comparison));
    } else if (in_account && !request.container) {
      request.container = std::move(comparison.value);
    } else {
      return azure::Fail(azure::InvalidQueryParameter(kWhere, *where, "@container cannot be here"));
    }
  }
  if (request.comparisons.empty()) {
    return azure::Fail(azure::InvalidQueryParameter(kWhere, *where, "no tag is compared"));
  }
  if (!in_account) request.container = call.resource.container;
  BG_TRY(request.max_results, ParseMaxResults(call.query()));
  return request;
}

azure::Outcome<void> ParseMarker(const Call& call, FindRequest& request) {
  const std::string_view text = call.query().Get("marker");
  if (text.empty()) return {};
  const auto marker = DecodeMarker(text, kMarkerKind);
  const auto part = marker ? marker->find(kMarkerPart) : std::string::npos;
  if (part == std::string::npos) return azure::Fail(azure::InvalidQueryParameter("marker", text));
  request.marker_container = marker->substr(1, part - 1);
  request.marker_key = marker->substr(part + 1);
  return {};
}

std::string MarkerOf(std::string_view container, std::string_view key) {
  std::string marker(1, kMarkerKind);
  marker += container;
  marker += kMarkerPart;
  marker += key;
  return EncodeMarker(marker);
}

/// The rows of the index that all comparisons of `tag` leave, or a few more.
KeyRange RangeOf(std::string_view tag, const std::vector<blob::TagComparison>& comparisons) {
  KeyRange range{blob::TagPrefix(tag), blob::PrefixEnd(blob::TagPrefix(tag))};
  for (const auto& comparison : comparisons) {
    if (comparison.key != tag) continue;
    const std::string prefix = blob::TagPrefix(tag, comparison.value);
    const bool from = comparison.op == Op::kEqual || comparison.op == Op::kGreater ||
                      comparison.op == Op::kGreaterEqual;
    const bool to = comparison.op == Op::kEqual || comparison.op == Op::kLess ||
                    comparison.op == Op::kLessEqual;
    if (from) range.from = std::max(range.from, prefix);
    if (to) range.end = std::min(range.end, blob::PrefixEnd(prefix));
  }
  return range;
}

/// Finds in one container.
class Finder {
 public:
  Finder(Services& services, const FindRequest& request, std::string container,
         std::string_view incarnation, bool hierarchical)
      : services_(services),
        request_(request),
        container_(std::move(container)),
        space_(blob::ContainerSpace(incarnation)),
        hierarchical_(hierarchical) {}

  /// From the row `from` on; empty: from the start.
  Task<azure::Outcome<Page<FoundBlob>>> Find(const std::string& from, std::size_t most) {
    BG_CO_TRY(auto range, co_await DrivingRange(from));
    if (range.from >= range.end) co_return Page<FoundBlob>{};
    PageLimits limits;
    limits.entries = most;
    RowReader<FoundBlob> reader = [this](std::string_view key, std::string_view value) {
      return Read(key, value);
    };
    BG_CO_TRY(auto page,
              co_await ScanPage<FoundBlob>(services_.catalog(), space_, std::move(range.from),
                                           std::move(range.end), limits, std::move(reader)));
    if (hierarchical_) BG_CO_CHECK(co_await NamePaths(page));
    co_return page;
  }

 private:
  /// The index knows entries of directories; what is in one that was deleted is left out, and a
  /// file whose time is over.
  Task<azure::Outcome<void>> NamePaths(Page<FoundBlob>& page) {
    BG_CO_TRY(const auto partition, co_await services_.catalog().Locate(space_, {}));
    std::vector<FoundBlob> named;
    for (FoundBlob& found : page.entries) {
      BG_CO_TRY(auto path, co_await PathOfEntry(services_, partition, found.name));
      if (!path) continue;
      BG_CO_TRY(const auto row,
                co_await services_.catalog().Get(partition, blob::BlobKey(found.name)));
      if (!row) continue;
      BG_CO_TRY(const auto record, blob::BlobRecord::Decode(row->value));
      if (record.path.expired(services_.clock.Now())) continue;
      found.name = std::move(*path);
      named.push_back(std::move(found));
    }
    page.entries = std::move(named);
    co_return azure::Outcome<void>();
  }

  std::vector<KeyRange> Ranges() const {
    std::vector<KeyRange> ranges;
    for (const auto& comparison : request_.comparisons) {
      ranges.push_back(RangeOf(comparison.key, request_.comparisons));
    }
    return ranges;
  }

  Task<azure::Outcome<KeyRange>> DrivingRange(const std::string& from) {
    std::vector<KeyRange> ranges = Ranges();
    if (!from.empty()) {  // the same tag as on the page before
      for (KeyRange& range : ranges) {
        if (range.from <= from && from < range.end) co_return KeyRange{from, std::move(range.end)};
      }
      co_return azure::Fail(azure::InvalidQueryParameter("marker", ""));
    }
    std::size_t best = 0;
    std::size_t fewest = kProbe + 1;
    for (std::size_t i = 0; i < ranges.size() && ranges.size() > 1; ++i) {
      BG_CO_TRY(const std::size_t rows, co_await CountRows(ranges[i]));
      if (rows >= fewest) continue;
      fewest = rows;
      best = i;
    }
    co_return std::move(ranges[best]);
  }

  /// At most kProbe of each partition.
  Task<azure::Outcome<std::size_t>> CountRows(const KeyRange& range) {
    std::size_t rows = 0;
    if (range.from >= range.end) co_return rows;
    BG_CO_TRY(const auto partitions, co_await services_.catalog().PartitionsOf(space_));
    for (const auto& partition : partitions) {
      std::size_t here = 0;
      engine::ScanVisitor visitor = [&here](std::string_view, std::string_view,
                                            engine::RowVersion) {
        return ++here < kProbe ? engine::ScanStep::Next() : engine::ScanStep::Stop();
      };
      BG_CO_CHECK(
          co_await services_.catalog().Scan(partition, range.from, range.end, std::move(visitor)));
      rows += here;
    }
    co_return rows;
  }

  Result<ListedRow<FoundBlob>> Read(std::string_view key, std::string_view value) const {
    FoundBlob found;
    BG_TRY(found.blob, blob::TaggedBlob::Decode(value));
    const auto matches = [&](const auto& comparison) {
      return comparison.Matches(found.blob.tags);
    };
    if (!std::ranges::all_of(request_.comparisons, matches)) return ListedRow<FoundBlob>{};
    found.key = key;
    found.name = blob::NameOfTagKey(key);
    found.container = container_;
    found.weight = 512 + value.size() + key.size();
    return ListedRow<FoundBlob>{std::move(found), {}};
  }

  Services& services_;
  const FindRequest& request_;
  const std::string container_;
  const std::string space_;
  const bool hierarchical_;
};

struct FoundPage {
  std::vector<FoundBlob> blobs;
  std::string marker;  ///< empty: this is the last page
};

Task<azure::Outcome<FoundPage>> FindInContainer(Call& call, const FindRequest& request) {
  auto container = co_await LoadContainer(call.services, call.resource.account, *request.container);
  if (!container) {
    const bool in_account = call.resource.container.empty();
    if (in_account && container.error().code == azure::ErrorCode::kContainerNotFound) {
      co_return FoundPage{};
    }
    co_return azure::Fail(std::move(container).error());
  }
  Finder finder(call.services, request, *request.container, (*container)->record.incarnation,
                (*container)->record.hierarchical);
  BG_CO_TRY(auto page, co_await finder.Find(request.marker_key, request.max_results));
  FoundPage found{std::move(page.entries), {}};
  if (!page.next.empty()) found.marker = MarkerOf(*request.container, page.next);
  co_return found;
}

struct ContainerEntry {
  std::string key;
  std::size_t weight = 0;
  std::string incarnation;
  bool hierarchical = false;
};

/// Containers of the account in order, from that of the marker on.
Task<azure::Outcome<Page<ContainerEntry>>> ContainersFrom(Call& call, std::string_view name) {
  PageLimits limits;
  limits.entries = kContainers;
  RowReader<ContainerEntry> reader =
      [](std::string_view key, std::string_view value) -> Result<ListedRow<ContainerEntry>> {
    if (!blob::ContainerVersionOfKey(key).empty()) return ListedRow<ContainerEntry>{};
    BG_TRY(auto record, blob::ContainerRecord::Decode(value));
    return ListedRow<ContainerEntry>{
        ContainerEntry{std::string(key), key.size(), std::move(record.incarnation),
                       record.hierarchical},
        {}};
  };
  const std::string all = blob::ContainerKey({});
  co_return co_await ScanPage<ContainerEntry>(
      call.services.catalog(), blob::AccountSpace(call.resource.account), blob::ContainerKey(name),
      blob::PrefixEnd(all), limits, std::move(reader));
}

Task<azure::Outcome<FoundPage>> FindInAccount(Call& call, const FindRequest& request) {
  BG_CO_TRY(const auto containers, co_await ContainersFrom(call, request.marker_container));
  FoundPage found;
  for (const ContainerEntry& entry : containers.entries) {
    const std::string name(blob::ContainerOfKey(entry.key));
    if (found.blobs.size() >= request.max_results) {
      found.marker = MarkerOf(name, {});
      co_return found;
    }
    const bool resumes = name == request.marker_container;
    Finder finder(call.services, request, name, entry.incarnation, entry.hierarchical);
    const std::string from = resumes ? request.marker_key : std::string();
    const std::size_t room = request.max_results - found.blobs.size();
    BG_CO_TRY(auto page, co_await finder.Find(from, room));
    std::ranges::move(page.entries, std::back_inserter(found.blobs));
    if (page.next.empty()) continue;
    found.marker = MarkerOf(name, page.next);
    co_return found;
  }
  if (!containers.next.empty()) {
    found.marker = MarkerOf(blob::ContainerOfKey(containers.next), {});
  }
  co_return found;
}

/// The tags that the query names.
blob::Tags NamedTags(const FindRequest& request, const blob::Tags& all) {
  blob::Tags named;
  for (const auto& tag : all) {
    const auto names = [&tag](const auto& comparison) { return comparison.key == tag.first; };
    if (std::ranges::any_of(request.comparisons, names)) named.push_back(tag);
  }
  return named;
}

void WriteFound(azure::XmlWriter& xml, const FindRequest& request, const FoundBlob& found) {
  xml.Open("Blob");
  xml.NameElement("Name", found.name);
  xml.Element("ContainerName", found.container);
  azure::WriteTags(xml, NamedTags(request, found.blob.tags));
  if (found.blob.version != Time{}) {
    xml.Element("VersionId", FormatIso8601(found.blob.version));
    xml.Flag("IsCurrentVersion", true);
  }
  xml.Close("Blob");
}

std::string Render(const Call& call, const FindRequest& request, const FoundPage& page) {
  azure::XmlWriter xml;
  azure::OpenContainerList(xml, call.endpoint);
  WriteEcho(xml, call.query(), "where", "Where");
  xml.Open("Blobs");
  for (const FoundBlob& found : page.blobs) WriteFound(xml, request, found);
  xml.Close("Blobs");
  azure::CloseList(xml, page.marker);
  return std::move(xml).Take();
}

}  // namespace

Task<azure::Outcome<http::Response>> FindBlobsByTags(Call& call) {
  BG_CO_TRY(auto request, ParseFind(call));
  BG_CO_CHECK(ParseMarker(call, request));
  FoundPage page;
  if (request.container) {
    BG_CO_TRY(page, co_await FindInContainer(call, request));
  } else {
    BG_CO_TRY(page, co_await FindInAccount(call, request));
  }
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/xml");
  response.text = Render(call, request, page);
  co_return response;
}

}  // namespace blobgate::operations
