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

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/operation.h"
#include "base/encoding.h"
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

  Task<Result<std::size_t>> Read(MutableBytes into) override {
    const std::size_t end = fail_at ? std::min(*fail_at, bytes_.size()) : bytes_.size();
    if (at_ == end && fail_at) co_return Fail(failure, "the test cut the body");
    const std::size_t n = std::min({into.size(), piece, end - at_});
    if (n > 0) std::memcpy(into.data(), bytes_.data() + at_, n);
    at_ += n;
    co_return n;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

/// The accounts of background work: one, as it is when it is asked for.
class OneAccount final : public operations::AccountDirectory {
 public:
  explicit OneAccount(const operations::Account& account) : account_(account) {}
  std::shared_ptr<const operations::Account> FindAccount(std::string_view name) const override {
    return name == account_.name ? std::make_shared<const operations::Account>(account_) : nullptr;
  }
  std::vector<std::string> Names() const override { return {account_.name}; }

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

  void Spawn(std::string_view name, std::move_only_function<Task<void>()> task) override {
    entries.push_back({std::string(name), std::move(task)});
  }
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

  Task<azure::Outcome<operations::CopySource>> Open(operations::SourceRequest request) override {
    seen.push_back({std::string(request.url), std::string(request.authorization),
                    std::string(request.own_account), request.range, request.conditions});
    const std::string url(request.url);
    if (auto found = remote.find(url); found != remote.end()) {
      co_return Answer(found->second, request.range);
    }
    if (url.starts_with(kLocal)) co_return Local(url.substr(kLocal.size()));
    co_return azure::Fail(azure::Error(azure::ErrorCode::kCannotVerifyCopySource).WithStatus(404));
  }

 private:
  static constexpr std::string_view kLocal = "http://local/";

  azure::Outcome<operations::CopySource> Local(std::string_view path) const {
    const auto slash = path.find('/');
    const auto query = path.find('?');
    auto blob = PercentDecode(path.substr(slash + 1, query - slash - 1));
    operations::LocalSource source;
    source.resource.account = account;
    source.resource.container = path.substr(0, slash);
    source.resource.blob = blob.value_or("");
    source.may_read_tags = may_read_tags;
    if (query != std::string_view::npos) {
      const auto parsed = http::Query::Parse(path.substr(query + 1));
      if (!parsed) throw std::logic_error("the test's source is malformed");
      BG_TRY(source.state, operations::ParseStateName(*parsed));
    }
    return operations::CopySource(std::move(source));
  }

  static azure::Outcome<operations::CopySource> Answer(const Remote& from,
                                                       std::optional<http::ByteRange> range) {
    operations::RemoteSource source;
    std::string body = from.body;
    source.status = from.status;
    if (range && from.status == 200) {
      const std::uint64_t last = std::min<std::uint64_t>(range->last.value_or(body.size()),
                                                         body.empty() ? 0 : body.size() - 1);
      body = range->first < body.size() ? body.substr(range->first, last - range->first + 1) : "";
      source.status = 206;
    }
    source.content_length = body.size();
    source.headers = from.headers;
    auto reader = std::make_unique<StringBody>(std::move(body));
    reader->fail_at = from.fail_at;
    source.body = std::move(reader);
    return operations::CopySource(std::move(source));
  }
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
  std::string Header(std::string_view name) const {
    const std::string* found = Lookup(headers, name);
    return found ? *found : "";
  }
  std::string Detail(std::string_view name) const {
    const std::string* found = Lookup(details, name);
    return found ? *found : "";
  }

 private:
  static const std::string* Lookup(const std::vector<std::pair<std::string, std::string>>& list,
                                   std::string_view name) {
    for (const auto& [key, value] : list) {
      if (EqualsIgnoreCase(key, name)) return &value;
    }
    return nullptr;
  }
};

class OperationHarness {
 public:
  OperationHarness()
      : clock(std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + std::chrono::hours(12)),
        etags(clock),
        services{*engine, clock, etags, sources, background} {
    account.name = "acct";
    sources.account = account.name;
  }

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
  Reply Run(operations::Handler handler, std::string_view request, std::string body = {}) {
    Prepared prepared = Prepare(request, body);
    auto spec = azure::Route(prepared.head, prepared.resource);
    if (!spec) return ErrorReply(spec.error());
    return Execute(handler, **spec, prepared, std::move(body));
  }

  /// The same with the handler that the operation table names. Needs every operation linked.
  Reply Send(std::string_view request, std::string body = {}) {
    Prepared prepared = Prepare(request, body);
    auto spec = azure::Route(prepared.head, prepared.resource);
    if (!spec) return ErrorReply(spec.error());
    return Execute(operations::HandlerOf((*spec)->id), **spec, prepared, std::move(body));
  }

  /// Runs a Task to its end on the harness's io_context and gives its value.
  template <class T>
  T Await(Task<T> task) {
    std::optional<T> value;
    std::exception_ptr failure;
    auto keep = [&](std::exception_ptr thrown, T result) {
      failure = thrown;
      if (!thrown) value.emplace(std::move(result));
    };
    boost::asio::co_spawn(io, std::move(task), std::move(keep));
    RunIo();
    if (failure) std::rethrow_exception(failure);
    if (!value) throw std::logic_error("the task is still waiting");
    return std::move(*value);
  }
  void Await(Task<void> task) {
    std::exception_ptr failure;
    bool done = false;
    auto keep = [&](std::exception_ptr thrown) {
      failure = thrown;
      done = true;
    };
    boost::asio::co_spawn(io, std::move(task), std::move(keep));
    RunIo();
    if (failure) std::rethrow_exception(failure);
    if (!done) throw std::logic_error("the task is still waiting");
  }

  /// Runs background tasks until there are none, those they spawn included.
  void RunBackground() {
    while (!background.entries.empty()) {
      auto entry = std::move(background.entries.front());
      background.entries.pop_front();
      Await(entry.task());
    }
  }

  boost::asio::io_context io{1};

 private:
  /// A request taken apart; the views in `head` point into `text`.
  struct Prepared {
    std::unique_ptr<std::string> text;
    http::RequestHead head;
    azure::Resource resource;
  };

  Prepared Prepare(std::string_view request, std::string_view body) const {
    Prepared prepared;
    prepared.text = std::make_unique<std::string>(request);
    ParseHead(*prepared.text, prepared.head);
    prepared.head.secure = secure;
    prepared.head.peer = "127.0.0.1";
    if (!body.empty() && !prepared.head.content_length && !prepared.head.chunked) {
      prepared.head.content_length = body.size();
    }
    prepared.resource = ParseResource(prepared.head);
    return prepared;
  }

  static void ParseHead(std::string_view text, http::RequestHead& head) {
    std::string_view line = NextLine(text);
    const auto space = line.find(' ');
    head.method = line.substr(0, space);
    head.target = Trim(line.substr(space + 1));
    if (!http::SplitTarget(head)) throw std::logic_error("the test's target is malformed");
    while (!text.empty()) {
      line = NextLine(text);
      if (line.empty()) continue;
      const auto colon = line.find(':');
      if (colon == std::string_view::npos) throw std::logic_error("a header without colon");
      head.headers.Add(Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
    }
    if (auto length = head.headers.Find("content-length")) {
      head.content_length = ParseUnsigned(*length);
    }
    head.chunked = EqualsIgnoreCase(head.headers.Get("transfer-encoding"), "chunked");
  }

  static std::string_view NextLine(std::string_view& text) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  azure::Resource ParseResource(const http::RequestHead& head) const {
    azure::Resource resource;
    resource.account = account.name;
    resource.secondary = secondary;
    resource.face = face;
    const std::string_view path = head.path.substr(1);
    const auto slash = path.find('/');
    resource.container = PercentDecode(path.substr(0, slash)).value_or("");
    if (slash != std::string_view::npos) {
      resource.blob = PercentDecode(path.substr(slash + 1)).value_or("");
    }
    return resource;
  }

  Reply Execute(operations::Handler handler, const azure::OperationSpec& spec, Prepared& prepared,
                std::string body) {
    StringBody reader(std::move(body));
    reader.piece = body_piece;
    reader.fail_at = body_fails_at;
    reader.failure = body_failure;
    const std::string endpoint = "https://" + account.name + ".blob.example/";
    operations::Call call{.head = prepared.head,
                          .body = reader,
                          .spec = spec,
                          .resource = prepared.resource,
                          .account = account,
                          .permissions = permissions,
                          .version = version,
                          .request_id = "00000000-0000-4000-8000-000000000001",
                          .endpoint = endpoint,
                          .now = clock.Now(),
                          .overrides = overrides,
                          .shared_key = shared_key,
                          .delegator = delegator,
                          .services = use_services ? *use_services : services};
    auto outcome = Await(handler(call));
    Reply reply = outcome ? Drain(std::move(*outcome)) : ErrorReply(outcome.error());
    reply.body_read = reader.consumed();
    return reply;
  }

  Reply Drain(http::Response response) {
    Reply reply;
    reply.status = response.status;
    for (const auto& [name, value] : response.headers) reply.headers.emplace_back(name, value);
    reply.content_length = response.content_length;
    http::SendReport sent;
    sent.complete = true;
    if (!response.stream) {
      reply.body = std::move(response.text);
    } else {
      sent.complete = Pull(*response.stream, reply);
    }
    sent.body_bytes = reply.body.size();
    if (response.on_sent) response.on_sent(sent);
    return reply;
  }

  bool Pull(http::BodySource& source, Reply& reply) {
    for (;;) {
      auto piece = Await(source.Next());
      if (!piece) {
        reply.stream_error = piece.error().code;
        return false;
      }
      if (piece->empty()) return true;
      if (!discard_body) reply.body += AsChars(piece->view());
      if (on_first_piece) std::exchange(on_first_piece, nullptr)();
    }
  }

  static Reply ErrorReply(const azure::Error& error) {
    Reply reply;
    reply.status = error.http_status();
    reply.code = azure::InfoOf(error.code).code;
    reply.headers = error.headers();
    reply.details = error.details();
    return reply;
  }

  void RunIo() {
    io.restart();
    io.run();
  }
};

}  // namespace blobgate::test
