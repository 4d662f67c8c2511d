#include "query/sql_value.h"

#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace blobgate::query {
namespace {

constexpr char kBool = 'b';
constexpr char kTimestamp = 't';
constexpr char kJson = 'j';

struct PackedTimestamp {
  std::int64_t ticks;
  std::int64_t offset_minutes;
};

/// The BLOB of a type that SQLite does not have; nullopt for its own types.
std::optional<std::string> Encode(const Value& value) {
  if (const auto* b = std::get_if<bool>(&value)) return std::string{kBool, *b ? '\1' : '\0'};
  if (const auto* json = std::get_if<JsonText>(&value)) {
    std::string out{kJson};
    return out += json->text;
  }
  if (const auto* at = std::get_if<Timestamp>(&value)) {
    const PackedTimestamp packed{at->time.time_since_epoch().count(), at->offset_minutes};
    std::string out(1 + sizeof packed, kTimestamp);
    std::memcpy(out.data() + 1, &packed, sizeof packed);
    return out;
  }
  return std::nullopt;
}

Value Decode(std::string_view blob) {
  if (blob.empty()) return Null{};
  const std::string_view content = blob.substr(1);
  switch (blob.front()) {
    case kBool:
      return content != std::string_view("\0", 1);
    case kJson:
      return JsonText{content};
    default: {
      PackedTimestamp packed{};
      std::memcpy(&packed, content.data(), std::min(content.size(), sizeof packed));
      return Timestamp{Time{Ticks{packed.ticks}}, static_cast<std::int16_t>(packed.offset_minutes)};
    }
  }
}

}  // namespace

Value DecodeSql(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_value_int64(value)};
    case SQLITE_FLOAT:
      return sqlite3_value_double(value);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
      return std::string_view(text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
    }
    case SQLITE_BLOB: {
      const auto* blob = static_cast<const char*>(sqlite3_value_blob(value));
      return Decode({blob, static_cast<std::size_t>(sqlite3_value_bytes(value))});
    }
    default:
      return Null{};
  }
}

void SetSqlResult(sqlite3_context* context, const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) {
    sqlite3_result_int64(context, *i);
  } else if (const auto* d = std::get_if<double>(&value)) {
    sqlite3_result_double(context, *d);
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    sqlite3_result_text64(context, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  } else if (const auto blob = Encode(value)) {
    sqlite3_result_blob64(context, blob->data(), blob->size(), SQLITE_TRANSIENT);
  } else {
    sqlite3_result_null(context);
  }
}

int BindSql(sqlite3_stmt* statement, int parameter, const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, parameter, *i);
  }
  if (const auto* d = std::get_if<double>(&value)) {
    return sqlite3_bind_double(statement, parameter, *d);
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const char* data = text->empty() ? "" : text->data();  // a null pointer would be NULL
    return sqlite3_bind_text64(statement, parameter, data, text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  if (const auto blob = Encode(value)) {
    return sqlite3_bind_blob64(statement, parameter, blob->data(), blob->size(), SQLITE_TRANSIENT);
  }
  return sqlite3_bind_null(statement, parameter);
}

}  // namespace blobgate::query
