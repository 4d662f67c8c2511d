#include "operations/path/move_across.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "blob/path_keys.h"
#include "operations/blob_headers.h"
#include "operations/path/path_place.h"
#include "operations/tags/tag_index.h"

namespace blobgate::operations {
namespace {

using azure::ErrorCode;
using engine::Precondition;

struct FoundRow {
  std::string key;
  std::string value;
  engine::RowVersion version = 0;
};

/// A directory that moves. The first is what the rename names, its parents come before each other.
struct MovedDirectory {
  std::uint64_t from = 0;  ///< its id at the source
  std::size_t parent = 0;  ///< its index
  std::string leaf;
  blob::BlobRecord record;  ///< as it will be
};

azure::Error TooMuch(const MoveLimits& limits) {
  return azure::Error(ErrorCode::kFeatureNotYetSupportedForHierarchicalNamespaceAccounts)
      .WithMessage("What is renamed to another filesystem may have " + std::to_string(limits.rows) +
                   " rows and " + std::to_string(limits.bytes) +
                   " bytes of them: paths, directories twice, tags, uncommitted blocks and blocks "
                   "of append blobs. Rename it in parts.");
}

class Mover {
 public:
  Mover(Services& services, const Target& source, const Target& destination, PathMove& move)
      : services_(services),
        source_(source),
        destination_(destination),
        move_(move),
        limits_(source.is_directory() ? kDirectoryLimits : kFileLimits) {}

  Task<azure::Outcome<void>> Run(blob::BlobRecord& record) {
    const std::uint64_t from = record.path.id;
    record.path.id = destination_.place->id;
    BG_CO_CHECK(CheckFits(record));
    // The entry at its version, its tags and the rest of the place are for CommitTargets.
    move_.taken.deletes.push_back(source_.key);
    DropExpiry(source_.key, record);
    if (!record.path.directory) {
      const std::string_view entry = blob::NameOfKey(destination_.key);
      co_return co_await MoveContent(record, blob::ContentName(from), entry);
    }
    record.path.height = 0;
    directories_.push_back({from, 0, {}, record});
    for (std::size_t i = 0; i < directories_.size(); ++i) BG_CO_CHECK(co_await MoveDirectory(i));
    PutDirectories();
    record.path.height = directories_.front().record.path.height;
    co_return azure::Outcome<void>();
  }

 private:
  /// A row of this size comes to the destination.
  azure::Outcome<void> Count(std::size_t bytes) {
    ++move_.rows;
    bytes_ += bytes;
    if (move_.rows > limits_.rows || bytes_ > limits_.bytes) {
      return azure::Fail(TooMuch(limits_));
    }
    return {};
  }

  azure::Outcome<void> Give(std::string key, std::string value) {
    BG_CHECK(Count(key.size() + value.size()));
    move_.given.puts.push_back({std::move(key), std::move(value)});
    return {};
  }

  /// All rows of the source that begin with `prefix`.
  Task<azure::Outcome<std::vector<FoundRow>>> RowsOf(const std::string& prefix) {
    std::vector<FoundRow> rows;
    std::size_t bytes = bytes_;
    bool full = false;
    engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                      engine::RowVersion version) {
      rows.push_back({std::string(key), std::string(value), version});
      bytes += key.size() + value.size();
      full = move_.rows + rows.size() > limits_.rows || bytes > limits_.bytes;
      return full ? engine::ScanStep::Stop() : engine::ScanStep::Next();
    };
    BG_CO_CHECK(co_await services_.catalog().Scan(source_.partition, prefix,
                                                  blob::PrefixEnd(prefix), std::move(visitor)));
    if (full) co_return azure::Fail(TooMuch(limits_));
    co_return rows;
  }

  azure::Outcome<void> CheckFits(const blob::BlobRecord& record) const {
    if (record.type == blob::BlobType::kPage || !record.immutability.empty()) {
      return azure::Fail(ErrorCode::kFeatureNotYetSupportedForHierarchicalNamespaceAccounts);
    }
    // Whoever finishes the copy looks for it under its name.
    if (record.copy.status == blob::CopyState::Status::kPending) {
      return azure::Fail(ErrorCode::kPendingCopyOperation);
    }
    const blob::ContainerRecord& container = destination_.container->record;
    if (!container.deny_encryption_scope_override) return {};
    const bool staged = record.staged_id_length != 0;
    if ((HoldsSomething(record) && !IsDefault(container, record.encryption)) ||
        (staged && !IsDefault(container, record.staged_encryption))) {
      return azure::Fail(ErrorCode::kRequestForbiddenByContainerEncryptionPolicy);
    }
    return {};
  }

  /// Directories that a path made on its way have no key, and nothing that wants one.
  static bool HoldsSomething(const blob::BlobRecord& record) {
    if (!record.path.directory) return record.committed;
    const auto own = [](const auto& pair) { return !EqualsIgnoreCase(pair.first, kFolderMark); };
    return record.encryption.encrypted() || std::ranges::any_of(record.metadata, own);
  }

  static bool IsDefault(const blob::ContainerRecord& container, const blob::Encryption& stored) {
    const std::string& standard = container.default_encryption_scope;
    if (standard.empty()) return !stored.named();
    return stored.kind == blob::Encryption::Kind::kScope && stored.scope == standard;
  }

  void DropExpiry(const std::string& key, const blob::BlobRecord& record) {
    if (record.path.expires == Time{}) return;
    move_.taken.deletes.push_back(blob::PurgeKey(record.path.expires, key));
  }

  // A directory's inode first: a name that is added after it was read changes it before the commit.
  Task<azure::Outcome<void>> MoveDirectory(std::size_t index) {
    const std::string inode = blob::InodeKey(directories_[index].from);
    BG_CO_TRY(const auto row, co_await services_.catalog().Get(source_.partition, inode));
    move_.taken.preconditions.push_back(Precondition::Unchanged(inode, row));
    move_.taken.deletes.push_back(inode);
    BG_CO_CHECK(Count(inode.size() + (row ? row->value.size() : 0)));
    BG_CO_TRY(auto entries, co_await RowsOf(blob::EntryPrefix(directories_[index].from)));
    for (FoundRow& entry : entries) BG_CO_CHECK(co_await MoveEntry(index, std::move(entry)));
    if (!entries.empty()) RaiseHeight(index, 1);
    co_return azure::Outcome<void>();
  }

  Task<azure::Outcome<void>> MoveEntry(std::size_t index, FoundRow entry) {
    const std::string_view name = blob::NameOfKey(entry.key);
    const auto parts = blob::PartsOfEntryName(name);
    if (!parts) {
      co_return azure::Fail(
          azure::Error(Error{Errc::kCorruption, "no key of a directory's entry"}));
    }
    BG_CO_TRY(auto record, blob::BlobRecord::Decode(entry.value));
    BG_CO_CHECK(CheckFits(record));
    move_.taken.preconditions.push_back(Precondition::At(entry.key, entry.version));
    move_.taken.deletes.push_back(entry.key);
    DropExpiry(entry.key, record);
    DropTagRows(name, record, move_.taken);
    const std::uint64_t from = record.path.id;
    record.path.id = services_.etags.Next(from);
    if (record.path.directory) {
      record.path.height = 0;
      BG_CO_CHECK(Count(entry.key.size() + entry.value.size()));
      directories_.push_back({from, index, std::string(parts->leaf), std::move(record)});
      co_return azure::Outcome<void>();
    }
    const std::string to = blob::EntryName(directories_[index].record.path.id, parts->leaf);
    BG_CO_CHECK(co_await MoveContent(record, blob::ContentName(from), to));
    const std::size_t tags = move_.given.puts.size();
    PutTagRows(to, record, move_.given);
    for (std::size_t i = tags; i < move_.given.puts.size(); ++i) {
      BG_CO_CHECK(Count(move_.given.puts[i].key.size() + move_.given.puts[i].value.size()));
    }
    std::string key = blob::BlobKey(to);
    if (record.path.expires != Time{}) {
      BG_CO_CHECK(Give(blob::PurgeKey(record.path.expires, key), {}));
    }
    co_return Give(std::move(key), record.Encode());
  }

  /// The rows of the file `record` that go by `from` and are to go by its id; its entry will be
  /// `entry`.
  Task<azure::Outcome<void>> MoveContent(const blob::BlobRecord& record, const std::string& from,
                                         std::string_view entry) {
    const std::string to = blob::ContentName(record.path.id);
    if (record.staged_id_length != 0) {
      BG_CO_CHECK(co_await MoveStaged(blob::StagedPrefix(from, record.staged_generation),
                                      blob::StagedPrefix(to, record.staged_generation), entry));
    }
    // Rows of a lineage change with the record only.
    if (record.type != blob::BlobType::kAppend || record.lineage == 0) {
      co_return azure::Outcome<void>();
    }
    const std::string prefix = blob::AppendPrefix(from, record.lineage);
    BG_CO_TRY(auto rows, co_await RowsOf(prefix));
    for (FoundRow& row : rows) {
      std::string key = blob::AppendPrefix(to, record.lineage) + row.key.substr(prefix.size());
      move_.taken.deletes.push_back(std::move(row.key));
      BG_CO_CHECK(Give(std::move(key), std::move(row.value)));
    }
    co_return azure::Outcome<void>();
  }

  // The mark first: a block that arrives after it was read changes it before the commit
  // (block/staging.h).
  Task<azure::Outcome<void>> MoveStaged(const std::string& from, const std::string& to,
                                        std::string_view entry) {
    BG_CO_TRY(const auto mark, co_await services_.catalog().Get(source_.partition, from));
    move_.taken.preconditions.push_back(Precondition::Unchanged(from, mark));
    BG_CO_TRY(auto rows, co_await RowsOf(from));
    for (FoundRow& row : rows) {
      if (row.key == from) {
        BG_CO_TRY(auto moved, blob::StagedBlock::Decode(row.value));
        moved.entry = entry;
        row.value = moved.Encode();
      }
      std::string key = to + row.key.substr(from.size());
      move_.taken.deletes.push_back(std::move(row.key));
      BG_CO_CHECK(Give(std::move(key), std::move(row.value)));
    }
    co_return azure::Outcome<void>();
  }

  void RaiseHeight(std::size_t index, std::uint32_t height) {
    std::uint32_t& now = directories_[index].record.path.height;
    now = std::max(now, height);
  }

  /// All but the first, whose rows come with its place.
  void PutDirectories() {
    for (std::size_t i = directories_.size(); i-- > 1;) {
      RaiseHeight(directories_[i].parent, directories_[i].record.path.height + 1);
    }
    engine::Batch& given = move_.given;
    for (std::size_t i = 1; i < directories_.size(); ++i) {
      const MovedDirectory& directory = directories_[i];
      const std::uint64_t parent = directories_[directory.parent].record.path.id;
      const std::string inode = blob::InodeKey(directory.record.path.id);
      given.preconditions.push_back(Precondition::Absent(inode));
      given.puts.push_back({inode, blob::Inode{parent, directory.leaf}.Encode()});
      const std::string name = blob::EntryName(parent, directory.leaf);
      PutTagRows(name, directory.record, given);
      given.puts.push_back({blob::BlobKey(name), directory.record.Encode()});
    }
  }

  Services& services_;
  const Target& source_;
  const Target& destination_;
  PathMove& move_;
  const MoveLimits limits_;
  std::size_t bytes_ = 0;
  std::vector<MovedDirectory> directories_;
};

}  // namespace

Task<azure::Outcome<void>> MoveAcross(Services& services, const Target& source,
                                      const Target& destination, blob::BlobRecord& record,
                                      PathMove& move) {
  Mover mover(services, source, destination, move);
  co_return co_await mover.Run(record);
}

}  // namespace blobgate::operations
