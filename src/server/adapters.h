// Small pieces that fit the layers to each other.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task_group.h"
#include "config/config.h"
#include "gateway/access_log.h"
#include "gateway/accounts.h"
#include "net/io_threads.h"
#include "net/limits.h"
#include "operations/call.h"
#include "operations/encryption_scopes.h"
#include "server/lifecycle_policies.h"

namespace blobgate::server {

/// Background work of operations, spread over the io threads.
class IoBackground final : public operations::Background {
 public:
  explicit IoBackground(net::IoThreads& threads) : threads_(threads) {}
  void Spawn(std::string_view name, std::move_only_function<Task<void>()> task) override;
  TaskGroup& tasks() { return tasks_; }

 private:
  net::IoThreads& threads_;
  TaskGroup tasks_;
};

/// One line a request, as text, JSON or in the format of Azure's Storage Analytics, to a file or to
/// the log; or none. Lines wait for up to a second, or until there are 32 KiB of them, and are
/// written by a thread of its own, so that a slow disk does not hold up requests; when 4 MiB wait
/// for the disk, the oldest are dropped, 32 KiB at a time. Those of different threads may be in
/// another order than their requests ended.
class AccessLogWriter final : public gateway::AccessLog {
 public:
  static Result<std::unique_ptr<AccessLogWriter>> Open(const config::Config& config);
  ~AccessLogWriter() override;
  void Write(const gateway::AccessEntry& entry) override;
  Detail detail() const override;
  /// Batches of lines so far. Any thread.
  std::size_t dropped() const;

 private:
  struct State;
  explicit AccessLogWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The accounts of `config`, and how hosts name them.
std::shared_ptr<gateway::AccountTable> AccountsOf(const config::Config& config,
                                                  const LifecyclePolicies& policies);
/// Reads the key files of all encryption scopes. kInvalidArgument names the file that cannot be
/// read, that others than its owner may read, or that is not base64 of 32 bytes.
Result<operations::ScopeKeys> ScopesOf(const config::Config& config);
net::Limits LimitsOf(const config::LimitConfig& config);

}  // namespace blobgate::server
