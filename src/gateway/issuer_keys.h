// The public keys of token issuers: read from files or fetched from URLs that the operator named,
// and kept fresh while the daemon runs.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oauth.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "gateway/outside_client.h"
#include "gateway/source_url.h"
#include "operations/call.h"

namespace blobgate::gateway {

/// Where the keys of one issuer are. Exactly one of file, url and fixed.
struct KeyOrigin {
  std::string issuer;  ///< for the log
  std::string file;
  std::optional<SourceUrl> url;
  std::shared_ptr<const auth::KeySet> fixed;
};

struct KeyTimes {
  std::chrono::seconds file_check{5};  ///< a file is looked at this often, and read when it changed
  std::chrono::seconds url_age{3600};  ///< a URL is fetched again after this
  std::chrono::seconds unknown_kid{
      10};  ///< a token with an unknown kid asks again, at most so often
};

/// Any thread. A set that cannot be had again stays as it was, so that an issuer that is away for a
/// while locks nobody out; a key that was taken out of the set is refused once the set was read.
class IssuerKeys final : public auth::IssuerKeySource {
 public:
  /// The references outlive this; tasks in `background` must have ended before this is destroyed.
  IssuerKeys(std::vector<KeyOrigin> origins, OutsideClient& outside, const Clock& clock,
             operations::Background& background, KeyTimes times = {});
  ~IssuerKeys() override;

  std::shared_ptr<const auth::KeySet> KeysOf(std::size_t issuer) const override;

  /// Before `token` is verified: reads again what is due, and the set of the token's issuer when
  /// the token's key is not in it. Failures are logged. One request at a time does the work for an
  /// issuer; those that miss a key wait for it (at most ten seconds).
  Task<void> Prepare(std::string_view token, const auth::OAuth& oauth);

  /// Reads every set, at start.
  Task<void> LoadAll();

 private:
  struct Entry;

  bool Begin(Entry& entry, std::chrono::seconds gap);
  Task<void> Load(Entry& entry);
  Task<Result<std::string>> Read(Entry& entry);
  Task<Result<std::string>> ReadFile(Entry& entry);
  Task<Result<std::string>> Fetch(const Entry& entry);
  Task<void> WaitFor(const Entry& entry);

  std::vector<std::unique_ptr<Entry>> entries_;
  OutsideClient& outside_;
  const Clock& clock_;
  operations::Background& background_;
  const KeyTimes times_;
  std::unique_ptr<boost::asio::thread_pool> pool_;  ///< reads files; null: there are none
};

}  // namespace blobgate::gateway
