// One JSON text as a flat array of nodes, in the order of the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/statement.h"
#include "query/value.h"

namespace blobgate::query {

class JsonTree {
 public:
  using Node = std::uint32_t;  ///< its index; 0 is the root

  /// Takes the place of what was there. False: not one whole JSON value of valid UTF-8. Recursion
  /// is bounded by the depth of `text`, which the caller has checked. REQUIRES: under 4 GiB.
  bool Parse(std::string_view text);

  bool IsObject(Node node) const { return nodes_[node].kind == Kind::kObject; }
  /// Children of an object or array; none of others. In order.
  std::vector<Node> Children(Node node) const;
  std::string_view NameOf(Node node) const { return Text(nodes_[node].name); }
  /// One step down; nullopt: nothing there. REQUIRES: not kEach.
  std::optional<Node> Find(Node node, const PathStep& step) const;
  /// Objects and arrays are written to `made`, which the value then points to.
  Value ValueOf(Node node, std::string& made) const;

 private:
  friend class JsonTreeBuilder;

  enum class Kind : std::uint8_t { kNull, kBool, kInt, kFloat, kText, kObject, kArray };
  /// A part of texts_.
  struct Span {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  struct Entry {
    Kind kind = Kind::kNull;
    bool boolean = false;
    Span name;  ///< in an object
    Span text;
    union {
      std::int64_t integer = 0;
      double real;
    };
    Node next = 0;  ///< the first node that is not inside this one
  };

  std::string_view Text(Span span) const {
    return std::string_view(texts_).substr(span.at, span.size);
  }
  void Write(Node node, std::string& out) const;

  std::vector<Entry> nodes_;
  std::string texts_;
};

}  // namespace blobgate::query
