#include "arrow/stream_writer.h"

#include <flatbuffers/flatbuffers.h>

#include <array>
#include <cstdint>

namespace blobgate::arrow {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::voffset_t;

using Table = Offset<flatbuffers::Table>;

// Numbers of Arrow's Message.fbs and Schema.fbs.
constexpr std::int16_t kVersion5 = 4;
constexpr std::uint8_t kSchemaHeader = 1;
constexpr std::uint8_t kRecordBatchHeader = 3;
constexpr std::uint8_t kIntType = 2;
constexpr std::uint8_t kFloatType = 3;
constexpr std::uint8_t kUtf8Type = 5;
constexpr std::uint8_t kBoolType = 6;
constexpr std::uint8_t kDecimalType = 7;
constexpr std::uint8_t kTimestampType = 10;
constexpr std::uint8_t kStructType = 13;
constexpr std::uint8_t kMapType = 17;

struct FieldNode {
  std::int64_t length;
  std::int64_t nulls;
};
struct Buffer {
  std::int64_t offset;
  std::int64_t length;
};

/// The place of a table's field number `index`.
voffset_t Slot(unsigned index) {
  return flatbuffers::FieldIndexToOffset(static_cast<voffset_t>(index));
}

std::size_t Padded(std::size_t size) {
  return (size + 7) / 8 * 8;
}

/// Builds a table: `add` adds its fields.
template <class Add>
Table Build(FlatBufferBuilder& builder, Add add) {
  const auto start = builder.StartTable();
  add();
  return Table(builder.EndTable(start));
}

std::uint8_t TypeNumber(Kind kind) {
  switch (kind) {
    case Kind::kInt64:
    case Kind::kUint64:
      return kIntType;
    case Kind::kBool:
      return kBoolType;
    case Kind::kDouble:
      return kFloatType;
    case Kind::kTimestampMs:
    case Kind::kTimestampUs:
      return kTimestampType;
    case Kind::kText:
      return kUtf8Type;
    case Kind::kDecimal128:
      return kDecimalType;
    case Kind::kTextMap:
      return kMapType;
  }
  return kUtf8Type;
}

Table BuildType(FlatBufferBuilder& builder, const Type& type) {
  Offset<flatbuffers::String> zone;
  if (type.kind == Kind::kTimestampMs) zone = builder.CreateString("UTC");
  return Build(builder, [&] {
    switch (type.kind) {
      case Kind::kInt64:
        builder.AddElement<std::int32_t>(Slot(0), 64, 0);
        builder.AddElement<std::uint8_t>(Slot(1), 1, 0);  // signed
        break;
      case Kind::kUint64:
        builder.AddElement<std::int32_t>(Slot(0), 64, 0);
        break;
      case Kind::kTimestampUs:
        builder.AddElement<std::int16_t>(Slot(0), 2, 0);  // microseconds
        break;
      case Kind::kDouble:
        builder.AddElement<std::int16_t>(Slot(0), 2, 0);  // double precision
        break;
      case Kind::kTimestampMs:
        builder.AddElement<std::int16_t>(Slot(0), 1, 0);  // milliseconds
        builder.AddOffset(Slot(1), zone);
        break;
      case Kind::kDecimal128:
        builder.AddElement<std::int32_t>(Slot(0), type.precision, 0);
        builder.AddElement<std::int32_t>(Slot(1), type.scale, 0);
        builder.AddElement<std::int32_t>(Slot(2), 128, 0);
        break;
      default:
        break;
    }
  });
}

Table BuildField(FlatBufferBuilder& builder, const std::string& name, bool nullable,
                 std::uint8_t number, Table type, const std::vector<Table>& children) {
  const auto text = builder.CreateString(name);
  const auto list = builder.CreateVector(children);
  return Build(builder, [&] {
    builder.AddOffset(Slot(0), text);
    builder.AddElement<std::uint8_t>(Slot(1), nullable ? 1 : 0, 0);
    builder.AddElement<std::uint8_t>(Slot(2), number, 0);
    builder.AddOffset(Slot(3), type);
    builder.AddOffset(Slot(5), list);
  });
}

/// The structures of key and value that a map is a list of.
Table BuildEntries(FlatBufferBuilder& builder) {
  const Table key_type = BuildType(builder, {Kind::kText});
  const Table key = BuildField(builder, "key", false, kUtf8Type, key_type, {});
  const Table value_type = BuildType(builder, {Kind::kText});
  const Table value = BuildField(builder, "value", true, kUtf8Type, value_type, {});
  const Table entries_type = Build(builder, [] {});
  return BuildField(builder, "entries", false, kStructType, entries_type, {key, value});
}

Table BuildField(FlatBufferBuilder& builder, const Field& field) {
  std::vector<Table> children;
  if (field.type.kind == Kind::kTextMap) children.push_back(BuildEntries(builder));
  const Table type = BuildType(builder, field.type);
  return BuildField(builder, field.name, field.nullable, TypeNumber(field.type.kind), type,
                    children);
}

Table BuildSchema(FlatBufferBuilder& builder, const std::vector<Field>& fields,
                  const StreamWriter::Metadata& metadata) {
  std::vector<Table> list;
  for (const Field& field : fields) list.push_back(BuildField(builder, field));
  const auto columns = builder.CreateVector(list);
  std::vector<Table> pairs;
  for (const auto& [key, value] : metadata) {
    const auto name = builder.CreateString(key);
    const auto text = builder.CreateString(value);
    pairs.push_back(Build(builder, [&] {
      builder.AddOffset(Slot(0), name);
      builder.AddOffset(Slot(1), text);
    }));
  }
  const auto custom = builder.CreateVector(pairs);
  return Build(builder, [&] {
    builder.AddOffset(Slot(1), columns);
    builder.AddOffset(Slot(2), custom);
  });
}

/// The message with its length before it, padded to 8 bytes. `body`: bytes that follow.
std::string Finish(FlatBufferBuilder& builder, std::uint8_t header_type, Table header,
                   std::size_t body) {
  const Table message = Build(builder, [&] {
    builder.AddElement<std::int64_t>(Slot(3), static_cast<std::int64_t>(body), 0);
    builder.AddOffset(Slot(2), header);
    builder.AddElement<std::int16_t>(Slot(0), kVersion5, 0);
    builder.AddElement<std::uint8_t>(Slot(1), header_type, 0);
  });
  builder.Finish(message);
  const std::size_t size = Padded(builder.GetSize());
  std::string out = "\xFF\xFF\xFF\xFF";
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(size >> shift);
  out.append(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  out.append(size - builder.GetSize(), '\0');
  return out;
}

}  // namespace

StreamWriter::StreamWriter(std::vector<Field> fields, Metadata metadata)
    : fields_(std::move(fields)), metadata_(std::move(metadata)) {
  columns_.reserve(fields_.size());
  for (const Field& field : fields_) columns_.emplace_back(field.type.kind);
}

std::size_t StreamWriter::size() const {
  std::size_t sum = 0;
  for (const Column& column : columns_) sum += column.size();
  return sum;
}

std::string StreamWriter::Schema() const {
  FlatBufferBuilder builder;
  const Table schema = BuildSchema(builder, fields_, metadata_);
  return Finish(builder, kSchemaHeader, schema, 0);
}

std::string StreamWriter::Batch() {
  std::vector<Column::Node> nodes;
  std::vector<std::string_view> parts;
  for (const Column& column : columns_) {
    column.AppendNodes(nodes);
    column.AppendBuffers(parts);
  }
  std::vector<FieldNode> field_nodes;
  for (const Column::Node& node : nodes) field_nodes.push_back({node.length, node.nulls});
  std::vector<Buffer> buffers;
  std::string body;
  for (const std::string_view part : parts) {
    buffers.push_back(
        {static_cast<std::int64_t>(body.size()), static_cast<std::int64_t>(part.size())});
    body += part;
    body.resize(Padded(body.size()), '\0');
  }

  FlatBufferBuilder builder;
  const auto node_list = builder.CreateVectorOfStructs(field_nodes);
  const auto buffer_list = builder.CreateVectorOfStructs(buffers);
  const Table batch = Build(builder, [&] {
    builder.AddElement<std::int64_t>(Slot(0), rows(), 0);
    builder.AddOffset(Slot(1), node_list);
    builder.AddOffset(Slot(2), buffer_list);
  });
  std::string out = Finish(builder, kRecordBatchHeader, batch, body.size());
  out += body;
  for (Column& column : columns_) column.Clear();
  return out;
}

std::string StreamWriter::End() {
  return std::string("\xFF\xFF\xFF\xFF\0\0\0\0", 8);
}

}  // namespace blobgate::arrow
