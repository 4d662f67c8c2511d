#include "query/json_tree.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "query/json_text.h"

namespace blobgate::query {

/// Receives the events of nlohmann's parser, whose names these are.
class JsonTreeBuilder {
 public:
  using Json = nlohmann::json;
  using Kind = JsonTree::Kind;

  explicit JsonTreeBuilder(JsonTree& tree) : tree_(tree) {}

  bool null() { return Add(Kind::kNull), true; }
  bool boolean(bool value) {
    Add(Kind::kBool).boolean = value;
    return true;
  }
  bool number_integer(std::int64_t value) {
    Add(Kind::kInt).integer = value;
    return true;
  }
  bool number_unsigned(std::uint64_t value) {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value <= kMost) return number_integer(static_cast<std::int64_t>(value));
    return number_float(static_cast<double>(value), {});
  }
  bool number_float(double value, const std::string&) {
    Add(Kind::kFloat).real = value;
    return true;
  }
  bool string(std::string& value) {
    const JsonTree::Span text = Keep(value);
    Add(Kind::kText).text = text;
    return true;
  }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return Open(Kind::kObject); }
  bool start_array(std::size_t) { return Open(Kind::kArray); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(std::string& name) {
    name_ = Keep(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) {
    return false;
  }

 private:
  JsonTree::Entry& Add(Kind kind) {
    JsonTree::Entry& entry = tree_.nodes_.emplace_back();
    entry.kind = kind;
    entry.name = name_;
    entry.next = static_cast<JsonTree::Node>(tree_.nodes_.size());
    name_ = {};
    return entry;
  }
  bool Open(Kind kind) {
    open_.push_back(static_cast<JsonTree::Node>(tree_.nodes_.size()));
    Add(kind);
    return true;
  }
  bool Close() {
    tree_.nodes_[open_.back()].next = static_cast<JsonTree::Node>(tree_.nodes_.size());
    open_.pop_back();
    return true;
  }
  JsonTree::Span Keep(const std::string& text) {
    const JsonTree::Span span{static_cast<std::uint32_t>(tree_.texts_.size()),
                              static_cast<std::uint32_t>(text.size())};
    tree_.texts_ += text;
    return span;
  }

  JsonTree& tree_;
  JsonTree::Span name_;  ///< of the value that comes next
  std::vector<JsonTree::Node> open_;
};

bool JsonTree::Parse(std::string_view text) {
  nodes_.clear();
  texts_.clear();
  JsonTreeBuilder builder(*this);
  return nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
}

std::vector<JsonTree::Node> JsonTree::Children(Node node) const {
  std::vector<Node> children;
  for (Node child = node + 1; child < nodes_[node].next; child = nodes_[child].next) {
    children.push_back(child);
  }
  return children;
}

std::optional<JsonTree::Node> JsonTree::Find(Node node, const PathStep& step) const {
  const bool by_name = step.kind == PathStep::Kind::kName;
  if (nodes_[node].kind != (by_name ? Kind::kObject : Kind::kArray)) return std::nullopt;
  std::uint64_t index = 0;
  for (Node child = node + 1; child < nodes_[node].next; child = nodes_[child].next) {
    const bool found = by_name ? (step.quoted ? NameOf(child) == step.name
                                              : EqualsIgnoreCase(NameOf(child), step.name))
                               : index == step.index;
    if (found) return child;
    ++index;
  }
  return std::nullopt;
}

Value JsonTree::ValueOf(Node node, std::string& made) const {
  const Entry& entry = nodes_[node];
  switch (entry.kind) {
    case Kind::kNull:
      return Null{};
    case Kind::kBool:
      return entry.boolean;
    case Kind::kInt:
      return entry.integer;
    case Kind::kFloat:
      return entry.real;
    case Kind::kText:
      return Text(entry.text);
    case Kind::kObject:
    case Kind::kArray:
      break;
  }
  made.clear();
  Write(node, made);
  return JsonText{made};
}

void JsonTree::Write(Node node, std::string& out) const {
  const Kind kind = nodes_[node].kind;
  if (kind != Kind::kObject && kind != Kind::kArray) {
    std::string unused;
    return AppendJson(out, ValueOf(node, unused));
  }
  out += kind == Kind::kObject ? '{' : '[';
  for (Node child = node + 1; child < nodes_[node].next; child = nodes_[child].next) {
    if (child != node + 1) out += ',';
    if (kind == Kind::kObject) {
      AppendJsonText(out, NameOf(child));
      out += ':';
    }
    Write(child, out);
  }
  out += kind == Kind::kObject ? '}' : ']';
}

}  // namespace blobgate::query
