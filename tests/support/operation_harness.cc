#include "support/operation_harness.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cstring>
#include <exception>
#include <stdexcept>

#include "base/encoding.h"

namespace blobgate::test {
namespace {

constexpr std::string_view kLocal = "http://local/";

azure::Outcome<operations::CopySource> Answer(const FakeSources::Remote& from,
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

std::string_view NextLine(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void ParseHead(std::string_view text, http::RequestHead& head) {
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

Reply ErrorReply(const azure::Error& error) {
  Reply reply;
  reply.status = error.http_status();
  reply.code = azure::InfoOf(error.code).code;
  reply.headers = error.headers();
  reply.details = error.details();
  return reply;
}

}  // namespace

Task<Result<std::size_t>> StringBody::Read(MutableBytes into) {
  const std::size_t end = fail_at ? std::min(*fail_at, bytes_.size()) : bytes_.size();
  if (at_ == end && fail_at) co_return Fail(failure, "the test cut the body");
  const std::size_t n = std::min({into.size(), piece, end - at_});
  if (n > 0) std::memcpy(into.data(), bytes_.data() + at_, n);
  at_ += n;
  co_return n;
}

std::shared_ptr<const operations::Account> OneAccount::FindAccount(std::string_view name) const {
  return name == account_.name ? std::make_shared<const operations::Account>(account_) : nullptr;
}

std::vector<std::string> OneAccount::Names() const {
  return {account_.name};
}

void QueuedBackground::Spawn(std::string_view name, std::move_only_function<Task<void>()> task) {
  entries.push_back({std::string(name), std::move(task)});
}

Task<azure::Outcome<operations::CopySource>> FakeSources::Open(operations::SourceRequest request) {
  seen.push_back({std::string(request.url), std::string(request.authorization),
                  std::string(request.own_account), request.range, request.conditions});
  const std::string url(request.url);
  if (auto found = remote.find(url); found != remote.end()) {
    co_return Answer(found->second, request.range);
  }
  if (url.starts_with(kLocal)) co_return Local(url.substr(kLocal.size()));
  co_return azure::Fail(azure::Error(azure::ErrorCode::kCannotVerifyCopySource).WithStatus(404));
}

azure::Outcome<operations::CopySource> FakeSources::Local(std::string_view path) const {
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

std::string Reply::Header(std::string_view name) const {
  const std::string* found = Lookup(headers, name);
  return found ? *found : "";
}

std::string Reply::Detail(std::string_view name) const {
  const std::string* found = Lookup(details, name);
  return found ? *found : "";
}

const std::string* Reply::Lookup(const std::vector<std::pair<std::string, std::string>>& list,
                                 std::string_view name) {
  for (const auto& [key, value] : list) {
    if (EqualsIgnoreCase(key, name)) return &value;
  }
  return nullptr;
}

/// A request taken apart; the views in `head` point into `text`.
struct OperationHarness::Prepared {
  std::unique_ptr<std::string> text;
  http::RequestHead head;
  azure::Resource resource;
};

OperationHarness::OperationHarness()
    : clock(std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + std::chrono::hours(12)),
      etags(clock),
      services{*engine, clock, etags, sources, background} {
  account.name = "acct";
  sources.account = account.name;
}

OperationHarness::~OperationHarness() = default;

Reply OperationHarness::Run(operations::Handler handler, std::string_view request,
                            std::string body) {
  Prepared prepared = Prepare(request, body);
  auto spec = azure::Route(prepared.head, prepared.resource);
  if (!spec) return ErrorReply(spec.error());
  return Execute(handler, **spec, prepared, std::move(body));
}

Reply OperationHarness::Send(std::string_view request, std::string body) {
  Prepared prepared = Prepare(request, body);
  auto spec = azure::Route(prepared.head, prepared.resource);
  if (!spec) return ErrorReply(spec.error());
  return Execute(operations::HandlerOf((*spec)->id), **spec, prepared, std::move(body));
}

void OperationHarness::Await(Task<void> task) {
  std::exception_ptr failure;
  bool done = false;
  auto keep = [&](std::exception_ptr thrown) {
    failure = thrown;
    done = true;
  };
  boost::asio::co_spawn(io, std::move(task), std::move(keep));
  io.restart();
  io.run();
  if (failure) std::rethrow_exception(failure);
  if (!done) throw std::logic_error("the task is still waiting");
}

void OperationHarness::RunBackground() {
  while (!background.entries.empty()) {
    auto entry = std::move(background.entries.front());
    background.entries.pop_front();
    Await(entry.task());
  }
}

OperationHarness::Prepared OperationHarness::Prepare(std::string_view request,
                                                     std::string_view body) const {
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

azure::Resource OperationHarness::ParseResource(const http::RequestHead& head) const {
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

Reply OperationHarness::Execute(operations::Handler handler, const azure::OperationSpec& spec,
                                Prepared& prepared, std::string body) {
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

Reply OperationHarness::Drain(http::Response response) {
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

bool OperationHarness::Pull(http::BodySource& source, Reply& reply) {
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

}  // namespace blobgate::test
