// What every operation gets: the request, its parsed names, who asks, and the services it may use.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/errors.h"
#include "azure/lifecycle_policy.h"
#include "azure/operation.h"
#include "azure/permissions.h"
#include "azure/resource.h"
#include "base/task.h"
#include "base/time.h"
#include "blob/acl.h"
#include "blob/tier.h"
#include "blobgate/engine/engine.h"
#include "http/body.h"
#include "http/request_head.h"
#include "http/response.h"
#include "operations/access_times.h"
#include "operations/capacity/account_capacity.h"
#include "operations/copy/copy_source.h"
#include "operations/encryption_scopes.h"
#include "operations/path/running_jobs.h"
#include "operations/service/properties_cache.h"
#include "operations/worker_threads.h"
#include "operations/write_queue.h"

namespace blobgate::operations {

/// An account as operations see it: no secrets.
struct Account {
  std::string name;
  std::string kind = "StorageV2";    ///< x-ms-account-kind
  std::string sku = "Standard_LRS";  ///< x-ms-sku-name
  bool hierarchical = false;
  bool public_access = true;                   ///< containers may have anonymous readers
  bool versioning = false;                     ///< writes keep the former state as a version
  std::uint32_t container_retention_days = 0;  ///< soft delete of containers; 0: off
  bool version_level_immutability = false;     ///< in all containers
  std::vector<std::string> immutable_containers = {};  ///< else in these
  bool change_feed = false;                            ///< changes of blobs are recorded (feed/)
  std::uint32_t change_feed_retention_days = 0;        ///< 0: kept for good
  bool last_access_tracking = false;
  bool encrypted = false;  ///< new blobs are under the account's key (EncryptionScopes)
  /// Null: there are no rules.
  std::shared_ptr<const azure::LifecyclePolicy> lifecycle = nullptr;
  std::uint64_t capacity_bytes = 0;  ///< may be stored; 0: as much as there is room for
  /// What of that is used. Never null.
  std::shared_ptr<AccountCapacity> capacity = std::make_shared<AccountCapacity>();

  /// x-ms-immutable-storage-with-versioning-enabled of a container.
  bool IsImmutable(std::string_view container) const {
    return version_level_immutability ||
           std::ranges::find(immutable_containers, container) != immutable_containers.end();
  }
};

/// The accounts of this server, for what happens without a request.
class AccountDirectory {
 public:
  virtual ~AccountDirectory() = default;
  /// As it is now; null when there is none.
  virtual std::shared_ptr<const Account> FindAccount(std::string_view name) const = 0;
  /// All that there are now.
  virtual std::vector<std::string> Names() const = 0;
};

/// Makes ETags and ids that grow: never the same value twice in a process, and never below `above`.
/// Any thread.
class EtagSource {
 public:
  explicit EtagSource(const Clock& clock) : clock_(clock) {}
  /// .NET ticks, greater than `above` and than every value given before.
  std::uint64_t Next(std::uint64_t above = 0);

 private:
  const Clock& clock_;
  std::atomic<std::uint64_t> last_{0};
};

/// Runs a Task in the background on a server thread; it is asked to stop and awaited at shutdown.
class Background {
 public:
  virtual ~Background() = default;
  virtual void Spawn(std::string_view name, std::move_only_function<Task<void>()> task) = 0;
};

/// A caller with a bearer token, who may ask for user delegation keys.
struct Delegator {
  std::string_view oid;
  std::string_view tid;
  /// What the account's keys are derived from (azure/delegation_key.h); empty: it gives none.
  std::string_view secret;
};

/// Runs the requests inside a batch. Implemented by the gateway.
class SubRequests {
 public:
  virtual ~SubRequests() = default;
  /// The whole answer to a request without body, errors included, as if it had come alone with
  /// `version` in force.
  virtual Task<http::Response> Run(const http::RequestHead& head, std::string_view version) = 0;
};

/// Shared by all requests; outlives them.
struct Services {
  engine::Engine& engine;
  const Clock& clock;
  EtagSource& etags;
  SourceOpener& sources;
  Background& background;
  /// Where the writers of one blob line up (operations/blob_write.h). Never null.
  std::shared_ptr<WriteQueue> writes = std::make_shared<WriteQueue>();
  /// For long computations. Never null.
  std::shared_ptr<WorkerThreads> workers = std::make_shared<WorkerThreads>();
  blob::RehydrationTimes rehydration = {};
  /// Never null.
  std::shared_ptr<const EncryptionScopes> scopes = std::make_shared<EncryptionScopes>();
  /// Never null.
  std::shared_ptr<PropertiesCache> properties = std::make_shared<PropertiesCache>();
  std::shared_ptr<AccessTimes> access_times = std::make_shared<AccessTimes>();
  /// Containers whose deleted directories are being removed (operations/path/detached.h).
  std::shared_ptr<RunningJobs> path_jobs = std::make_shared<RunningJobs>();
  /// Null: nothing but requests knows accounts (unit tests).
  const AccountDirectory* accounts = nullptr;

  engine::Catalog& catalog() const { return engine.catalog(); }
  engine::ExtentStore& extents() const { return engine.extents(); }
};

/// One request being served. Lives in the gateway's coroutine frame until the operation answered;
/// a response that streams must own what it needs beyond that (it may keep `services`).
struct Call {
  const http::RequestHead& head;
  http::BodyReader& body;
  const azure::OperationSpec& spec;
  const azure::Resource& resource;
  const Account& account;
  azure::Permissions permissions;  ///< letters of the caller; all for Shared Key
  std::string_view version;        ///< x-ms-version in force, a date as text; compares as text
  std::string_view request_id;
  std::string_view endpoint;  ///< "https://acct.blob.example/" for ServiceEndpoint, ends in `/`
  Time now;
  /// Response headers a SAS overrides (rscc and so on).
  const std::vector<std::pair<std::string, std::string>>& overrides;
  bool shared_key = false;  ///< signed with an account key: reads its own account's copy sources
  std::optional<Delegator> delegator = std::nullopt;  ///< set for a bearer token
  Services& services;
  SubRequests* sub_requests = nullptr;         ///< of Blob Batch
  std::string_view sas_encryption_scope = {};  ///< `ses`: what is written belongs under it

  /// Where an operation that gets its content from elsewhere than the body says how much it stores.
  /// Null: nobody wants to know.
  CapacityClaim* capacity = nullptr;

  /// Set when POSIX rights decide what the caller may (operations.md 3.1).
  std::optional<blob::AclCaller> posix = std::nullopt;
  /// Who owns what the caller makes in a hierarchical container.
  std::string_view owner = blob::kSuperuser;
  /// Do the caller's rights cover the path `source`, of the same account? (Rename Path)
  std::function<bool(const azure::Resource& source)> covers = nullptr;
  /// What a SAS, the query of a URL, lets its bearer do when `source` is renamed. 403, and what
  /// else a request with it would be answered. Null: there are no SAS. The arguments live until the
  /// end.
  std::function<Task<azure::Outcome<azure::Permissions>>(const azure::Resource& source,
                                                         std::string_view sas)>
      letters_of_sas = nullptr;

  const http::HeaderView& headers() const { return head.headers; }
  const http::Query& query() const { return head.query; }
};

/// Every operation has this shape. The response has no common headers yet: the gateway adds
/// x-ms-request-id, x-ms-version, Date, Server, x-ms-client-request-id.
using Handler = Task<azure::Outcome<http::Response>> (*)(Call& call);

/// The handler of an operation; every row of azure::OperationTable has one.
Handler HandlerOf(azure::Operation id);

}  // namespace blobgate::operations
