// Service properties as they were last read: every answer asks for the CORS rules.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "azure/service_properties.h"
#include "base/time.h"
#include "blobgate/engine/catalog.h"

namespace blobgate::operations {

/// One entry an account. Any thread.
class PropertiesCache {
 public:
  using Properties = std::shared_ptr<const azure::ServiceProperties>;
  using Generation = std::uint64_t;

  /// How long what was read is as good as what could be read: another server of the same store may
  /// have set something. (The service itself allows half a minute.)
  static constexpr std::chrono::seconds kRecent{1};

  /// What was read less than kRecent before `now`; null otherwise.
  Properties Recent(std::string_view account, Time now) const;
  /// Null when version `version` of the row (0: there is none) is not what was kept.
  Properties Find(std::string_view account, engine::RowVersion version) const;

  /// To be asked for before the row is read, and given to Keep.
  Generation generation() const;
  /// Nothing is kept when Forget was called since then: what was read may be older.
  void Keep(std::string_view account, engine::RowVersion version, Properties properties, Time now,
            Generation generation);
  /// Somebody has set the account's properties.
  void Forget(std::string_view account);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  struct Entry {
    engine::RowVersion version = 0;
    Properties properties;
    Time read{};
  };

  mutable std::mutex mutex_;
  Generation generation_ = 0;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
};

}  // namespace blobgate::operations
