// One request head as it came off the wire.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace blobgate::http {

/// Is `name` the joined `prefix` and `rest`, without case? A prefix is what many fields share.
bool IsJoinedName(std::string_view name, std::string_view prefix, std::string_view rest);

/// Header fields in the order received. Names compare without case; values are trimmed of blanks
/// at both ends and otherwise as received. The views belong to whoever owns the head's text.
class HeaderView {
 public:
  using Field = std::pair<std::string_view, std::string_view>;

  void Add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  /// The first field of that name; nullopt when there is none (an empty value is a value).
  std::optional<std::string_view> Find(std::string_view name) const;
  /// The same by a joined name.
  std::optional<std::string_view> Find(std::string_view prefix, std::string_view rest) const;
  /// The value, or "" when absent.
  std::string_view Get(std::string_view name) const { return Find(name).value_or(""); }
  bool Has(std::string_view name) const { return Find(name).has_value(); }
  std::size_t Count(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }
  void Clear() { fields_.clear(); }

 private:
  std::vector<Field> fields_;
};

/// The query of a target: names and values percent-decoded, in the order sent. `+` means a space
/// except in `sig` and `blockid`, which are base64 and reach some servers with a bare `+`.
/// Copies share the decoded text.
class Query {
 public:
  using Param = std::pair<std::string_view, std::string_view>;

  static constexpr std::size_t kMaxParams = 256;

  /// nullopt when a percent escape is malformed, or past kMaxParams.
  static std::optional<Query> Parse(std::string_view raw);

  /// The first parameter of that name (names compare without case).
  std::optional<std::string_view> Find(std::string_view name) const;
  std::string_view Get(std::string_view name) const { return Find(name).value_or(""); }
  bool Has(std::string_view name) const { return Find(name).has_value(); }
  const std::vector<Param>& params() const { return params_; }

 private:
  std::shared_ptr<const char[]> text_;  ///< what `params_` point into
  std::vector<Param> params_;
};

/// The head of one request. Valid until the handler has returned, not while the response is sent:
/// the views point into the connection's head buffer.
struct RequestHead {
  std::string_view method;     ///< as sent; methods are case-sensitive
  std::string_view target;     ///< as sent, origin form ("/path?query")
  std::string_view path;       ///< the part of target before `?`, still encoded, starts with `/`
  std::string_view raw_query;  ///< the part after `?`, still encoded; empty when there is none
  Query query;
  HeaderView headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;         ///< Transfer-Encoding: chunked
  bool secure = false;          ///< came over TLS
  std::string_view peer;        ///< textual address of the client, without port
  std::uint16_t peer_port = 0;  ///< of the client
  std::uint16_t local_port = 0;

  std::string_view host() const { return headers.Get("host"); }
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

/// Splits `target` into path, raw_query and query. False when it is not in origin form or an
/// escape in the query is malformed.
bool SplitTarget(RequestHead& head);

}  // namespace blobgate::http
