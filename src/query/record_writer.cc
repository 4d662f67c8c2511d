#include "query/record_writer.h"

#include <utility>

#include "query/json_text.h"

namespace blobgate::query {
namespace {

class DelimitedWriter final : public RecordWriter {
 public:
  explicit DelimitedWriter(azure::DelimitedText format) : format_(std::move(format)) {
    quoted_ =
        format_.column_separator.substr(0, 1) + format_.record_separator.substr(0, 1) + "\r\n";
    if (format_.quote) quoted_ += *format_.quote;
    if (format_.escape) quoted_ += *format_.escape;
  }

  OrError<void> Write(std::span<const NamedValue> record, std::string& out) override {
    if (format_.has_headers && !std::exchange(named_, true)) {
      WriteLine(record, out, [](const NamedValue& column) { return Value{column.name}; });
    }
    WriteLine(record, out, [](const NamedValue& column) { return column.value; });
    return {};
  }

 private:
  template <class Get>
  void WriteLine(std::span<const NamedValue> record, std::string& out, Get get) const {
    for (std::size_t i = 0; i < record.size(); ++i) {
      if (i > 0) out += format_.column_separator;
      const Value value = get(record[i]);
      if (const auto* text = std::get_if<std::string_view>(&value)) {
        WriteField(*text, out);
      } else {
        WriteField(ToText(value), out);
      }
    }
    out += format_.record_separator;
  }

  void WriteField(std::string_view text, std::string& out) const {
    if (text.find_first_of(quoted_) == std::string_view::npos) {
      out += text;
      return;
    }
    if (format_.quote) out += *format_.quote;
    for (const char c : text) {
      if (NeedsEscape(c)) out += format_.escape ? *format_.escape : *format_.quote;
      out += c;
    }
    if (format_.quote) out += *format_.quote;
  }

  // In quotes: quotes and escapes. Without them: separators too, when there is an escape.
  bool NeedsEscape(char c) const {
    if (c == format_.quote || c == format_.escape) return true;
    return !format_.quote && format_.escape && quoted_.contains(c);
  }

  const azure::DelimitedText format_;
  std::string quoted_;  ///< a field with one of these is put in quotes
  bool named_ = false;  ///< the header was written
};

class JsonWriter final : public RecordWriter {
 public:
  explicit JsonWriter(azure::JsonText format) : format_(std::move(format)) {}

  OrError<void> Write(std::span<const NamedValue> record, std::string& out) override {
    out += '{';
    bool first = true;
    for (const NamedValue& column : record) {
      if (std::holds_alternative<Missing>(column.value)) continue;
      if (!std::exchange(first, false)) out += ',';
      AppendJsonText(out, column.name);
      out += ':';
      AppendJson(out, column.value);
    }
    out += '}';
    out += format_.record_separator;
    return {};
  }

 private:
  const azure::JsonText format_;
};

struct MakeWriter {
  std::unique_ptr<RecordWriter> operator()(const azure::DelimitedText& format) const {
    return std::make_unique<DelimitedWriter>(format);
  }
  std::unique_ptr<RecordWriter> operator()(const azure::JsonText& format) const {
    return std::make_unique<JsonWriter>(format);
  }
  std::unique_ptr<RecordWriter> operator()(const azure::ArrowSchema& schema) const {
    return NewArrowWriter(schema);
  }
};

}  // namespace

std::unique_ptr<RecordWriter> NewRecordWriter(const azure::QueryOutput& format) {
  return std::visit(MakeWriter{}, format);
}

}  // namespace blobgate::query
