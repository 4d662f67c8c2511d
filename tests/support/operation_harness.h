// Runs one REST operation against the engine in memory, without a gateway: the test writes a
// request head as text and reads the answer back.
//
//   OperationHarness h;
//   h.Run(CreateContainer, "PUT /c?restype=container");
//   Reply reply = h.Run(PutBlob, "PUT /c/b\nx-ms-blob-type: BlockBlob\nContent-Length: 2", "hi");
//   EXPECT_EQ(reply.status, 201u);
//
// One thread, one manual clock; background tasks wait until RunBackground. Nothing authenticates:
// `permissions` is what the caller may do.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/operation.h"
#include "engine/memory/memory_engine.h"
#include "operations/call.h"

namespace blobgate::test {

/// A request body out of a string, in pieces of at most `piece` bytes; after `fail_at` bytes it
/// answers `failure` instead.
class StringBody final : public http::BodyReader {
 public:
  explicit StringBody(std::string bytes) : bytes_(std::move(bytes)) {}

  std::size_t piece = 64 * 1024;
  std::optional<std::size_t> fail_at;
  Errc failure = Errc::kDisconnected;

  std::size_t consumed() const { return at_; }

  Task<Result<std::size_t>> Read(MutableBytes into) override;

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

/// The accounts of background work: one, as it is when it is asked for.
class OneAccount final : public operations::AccountDirectory {
 public:
  explicit OneAccount(const operations::Account& account) : account_(account) {}
  std::shared_ptr<const operations::Account> FindAccount(std::string_view name) const override;
  std::vector<std::string> Names() const override;

 private:
  const operations::Account& account_;
};

/// Keeps background tasks until the test runs them.
class QueuedBackground final : public operations::Background {
 public:
  struct Entry {
    std::string name;
    std::move_only_function<Task<void>()> task;
  };
  std::deque<Entry> entries;

  void Spawn(std::string_view name, std::move_only_function<Task<void>()> task) override;
};

/// Copy sources: `http://local/CONTAINER/BLOB` is a blob of the harness's own account, everything
/// else must be in `remote`; unknown URLs are 404 CannotVerifyCopySource.
class FakeSources final : public operations::SourceOpener {
 public:
  struct Remote {
    unsigned status = 200;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::optional<std::size_t> fail_at;                        ///< the body breaks off there
  };
  /// What the last Open was asked, with its own copies of the text.
  struct Seen {
    std::string url, authorization, own_account;
    std::optional<http::ByteRange> range;
    std::vector<std::pair<std::string, std::string>> conditions;
  };

  std::string account;
  std::map<std::string, Remote> remote;
  std::vector<Seen> seen;
  bool may_read_tags = true;  ///< of local sources

  Task<azure::Outcome<operations::CopySource>> Open(operations::SourceRequest request) override;

 private:
  azure::Outcome<operations::CopySource> Local(std::string_view path) const;
};

/// An answer, or the error the client would see.
struct Reply {
  unsigned status = 0;
  std::string code;  ///< Azure's error code; empty on success
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, std::string>> details;  ///< of an error
  std::string body;
  std::uint64_t content_length = 0;  ///< as the response says; for HEAD and streams
  std::optional<Errc> stream_error;  ///< the body broke off
  std::size_t body_read = 0;         ///< request bytes the operation took

  bool Has(std::string_view name) const { return Lookup(headers, name) != nullptr; }
  std::string Header(std::string_view name) const;  ///< empty: there is none
  std::string Detail(std::string_view name) const;

 private:
  static const std::string* Lookup(const std::vector<std::pair<std::string, std::string>>& list,
                                   std::string_view name);
};

class OperationHarness {
 public:
  OperationHarness();
  ~OperationHarness();
  OperationHarness(const OperationHarness&) = delete;
  OperationHarness& operator=(const OperationHarness&) = delete;

  /// Failures to come, of the engine's calls.
  std::shared_ptr<engine::MemoryFaults> faults = std::make_shared<engine::MemoryFaults>();
  std::unique_ptr<engine::Engine> engine = engine::NewMemoryEngine(faults);
  ManualClock clock;
  operations::EtagSource etags;
  FakeSources sources;
  QueuedBackground background;
  operations::Services services;

  // What the next request is made with.
  operations::Account account;
  azure::Permissions permissions = azure::Permissions::All();
  std::string version = "2025-07-05";
  bool secondary = false;
  azure::Face face = azure::Face::kBlob;
  bool secure = false;
  bool shared_key = true;
  std::optional<operations::Delegator> delegator;
  std::vector<std::pair<std::string, std::string>> overrides;
  std::size_t body_piece = 64 * 1024;
  operations::Services* use_services = nullptr;  ///< instead of `services`
  std::optional<std::size_t> body_fails_at;
  Errc body_failure = Errc::kDisconnected;
  std::function<void()> on_first_piece;  ///< runs once a body has begun
  bool discard_body = false;             ///< large bodies are read and not kept

  /// Runs `handler` on a request: "METHOD TARGET" and then one header a line. The target is
  /// "/CONTAINER/BLOB?QUERY", percent-encoded. Content-Length is added for a body unless the head
  /// has one. Throws when the request does not route (a mistake of the test).
  Reply Run(operations::Handler handler, std::string_view request, std::string body = {});

  /// The same with the handler that the operation table names. Needs every operation linked.
  Reply Send(std::string_view request, std::string body = {});

  /// Runs a Task to its end on the harness's io_context and gives its value. Throws what it throws,
  /// and when it is still waiting.
  template <class T>
  T Await(Task<T> task) {
    std::optional<T> value;
    Await(Keep(std::move(task), value));
    return std::move(*value);
  }
  void Await(Task<void> task);

  /// Runs background tasks until there are none, those they spawn included.
  void RunBackground();

  boost::asio::io_context io{1};

 private:
  struct Prepared;

  template <class T>
  static Task<void> Keep(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
  }

  Prepared Prepare(std::string_view request, std::string_view body) const;
  azure::Resource ParseResource(const http::RequestHead& head) const;
  Reply Execute(operations::Handler handler, const azure::OperationSpec& spec, Prepared& prepared,
                std::string body);
  Reply Drain(http::Response response);
  bool Pull(http::BodySource& source, Reply& reply);
};

}  // namespace blobgate::test
