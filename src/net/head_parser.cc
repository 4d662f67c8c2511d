#include "net/head_parser.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "base/encoding.h"
#include "http/token.h"

namespace blobgate::net {

namespace {

namespace beast_http = boost::beast::http;
using BeastView = boost::beast::string_view;
using boost::beast::error_code;

std::string_view ToStd(BeastView view) {
  return {view.data(), view.size()};
}

// Beast checks the grammar; this collects the views and adds what Beast is lenient about.
class Collector final : public beast_http::basic_parser<true> {
 public:
  Collector(const Limits& limits, http::RequestHead& head, HeadTraits& traits)
      : limits_(limits), head_(head), traits_(traits) {}

  const HeadError& failure() const { return failure_; }

 private:
  void Refuse(unsigned status, std::string_view why, error_code& ec) {
    failure_ = {status, why};
    ec = beast_http::error::bad_value;
  }

  void on_request_impl(beast_http::verb, BeastView method, BeastView target, int version,
                       error_code&) override {
    head_.method = ToStd(method);
    head_.target = ToStd(target);
    traits_.http_1_0 = version == 10;
  }

  void on_field_impl(beast_http::field field, BeastView name, BeastView value,
                     error_code& ec) override {
    if (head_.headers.fields().size() == limits_.max_headers) {
      return Refuse(431, "too many header fields", ec);
    }
    head_.headers.Add(ToStd(name), ToStd(value));
    switch (field) {
      case beast_http::field::content_length:
        return OnContentLength(ToStd(value), ec);
      case beast_http::field::transfer_encoding:
        return OnTransferEncoding(ToStd(value), ec);
      case beast_http::field::expect:
        traits_.expect_continue = EqualsIgnoreCase(ToStd(value), "100-continue");
        return;
      default:
        return;
    }
  }

  void OnContentLength(std::string_view value, error_code& ec) {
    if (head_.content_length) return Refuse(400, "Content-Length given twice", ec);
    head_.content_length = ParseUnsigned(value);
    if (!head_.content_length) return Refuse(400, "Content-Length is not a number", ec);
  }

  void OnTransferEncoding(std::string_view value, error_code& ec) {
    if (!EqualsIgnoreCase(value, "chunked")) {
      return Refuse(501, "Transfer-Encoding other than chunked", ec);
    }
    head_.chunked = true;
  }

  void on_response_impl(int, BeastView, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  const Limits& limits_;
  http::RequestHead& head_;
  HeadTraits& traits_;
  HeadError failure_;
};

// Beast has one code for a version it cannot read and for one it does not speak.
HeadError VersionError(std::string_view text) {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  const std::string_view version = line.substr(std::min(line.rfind(' ') + 1, line.size()));
  constexpr std::string_view kName = "HTTP/";
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool is_version = version.starts_with(kName) && version.size() == kName.size() + 3 &&
                          is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  if (!is_version || std::ranges::count(line, ' ') != 2) return {400, "malformed request line"};
  return {505, "HTTP version other than 1.0 and 1.1"};
}

HeadError ReadGrammar(std::string_view text, const Limits& limits, http::RequestHead& head,
                      HeadTraits& traits) {
  Collector collector(limits, head, traits);
  collector.header_limit(static_cast<std::uint32_t>(text.size()));
  collector.body_limit(boost::none);
  error_code ec;
  const std::size_t used = collector.put(boost::asio::buffer(text.data(), text.size()), ec);
  if (collector.failure()) return collector.failure();
  if (ec == beast_http::error::bad_version) return VersionError(text);
  if (ec || !collector.is_header_done() || used != text.size()) return {400, "malformed head"};
  traits.keep_alive = collector.keep_alive();
  return {};
}

constexpr std::array<bool, 256> kOfAuthorities = [] {
  constexpr std::string_view kRefused = "\"#,/<>?@\\^`{|}";
  std::array<bool, 256> allowed{};
  for (char c = ' ' + 1; c < 0x7f; ++c) {
    allowed[static_cast<unsigned char>(c)] = kRefused.find(c) == std::string_view::npos;
  }
  return allowed;
}();

bool IsAuthority(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return kOfAuthorities[c]; });
}

// Of a port there are digits only, or none.
bool HasPort(std::string_view host) {
  const std::size_t address = host.starts_with('[') ? host.find(']') : 0;
  const std::size_t colon = host.find(':', address);
  if (colon == std::string_view::npos) return address != std::string_view::npos;
  return host.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
}

HeadError CheckHost(const http::RequestHead& head, const HeadTraits& traits) {
  const std::size_t hosts = head.headers.Count("host");
  if (hosts > 1) return {400, "Host given twice"};
  if (hosts == 0 && !traits.http_1_0) return {400, "Host is missing"};
  if (!IsAuthority(head.host()) || !HasPort(head.host())) return {400, "malformed Host"};
  return {};
}

// An absolute target is accepted when it names the same host as the Host field, so that nobody in
// front of us can have routed by the other one.
HeadError ToOriginForm(http::RequestHead& head) {
  const std::string_view target = head.target;
  if (target.starts_with('/')) return {};
  const std::size_t scheme = target.find("://");
  const bool absolute =
      scheme != std::string_view::npos && (EqualsIgnoreCase(target.substr(0, scheme), "http") ||
                                           EqualsIgnoreCase(target.substr(0, scheme), "https"));
  if (!absolute) return {400, "target is neither a path nor a URL"};
  const std::string_view rest = target.substr(scheme + 3);
  const std::size_t path = rest.find('/');
  if (path == std::string_view::npos) return {400, "target without a path"};
  if (path == 0 || !EqualsIgnoreCase(rest.substr(0, path), head.host())) {
    return {400, "target and Host differ"};
  }
  head.target = rest.substr(path);
  return {};
}

HeadError ReadTarget(http::RequestHead& head) {
  if (head.target == "*" && head.method == "OPTIONS") {
    head.path = head.target;
    head.raw_query = {};
    head.query = {};
    return {};
  }
  if (const HeadError error = ToOriginForm(head)) return error;
  if (head.target.find('#') != std::string_view::npos) return {400, "target with a fragment"};
  if (!http::SplitTarget(head)) return {400, "malformed query"};
  return {};
}

HeadError CheckFraming(const http::RequestHead& head, const Limits& limits,
                       const HeadTraits& traits) {
  if (head.chunked && head.content_length) return {400, "Content-Length with Transfer-Encoding"};
  if (head.chunked && traits.http_1_0) return {400, "Transfer-Encoding in HTTP/1.0"};
  if (head.content_length.value_or(0) > limits.body_bytes) return {413, "body too large"};
  return {};
}

}  // namespace

HeadScanner::State HeadScanner::Scan(std::string_view text) {
  if (text.empty()) return State::kIncomplete;
  if (line_start_ == 0 && !http::IsTokenChar(text.front())) return State::kMalformed;
  while (true) {
    const std::size_t newline = text.find('\n', scanned_);
    if (newline == std::string_view::npos) break;
    if (newline == line_start_ || text[newline - 1] != '\r') return State::kMalformed;
    const bool empty = newline == line_start_ + 1;
    const bool folded = text[line_start_] == ' ' || text[line_start_] == '\t';
    if (folded) return State::kMalformed;
    line_start_ = scanned_ = newline + 1;
    if (empty) return State::kComplete;
  }
  scanned_ = text.size();
  return State::kIncomplete;
}

HeadError ParseHead(std::string_view text, const Limits& limits, http::RequestHead& head,
                    HeadTraits& traits) {
  head.headers.Clear();
  head.content_length.reset();
  head.chunked = false;
  traits = {};
  if (const HeadError error = ReadGrammar(text, limits, head, traits)) return error;
  if (const HeadError error = CheckHost(head, traits)) return error;
  if (const HeadError error = CheckFraming(head, limits, traits)) return error;
  if (traits.http_1_0 || !head.has_body()) traits.expect_continue = false;
  return ReadTarget(head);
}

}  // namespace blobgate::net
