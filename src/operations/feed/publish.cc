#include "operations/feed/publish.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <utility>

#include "blob/change_event.h"
#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/container/collector.h"
#include "operations/container/container_walk.h"
#include "operations/feed/event_avro.h"
#include "operations/feed/feed_files.h"
#include "operations/internal_request.h"
#include "operations/repeat.h"

namespace blobgate::operations {
namespace {

// What one append takes: at most so many events, or about so many bytes.
constexpr std::size_t kMaxEvents = 2000;
constexpr std::size_t kMaxBytes = 1024 * 1024;
// A chunk is followed by another once it has so many blocks or bytes.
constexpr std::uint32_t kChunkBlocks = 40'000;
constexpr std::uint64_t kChunkBytes = 512ull * 1024 * 1024;

Status ToStatus(const azure::Outcome<void>& outcome) {
  if (outcome) return {};
  const azure::Error& error = outcome.error();
  return Fail(Errc::kUnavailable,
              std::string(azure::InfoOf(error.code).code).append(" ").append(error.cause()));
}

/// The partition that events come from.
struct Source {
  std::string container;
  std::string incarnation;
  engine::PartitionRef partition;
};

struct Event {
  std::uint64_t ticks = 0;
  blob::ChangeEvent event;
};

struct Chunk {
  std::string name;
  std::uint64_t length = 0;
};

/// The feed writes no events of its own, and keeps no history.
Account FeedWriter(const Account& account) {
  Account writer;
  writer.name = account.name;
  writer.kind = account.kind;
  writer.sku = account.sku;
  return writer;
}

class Publisher {
 public:
  Publisher(Services& services, const Account& account)
      : services_(services), account_(account), writer_(FeedWriter(account)) {}

  Task<Status> Run() {
    const Time began = services_.clock.Now();
    BG_CO_CHECK(ToStatus(co_await Open()));
    BG_CO_TRY(const auto sources, co_await Sources());
    BG_CO_CHECK(ToStatus(co_await SettleAll(sources)));
    for (const Source& source : sources) {
      if (co_await Stopped()) co_return Fail(Errc::kCancelled);
      BG_CO_CHECK(ToStatus(co_await Publish(source)));
    }
    co_return ToStatus(co_await Finish(HourOf(began)));
  }

 private:
  // The feed.

  /// Makes the container and its first files where there are none.
  Task<azure::Outcome<void>> Open() {
    InternalRequest create(writer_, azure::Operation::kCreateContainer, FeedName());
    const auto created = co_await create.Run(services_);
    if (!created && created.error().code != azure::ErrorCode::kContainerAlreadyExists) {
      co_return azure::Fail(created.error());
    }
    BG_CO_TRY(const auto container,
              co_await LoadContainer(services_, account_.name, kFeedContainer));
    space_ = blob::ContainerSpace(container->record.incarnation);
    BG_CO_TRY(feed_, co_await services_.catalog().Locate(space_, {}));
    BG_CO_TRY(const auto row, co_await services_.catalog().Get(feed_, blob::FeedStateKey()));
    if (row) {
      BG_CO_TRY(state_, blob::FeedState::Decode(row->value));
      co_return azure::Outcome<void>();
    }
    const Time now = services_.clock.Now();
    BG_CO_CHECK(co_await PutFile(FirstManifestName(), RenderFirstManifest(now)));
    co_return co_await SetOpen(HourOf(now));
  }

  /// Hours before `hour` are final: readers are told, then we remember.
  Task<azure::Outcome<void>> SetOpen(Time hour) {
    const Time now = services_.clock.Now();
    BG_CO_CHECK(co_await PutFile(std::string(kSegmentsIndex), RenderSegmentsIndex(hour, now)));
    state_.open = hour;
    co_return co_await PutRow(blob::FeedStateKey(), state_.Encode());
  }

  Task<azure::Outcome<void>> PutFile(std::string name, std::string content) {
    InternalRequest put(writer_, azure::Operation::kPutBlob, FeedName(), std::move(name));
    put.Header("x-ms-blob-type", "BlockBlob").Header("Content-Type", "application/json");
    put.Body(std::move(content));
    BG_CO_CHECK(co_await put.Run(services_));
    co_return azure::Outcome<void>();
  }

  Task<azure::Outcome<void>> PutRow(std::string key, std::string value) {
    engine::Batch batch;
    batch.puts.push_back({std::move(key), std::move(value)});
    BG_CO_CHECK(co_await services_.catalog().Commit(feed_, std::move(batch)));
    co_return azure::Outcome<void>();
  }

  Task<azure::Outcome<void>> DropEvents(engine::PartitionRef partition,
                                        const std::vector<std::uint64_t>& events) {
    engine::Batch batch;
    for (const std::uint64_t ticks : events) batch.deletes.push_back(blob::EventKey(ticks));
    BG_CO_CHECK(co_await services_.catalog().Commit(partition, std::move(batch)));
    co_return azure::Outcome<void>();
  }

  Task<azure::Outcome<void>> DropRow(engine::PartitionRef partition, std::string key) {
    engine::Batch batch;
    batch.deletes.push_back(std::move(key));
    BG_CO_CHECK(co_await services_.catalog().Commit(partition, std::move(batch)));
    co_return azure::Outcome<void>();
  }

  Task<azure::Outcome<Target>> LoadFile(std::string name) {
    azure::Resource resource;
    resource.account = account_.name;
    resource.container = kFeedContainer;
    resource.blob = std::move(name);
    co_return co_await LoadTarget(services_, resource);
  }

  static std::string FeedName() { return std::string(kFeedContainer); }

  // Events.

  Task<Result<std::vector<Source>>> Sources() {
    std::vector<ContainerName> containers;
    BG_CO_TRY(auto living, co_await ContainersOf(services_, account_.name));
    containers = std::move(living);
    BG_CO_TRY(auto kept, co_await RestorableContainersOf(services_, account_.name));
    for (auto& c : kept) containers.push_back({std::move(c.name), c.record.incarnation});
    BG_CO_TRY(auto going, co_await DeletedContainersOf(services_, account_.name));
    for (auto& c : going) containers.push_back({std::move(c.name), std::move(c.incarnation)});
    std::vector<Source> sources;
    for (const auto& [name, incarnation, hierarchical] : containers) {
      if (azure::IsSystemContainer(name)) continue;
      const std::string space = blob::ContainerSpace(incarnation);
      BG_CO_TRY(const auto partitions, co_await services_.catalog().PartitionsOf(space));
      for (const auto& partition : partitions) sources.push_back({name, incarnation, partition});
    }
    co_return sources;
  }

  Task<azure::Outcome<void>> Publish(const Source& source) {
    for (;;) {
      BG_CO_TRY(const auto events, co_await Collect(source));
      if (events.empty() || co_await Stopped()) co_return azure::Outcome<void>();
      BG_CO_CHECK(co_await Move(source, events));
    }
  }

  /// What an earlier pass was about to do was done, or was not. All of it is settled before
  /// anything is appended: the length of a chunk tells only as long as nobody else has made it
  /// longer.
  Task<azure::Outcome<void>> SettleAll(const std::vector<Source>& sources) {
    std::map<std::string, std::string> intents;
    engine::ScanVisitor visitor = [&intents](std::string_view key, std::string_view value,
                                             engine::RowVersion) {
      intents.emplace(key, value);
      return engine::ScanStep::Next();
    };
    BG_CO_CHECK(
        co_await services_.catalog().Scan(feed_, "j", blob::PrefixEnd("j"), std::move(visitor)));
    if (intents.empty()) co_return azure::Outcome<void>();
    for (const Source& source : sources) {
      const auto found = intents.find(KeyOf(source));
      if (found == intents.end()) continue;
      BG_CO_TRY(const auto intent, blob::FeedIntent::Decode(found->second));
      BG_CO_CHECK(co_await Settle(source, intent));
    }
    // Those of partitions that are gone as well.
    for (const auto& [key, value] : intents) BG_CO_CHECK(co_await DropRow(feed_, key));
    co_return azure::Outcome<void>();
  }

  Task<azure::Outcome<void>> Settle(const Source& source, const blob::FeedIntent& intent) {
    BG_CO_TRY(const auto chunk, co_await LoadFile(intent.chunk));
    const bool appended = chunk.exists() && chunk.blob->length > intent.offset;
    if (appended) BG_CO_CHECK(co_await DropEvents(source.partition, intent.events));
    co_return azure::Outcome<void>();
  }

  static std::string KeyOf(const Source& source) {
    return blob::FeedIntentKey(source.incarnation, source.partition.id);
  }

  /// The next events of one hour that have happened by now, in their order.
  Task<azure::Outcome<std::vector<Event>>> Collect(const Source& source) {
    std::vector<Event> events;
    Status decoded;
    std::size_t bytes = 0;
    engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                      engine::RowVersion) {
      const auto ticks = blob::TicksOfEventKey(key);
      auto event = blob::ChangeEvent::Decode(value);
      if (!ticks || !event) {
        decoded = Fail(Errc::kCorruption, "a change event of container " + source.container);
        return engine::ScanStep::Stop();
      }
      bytes += value.size();
      const bool full = events.size() >= kMaxEvents || bytes > kMaxBytes;
      if (!events.empty() && (full || SegmentOf(*ticks) != SegmentOf(events.front().ticks))) {
        return engine::ScanStep::Stop();
      }
      events.push_back({*ticks, std::move(*event)});
      return engine::ScanStep::Next();
    };
    const std::uint64_t now = ToDotNetTicks(services_.clock.Now());
    BG_CO_CHECK(co_await services_.catalog().Scan(source.partition, "e", blob::EventKey(now + 1),
                                                  std::move(visitor)));
    BG_CO_CHECK(std::move(decoded));
    co_return events;
  }

  /// Of its hour, unless that is final.
  Time SegmentOf(std::uint64_t ticks) const {
    return std::max(HourOf(FromDotNetTicks(ticks)), state_.open);
  }

  Task<azure::Outcome<void>> Move(const Source& source, const std::vector<Event>& events) {
    std::string objects;
    std::uint64_t count = 0;
    blob::FeedIntent intent;
    for (const Event& event : events) {
      intent.events.push_back(event.ticks);
      BG_CO_TRY(const bool happened, co_await Happened(source, event.event));
      if (!happened) continue;
      EncodeEvent({account_.name, source.incarnation, event.ticks}, event.event, objects);
      ++count;
    }
    if (count == 0) co_return co_await DropEvents(source.partition, intent.events);
    BG_CO_TRY(const auto chunk, co_await OpenChunk(SegmentOf(events.front().ticks)));
    intent.chunk = chunk.name;
    intent.offset = chunk.length;
    const std::string key = KeyOf(source);
    BG_CO_CHECK(co_await PutRow(key, intent.Encode()));
    BG_CO_CHECK(co_await Append(chunk, count, objects));
    BG_CO_CHECK(co_await DropEvents(source.partition, intent.events));
    co_return co_await DropRow(feed_, key);
  }

  /// A rehydration that was expected when its event was written may have been made impossible.
  Task<azure::Outcome<bool>> Happened(const Source& source, const blob::ChangeEvent& event) {
    if (event.expected == Time{}) co_return true;
    std::vector<std::string> keys;  // where the state may be by now
    if (event.snapshot != Time{}) {
      keys.push_back(blob::SnapshotKey(event.blob, event.snapshot));
    } else {
      keys.push_back(blob::BlobKey(event.blob));
      if (event.version != Time{}) keys.push_back(blob::VersionKey(event.blob, event.version));
    }
    for (const std::string& key : keys) {
      BG_CO_TRY(const auto row, co_await services_.catalog().Get(source.partition, key));
      if (!row) continue;
      BG_CO_TRY(const auto record, blob::BlobRecord::Decode(row->value));
      const bool back = record.tier.rehydrated == event.expected ||
                        (!record.tier.inferred && record.tier.changed == event.expected);
      if (record.committed && back) co_return true;
    }
    co_return false;
  }

  // Chunks.

  Task<azure::Outcome<Chunk>> OpenChunk(Time hour) {
    for (unsigned index = 0;; ++index) {
      const std::string name = ChunkName(hour, index);
      BG_CO_TRY(const auto found, co_await LoadFile(name));
      if (!found.exists()) co_return co_await CreateChunk(hour, index);
      const blob::BlobRecord& record = *found.blob;
      if (record.block_count < kChunkBlocks && record.length < kChunkBytes) {
        co_return Chunk{name, record.length};
      }
    }
  }

  /// The manifest names the directory before there is anything in it.
  Task<azure::Outcome<Chunk>> CreateChunk(Time hour, unsigned index) {
    if (index == 0) {
      const std::string manifest = RenderManifest(hour, false, services_.clock.Now());
      BG_CO_CHECK(co_await PutFile(ManifestName(hour), manifest));
    }
    Chunk chunk{ChunkName(hour, index), 0};
    InternalRequest create(writer_, azure::Operation::kPutBlob, FeedName(), chunk.name);
    create.Header("x-ms-blob-type", "AppendBlob").Header("x-ms-blob-content-type", "avro/binary");
    BG_CO_CHECK(co_await create.Run(services_));
    co_return chunk;
  }

  Task<azure::Outcome<void>> Append(const Chunk& chunk, std::uint64_t count,
                                    std::string_view objects) {
    const azure::AvroSync sync = SyncOf(chunk.name);
    std::string bytes;
    if (chunk.length == 0) bytes = azure::AvroHead(EventSchema(), sync);
    bytes += azure::AvroBlock(count, objects, sync);
    InternalRequest append(writer_, azure::Operation::kAppendBlock, FeedName(), chunk.name);
    append.Header("x-ms-blob-condition-appendpos", std::to_string(chunk.length));
    append.Body(std::move(bytes));
    BG_CO_CHECK(co_await append.Run(services_));
    co_return azure::Outcome<void>();
  }

  // The end of segments.

  /// A whole pass that began in `hour` has left nothing of earlier hours.
  Task<azure::Outcome<void>> Finish(Time hour) {
    if (hour <= state_.open) co_return azure::Outcome<void>();
    for (Time h = state_.open; h < hour; h += std::chrono::hours(1)) {
      BG_CO_TRY(const auto manifest, co_await LoadFile(ManifestName(h)));
      if (!manifest.exists()) continue;
      const std::string content = RenderManifest(h, true, services_.clock.Now());
      BG_CO_CHECK(co_await PutFile(ManifestName(h), content));
    }
    BG_CO_CHECK(co_await SetOpen(hour));
    if (account_.change_feed_retention_days == 0) co_return azure::Outcome<void>();
    const std::string kept =
        HourPath(hour - std::chrono::days(account_.change_feed_retention_days));
    // Manifests first: none may name chunks that are gone.
    BG_CO_CHECK(co_await DropFiles(std::string(kSegments) + "1602", std::string(kSegments) + kept));
    co_return co_await DropFiles(std::string(kChunks), std::string(kChunks) + kept);
  }

  /// Files whose names are from `from` on and before `end`.
  Task<azure::Outcome<void>> DropFiles(std::string from, std::string end) {
    std::vector<std::string> names;
    engine::ScanVisitor visitor = [&names](std::string_view key, std::string_view,
                                           engine::RowVersion) {
      names.emplace_back(blob::NameOfKey(key));
      return engine::ScanStep::Next();
    };
    BG_CO_TRY(const auto partitions, co_await services_.catalog().PartitionsOf(space_));
    for (const auto& partition : partitions) {
      BG_CO_CHECK(co_await services_.catalog().Scan(partition, blob::BlobKey(from),
                                                    blob::BlobKey(end), visitor));
    }
    for (std::string& name : names) {
      InternalRequest drop(writer_, azure::Operation::kDeleteBlob, FeedName(), std::move(name));
      BG_CO_CHECK(co_await drop.Run(services_));
    }
    co_return azure::Outcome<void>();
  }

  Services& services_;
  const Account& account_;
  const Account writer_;
  std::string space_;          ///< of the feed's container
  engine::PartitionRef feed_;  ///< of the rows of the feed's own state
  blob::FeedState state_;
};

Task<Status> PublishIfWanted(Services& services, const Account& account) {
  if (!account.change_feed) co_return Status();
  co_return co_await PublishChangeFeed(services, account);
}

}  // namespace

Task<Status> PublishChangeFeed(Services& services, const Account& account) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  Publisher publisher(services, account);
  co_return co_await publisher.Run();
}

void SpawnChangeFeed(Services& services, std::chrono::seconds interval) {
  AccountPass pass = [&services](const Account& account) {
    return PublishIfWanted(services, account);
  };
  SpawnForAccounts(services, "change feed", interval, std::move(pass));
}

}  // namespace blobgate::operations
