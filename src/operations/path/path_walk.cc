#include "operations/path/path_walk.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "blob/path_keys.h"
#include "blob/path_name.h"
#include "operations/blob_headers.h"
#include "operations/lineage_row.h"
#include "operations/path/path_place.h"

namespace blobgate::operations {
namespace {

using engine::Precondition;

/// More directories above one are a circle, which no commit makes.
constexpr std::size_t kMostSteps = 4096;

struct ReadRow {
  std::optional<engine::Row> row;
  Boxed<blob::BlobRecord> record;
};

/// Reads one way down from the root.
class Walk {
 public:
  Walk(Services& services, engine::PartitionRef partition,
       const std::vector<std::string_view>& names)
      : services_(services), partition_(partition), names_(names) {}

  /// False: a directory on the way changed meanwhile.
  Task<azure::Outcome<bool>> Run(Target& target) {
    target.row.reset();  // of an earlier walk
    target.blob.reset();
    BG_CO_CHECK(co_await ReadRoot());
    place.directory = blob::kAboveRoot;
    if (names_.empty()) {
      target.key = place.root.key;
      target.row = root_.row;
      target.blob = std::move(root_.record);
      co_return true;
    }
    BG_CO_CHECK(co_await Descend());
    place.leaf = names_.back();
    target.key = blob::BlobKey(blob::EntryName(place.directory, place.leaf));
    if (!place.missing.empty()) co_return true;
    if (place.blocked) co_return co_await IsSame();
    BG_CO_TRY(auto found, co_await Read(target.key));
    target.row = std::move(found.row);
    target.blob = std::move(found.record);
    co_return co_await IsSame();
  }

  PathPlace place;

 private:
  Task<azure::Outcome<ReadRow>> Read(const std::string& key) {
    ReadRow found;
    BG_CO_TRY(found.row, co_await services_.catalog().Get(partition_, key));
    if (found.row) {
      BG_CO_TRY(found.record, blob::BlobRecord::Decode(found.row->value));
    }
    co_return found;
  }

  Task<azure::Outcome<void>> ReadRoot() {
    place.root.key = blob::BlobKey(blob::EntryName(blob::kAboveRoot, {}));
    BG_CO_TRY(root_, co_await Read(place.root.key));
    if (!root_.row) co_return azure::Fail(azure::ErrorCode::kContainerNotFound);
    place.root.version = root_.row->version;
    place.root.state = root_.record->path;
    co_return azure::Outcome<void>();
  }

  Task<azure::Outcome<void>> Descend() {
    place.directory = blob::kRootDirectory;
    for (std::size_t i = 0; i + 1 < names_.size(); ++i) {
      WayStep step;
      step.key = blob::BlobKey(blob::EntryName(place.directory, names_[i]));
      BG_CO_TRY(auto found, co_await Read(step.key));
      const bool expired = found.row && found.record->path.expired(services_.clock.Now());
      if (!found.row || expired) {
        BG_CO_TRY(const bool same, co_await IsSame());
        if (!same) co_return azure::Outcome<void>();  // Run looks again
        if (expired) place.expired = blob::NameOfKey(step.key);
        MissFrom(i);
        co_return azure::Outcome<void>();
      }
      if (!found.record->path.directory) {
        place.blocked = true;
        co_return azure::Outcome<void>();
      }
      step.version = found.row->version;
      step.leaf = names_[i];
      step.state = std::move(found.record->path);
      step.row = std::move(found.row->value);
      place.directory = step.state.id;
      place.way.push_back(std::move(step));
    }
    co_return azure::Outcome<void>();
  }

  void MissFrom(std::size_t first) {
    for (std::size_t i = first; i + 1 < names_.size(); ++i) {
      place.missing.push_back({std::string(names_[i]), services_.etags.Next()});
    }
    place.directory = place.missing.back().id;
  }

  /// Are the directories on the way as they were when they were passed?
  Task<azure::Outcome<bool>> IsSame() {
    for (const WayStep& step : place.way) {
      BG_CO_TRY(const auto row, co_await services_.catalog().Get(partition_, step.key));
      if (!row || row->version != step.version) co_return false;
    }
    co_return true;
  }

  Services& services_;
  const engine::PartitionRef partition_;
  const std::vector<std::string_view>& names_;
  ReadRow root_;
};

/// The ACL that an item in a directory with `parent` begins with.
blob::Acl AclFor(const PathPlace& place, const blob::PathState& parent, bool directory) {
  if (place.acl) return *place.acl;
  return blob::Acl::FromStored(parent.acl).ForChild(directory, place.mode, place.umask);
}

blob::PathState StateIn(const blob::PathState& parent, std::string owner, std::uint64_t id,
                        bool directory, const blob::Acl& acl) {
  blob::PathState state;
  state.id = id;
  state.directory = directory;
  state.owner = std::move(owner);
  state.group = parent.group;
  state.acl = acl.Text();
  return state;
}

/// A directory's row in its first state.
blob::BlobRecord NewDirectory(Services& services, blob::PathState state) {
  blob::BlobRecord record;
  record.etag = services.etags.Next();
  record.created = services.clock.Now();
  record.modified = record.created;
  record.path = std::move(state);
  return record;
}

/// What the directory will be in which the new item lies.
blob::PathState ParentState(const PathPlace& place) {
  blob::PathState state = place.deepest().state;
  for (const MissingStep& step : place.missing) {
    const blob::Acl acl = blob::Acl::FromStored(state.acl).ForChild(true, {}, {});
    state = StateIn(state, place.owner, step.id, true, acl);
  }
  return state;
}

/// What happens in hierarchical containers is not in the change feed. (No account has both; a
/// container may be older than the account's settings.)
void DropEvents(engine::Batch& batch) {
  const auto is_event = [](const auto& row) { return blob::TicksOfEventKey(row.key).has_value(); };
  std::erase_if(batch.puts, is_event);
  std::erase_if(batch.preconditions, is_event);
}

/// Gives the record of `target` its PathState when the operation that made it knows nothing of
/// paths, but whether it is to be a directory.
azure::Outcome<void> CompleteRecord(const Target& target, engine::RowPut& put) {
  BG_TRY(blob::BlobRecord record, blob::BlobRecord::Decode(put.value));
  if (record.type == blob::BlobType::kPage || !record.immutability.empty()) {
    return azure::Fail(azure::ErrorCode::kFeatureNotYetSupportedForHierarchicalNamespaceAccounts);
  }
  if (record.path.id != 0) return {};
  const PathPlace& place = *target.place;
  const bool directory = record.path.directory;
  if (target.blob && !target.expired) {
    if (target.blob->path.directory != directory && target.exists()) {
      return azure::Fail(azure::ErrorCode::kResourceTypeMismatch);
    }
    record.path = target.blob->path;
    record.path.directory = directory;
    // Making a directory that is there (mkdir -p, with any mode) does not change its rights.
    if (place.acl || (place.mode && !directory))
      record.path.acl = AclFor(place, place.deepest().state, directory).Text();
  } else {
    const blob::PathState parent = ParentState(place);
    // An expired file's own rows go by its id; that is all the new one has of it.
    const std::uint64_t id = target.blob ? target.blob->path.id : place.id;
    record.path = StateIn(parent, place.owner, id, directory, AclFor(place, parent, directory));
    record.path.sticky = (place.mode.value_or(0) & blob::kStickyBit) != 0;
  }
  if (place.new_owner) record.path.owner = *place.new_owner;
  if (place.new_group) record.path.group = *place.new_group;
  record.path.expires = place.expires;
  record.path.encryption_context = place.encryption_context;
  record.path.transaction_id = place.transaction_id;
  record.path.made_by_dfs = place.made_by_dfs;
  if (place.lease) record.lease = *place.lease;
  put.value = record.Encode();
  return {};
}

/// Lets the directories on the way know how deep names can lie below them once an item of `height`
/// is at `place`. Only the first of some depth changes their rows. 400 InvalidUri.
azure::Outcome<void> RaiseHeights(const PathPlace& place, std::uint32_t height,
                                  engine::Batch& batch) {
  const std::size_t deepest = place.depth() + height;
  if (deepest > blob::kMaxPathLevels) return azure::Fail(azure::ErrorCode::kInvalidUri);
  for (std::size_t i = 0; i < place.way.size(); ++i) {
    const WayStep& step = place.way[i];
    const std::size_t below = deepest - (i + 1);
    if (step.state.height >= below) continue;
    BG_TRY(auto directory, blob::BlobRecord::Decode(step.row));
    directory.path.height = static_cast<std::uint32_t>(below);
    batch.puts.push_back({step.key, directory.Encode()});
  }
  return {};
}

/// Adds the missing parents of an item of `height`, and the change of its directory's inode that
/// tells others of a new entry.
void PrepareDirectory(Services& services, const PathPlace& place, std::uint32_t height,
                      engine::Batch& batch) {
  const WayStep& deepest = place.deepest();
  const std::uint64_t above = place.way.empty()       ? blob::kAboveRoot
                              : place.way.size() == 1 ? blob::kRootDirectory
                                                      : place.way[place.way.size() - 2].state.id;
  PutRow(batch, blob::InodeKey(deepest.state.id), blob::Inode{above, deepest.leaf}.Encode());
  blob::PathState parent = deepest.state;
  auto below = static_cast<std::uint32_t>(place.missing.size()) + height;
  for (const MissingStep& step : place.missing) {
    const std::string key = blob::BlobKey(blob::EntryName(parent.id, step.leaf));
    const blob::Acl acl = blob::Acl::FromStored(parent.acl).ForChild(true, {}, {});
    blob::PathState state = StateIn(parent, place.owner, step.id, true, acl);
    state.height = below--;
    batch.preconditions.push_back(Precondition::Absent(key));
    batch.preconditions.push_back(Precondition::Absent(blob::InodeKey(step.id)));
    PutRow(batch, key, NewDirectory(services, state).Encode());
    PutRow(batch, blob::InodeKey(step.id), blob::Inode{parent.id, step.leaf}.Encode());
    parent = std::move(state);
  }
}

}  // namespace

Task<azure::Outcome<engine::PartitionRef>> LocatePaths(Services& services,
                                                       const blob::ContainerRecord& container) {
  const std::string space = blob::ContainerSpace(container.incarnation);
  BG_CO_TRY(const auto partition, co_await services.catalog().Locate(space, {}));
  co_return partition;
}

Task<azure::Outcome<void>> LoadEntry(Services& services, std::string_view name, Target& target) {
  PathPlace place;
  place.internal = true;
  target.key = blob::BlobKey(name);
  BG_CO_TRY(target.row, co_await services.catalog().Get(target.partition, target.key));
  if (target.row) {
    BG_CO_TRY(target.blob, blob::BlobRecord::Decode(target.row->value));
    target.name = blob::ContentName(target.blob->path.id);
  }
  target.place = std::make_shared<PathPlace>(std::move(place));
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<void>> WalkPath(Services& services, std::string_view path, Target& target) {
  BG_CO_TRY(target.partition, co_await LocatePaths(services, target.container->record));
  if (const auto entry = blob::EntryOfInternalName(path)) {
    co_return co_await LoadEntry(services, *entry, target);
  }
  BG_CO_TRY(const auto names, blob::SplitPath(path));
  for (CommitLoop loop; loop.Again();) {
    Walk walk(services, target.partition, names);
    BG_CO_TRY(const bool same, co_await walk.Run(target));
    if (!same) continue;
    walk.place.owner = blob::kSuperuser;
    walk.place.id = services.etags.Next();
    const bool known = target.blob && target.blob->path.id != 0;
    target.name = blob::ContentName(known ? target.blob->path.id : walk.place.id);
    target.place = std::make_shared<PathPlace>(std::move(walk.place));
    // An item whose time is over is as good as gone.
    target.expired = target.blob && target.blob->path.expired(services.clock.Now());
    co_return azure::Outcome<void>();
  }
  co_return azure::Fail(Busy());
}

void DemandWay(const Target& target, engine::Batch& batch) {
  for (const WayStep& step : target.place->way) {
    batch.preconditions.push_back(Precondition::At(step.key, step.version));
  }
}

azure::Outcome<void> CompletePath(Services& services, const Target& target, engine::Batch& batch) {
  const PathPlace& place = *target.place;
  DropEvents(batch);
  const auto put = std::ranges::find(batch.puts, target.key, &engine::RowPut::key);
  if (place.internal) return {};
  DemandWay(target, batch);
  if (put == batch.puts.end()) return {};
  if (place.blocked) return azure::Fail(azure::ErrorCode::kPathConflict);
  BG_CHECK(CompleteRecord(target, *put));
  BG_TRY(const auto record, blob::BlobRecord::Decode(put->value));
  if (record.path.expires != Time{}) {
    PutRow(batch, blob::PurgeKey(record.path.expires, target.key), {});
  }
  BG_CHECK(RaiseHeights(place, record.path.height, batch));
  if (!target.row || target.expired) {
    PrepareDirectory(services, place, record.path.height, batch);
  }
  // A renamed or restored directory has an inode already.
  const bool takes_over = target.blob && target.blob->path.id == record.path.id;
  const bool fresh = takes_over ? !target.is_directory() : record.path.id == place.id;
  if (!record.path.directory || !fresh) return {};
  const std::string inode = blob::InodeKey(record.path.id);
  batch.preconditions.push_back(Precondition::Absent(inode));
  PutRow(batch, inode, blob::Inode{place.directory, place.leaf}.Encode());
  return {};
}

Task<azure::Outcome<std::optional<std::string>>> PathOfEntry(Services& services,
                                                             engine::PartitionRef partition,
                                                             std::string_view name) {
  const auto parts = blob::PartsOfEntryName(name);
  if (!parts) co_return std::nullopt;
  std::string path(parts->leaf);
  std::uint64_t directory = parts->directory;
  for (std::size_t level = 0; directory != blob::kRootDirectory; ++level) {
    if (directory == blob::kAboveRoot) co_return std::nullopt;
    if (level > kMostSteps) {
      co_return azure::Fail(azure::Error(Error{Errc::kCorruption, "a directory lies in itself"}));
    }
    BG_CO_TRY(const auto row,
              co_await services.catalog().Get(partition, blob::InodeKey(directory)));
    if (!row) co_return std::nullopt;
    BG_CO_TRY(const auto inode, blob::Inode::Decode(row->value));
    path = inode.leaf + "/" + path;
    directory = inode.parent;
  }
  co_return std::optional(std::move(path));
}

Task<azure::Outcome<EmptyLook>> LookIntoDirectory(Services& services,
                                                  engine::PartitionRef partition,
                                                  std::uint64_t directory) {
  EmptyLook look;
  BG_CO_TRY(look.inode, co_await services.catalog().Get(partition, blob::InodeKey(directory)));
  const std::string prefix = blob::EntryPrefix(directory);
  look.empty = true;
  Status decoded;
  const auto visit = [&, now = services.clock.Now()](std::string_view value) {
    const auto record = blob::BlobRecord::Decode(value);
    if (!record) decoded = std::unexpected(record.error());
    look.empty = record && record->path.expired(now);
    if (look.empty) look.expired = true;
    return look.empty ? engine::ScanStep::Next() : engine::ScanStep::Stop();
  };
  engine::ScanVisitor visitor = [&visit](std::string_view, std::string_view value,
                                         engine::RowVersion) { return visit(value); };
  BG_CO_CHECK(co_await services.catalog().Scan(partition, prefix, blob::PrefixEnd(prefix),
                                               std::move(visitor)));
  BG_CO_CHECK(std::move(decoded));
  co_return look;
}

}  // namespace blobgate::operations
