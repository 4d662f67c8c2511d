#include "azure/query_request.h"

#include <utility>

#include "azure/xml_reader.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

Outcome<void> ReadSeparator(const XmlFields& fields, std::string_view name, std::string& into) {
  const XmlElement* element = fields.Find(name);
  if (!element) return {};
  BG_TRY(std::string text, element->Text());
  if (text.size() > kMaxSeparator) {
    return Fail(InvalidXmlValue(name, text, "A separator has at most 8 bytes."));
  }
  if (!text.empty()) into = std::move(text);
  return {};
}

Outcome<void> ReadCharacter(const XmlFields& fields, std::string_view name,
                            std::optional<char>& into) {
  const XmlElement* element = fields.Find(name);
  if (!element) return {};
  BG_TRY(const std::string text, element->Text());
  if (text.size() > 1) {
    return Fail(InvalidXmlValue(name, text, "It must be one ASCII character."));
  }
  into = text.empty() ? std::nullopt : std::optional(text.front());
  return {};
}

/// No byte may have two meanings. A quote that is its own escape is doubled, as without one.
Outcome<void> CheckDistinct(DelimitedText& text) {
  if (text.escape == text.quote) text.escape.reset();
  const auto clashes = [&](const std::optional<char>& c) {
    return c && (text.column_separator.contains(*c) || text.record_separator.contains(*c));
  };
  if (clashes(text.quote)) {
    return Fail(InvalidXmlValue("FieldQuote", {&*text.quote, 1}, "It is part of a separator."));
  }
  if (clashes(text.escape)) {
    return Fail(InvalidXmlValue("EscapeChar", {&*text.escape, 1}, "It is part of a separator."));
  }
  if (text.column_separator.starts_with(text.record_separator) ||
      text.record_separator.starts_with(text.column_separator)) {
    return Fail(InvalidXmlValue("ColumnSeparator", text.column_separator,
                                "It must differ from the record separator."));
  }
  return {};
}

Outcome<DelimitedText> ReadDelimited(const XmlFields& format) {
  DelimitedText text;
  const XmlElement* element = format.Find("DelimitedTextConfiguration");
  if (!element) return text;
  BG_TRY(const auto fields,
         XmlFields::Of(*element, {"ColumnSeparator", "FieldQuote", "RecordSeparator", "EscapeChar",
                                  "HasHeaders"}));
  BG_CHECK(ReadSeparator(fields, "ColumnSeparator", text.column_separator));
  BG_CHECK(ReadSeparator(fields, "RecordSeparator", text.record_separator));
  BG_CHECK(ReadCharacter(fields, "FieldQuote", text.quote));
  BG_CHECK(ReadCharacter(fields, "EscapeChar", text.escape));
  if (const XmlElement* headers = fields.Find("HasHeaders")) {
    BG_TRY(text.has_headers, headers->Bool());
  }
  BG_CHECK(CheckDistinct(text));
  return text;
}

Outcome<JsonText> ReadJson(const XmlFields& format) {
  JsonText text;
  const XmlElement* element = format.Find("JsonTextConfiguration");
  if (!element) return text;
  BG_TRY(const auto fields, XmlFields::Of(*element, {"RecordSeparator"}));
  BG_CHECK(ReadSeparator(fields, "RecordSeparator", text.record_separator));
  return text;
}

Outcome<ArrowField::Type> ArrowTypeOf(const XmlElement& element) {
  using Type = ArrowField::Type;
  BG_TRY(const std::string name, element.TrimmedText());
  if (EqualsIgnoreCase(name, "int64")) return Type::kInt64;
  if (EqualsIgnoreCase(name, "bool")) return Type::kBool;
  if (EqualsIgnoreCase(name, "timestamp[ms]")) return Type::kTimestampMs;
  if (EqualsIgnoreCase(name, "string")) return Type::kString;
  if (EqualsIgnoreCase(name, "double")) return Type::kDouble;
  if (EqualsIgnoreCase(name, "decimal")) return Type::kDecimal;
  return Fail(InvalidXmlValue("Type", name));
}

/// A number from `least` to `most`; `least` when absent.
Outcome<std::int32_t> ReadDigits(const XmlFields& fields, std::string_view name, std::int32_t least,
                                 std::int32_t most) {
  const XmlElement* element = fields.Find(name);
  if (!element) return least;
  BG_TRY(const std::uint32_t number, element->Number());
  if (number < static_cast<std::uint32_t>(least) || number > static_cast<std::uint32_t>(most)) {
    return Fail(InvalidXmlValue(name, std::to_string(number)));
  }
  return static_cast<std::int32_t>(number);
}

Outcome<ArrowField> ReadArrowField(const XmlElement& element) {
  constexpr std::int32_t kMaxPrecision = 38;
  if (element.name() != "Field") {
    return Fail(Error(ErrorCode::kUnsupportedXmlNode)
                    .WithDetail("XmlNodeName", std::string(element.name())));
  }
  BG_TRY(const auto fields, XmlFields::Of(element, {"Type", "Name", "Precision", "Scale"}));
  ArrowField field;
  BG_TRY(const XmlElement type, fields.Require("Type"));
  BG_TRY(field.type, ArrowTypeOf(type));
  if (const XmlElement* name = fields.Find("Name")) {
    BG_TRY(field.name, name->Text());
  }
  if (field.type != ArrowField::Type::kDecimal) return field;
  BG_TRY(field.precision, ReadDigits(fields, "Precision", 1, kMaxPrecision));
  BG_TRY(field.scale, ReadDigits(fields, "Scale", 0, field.precision));
  return field;
}

Outcome<ArrowSchema> ReadArrow(const XmlFields& format) {
  BG_TRY(const XmlElement element, format.Require("ArrowConfiguration"));
  BG_TRY(const auto fields, XmlFields::Of(element, {"Schema"}));
  BG_TRY(const XmlElement list, fields.Require("Schema"));
  BG_TRY(const std::vector<XmlElement> children, list.Children());
  if (children.empty() || children.size() > kMaxArrowFields) {
    return Fail(InvalidXmlValue("Schema", std::to_string(children.size()),
                                "A schema has 1 to 1,024 fields."));
  }
  ArrowSchema schema;
  for (const XmlElement& child : children) {
    BG_TRY(ArrowField field, ReadArrowField(child));
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

/// The fields of Format, and its Type in lower case.
struct Format {
  XmlFields fields;
  std::string type;
};

Outcome<Format> ReadFormat(const XmlElement& serialization) {
  BG_TRY(const auto outer, XmlFields::Of(serialization, {"Format"}));
  BG_TRY(const XmlElement element, outer.Require("Format"));
  BG_TRY(auto fields,
         XmlFields::Of(element, {"Type", "DelimitedTextConfiguration", "JsonTextConfiguration",
                                 "ArrowConfiguration", "ParquetTextConfiguration"}));
  BG_TRY(const XmlElement type, fields.Require("Type"));
  BG_TRY(const std::string name, type.TrimmedText());
  return Format{std::move(fields), ToLower(name)};
}

bool IsDelimited(const Format& format) {
  return format.type == "delimited" || format.type == "csv";
}

Outcome<QueryInput> ReadInput(const XmlElement& element) {
  BG_TRY(const Format format, ReadFormat(element));
  if (IsDelimited(format)) return ReadDelimited(format.fields);
  if (format.type == "json") return ReadJson(format.fields);
  if (format.type == "parquet") return Parquet{};
  return Fail(InvalidXmlValue("Type", format.type, "No format of input."));
}

Outcome<QueryOutput> ReadOutput(const XmlElement& element) {
  BG_TRY(const Format format, ReadFormat(element));
  if (IsDelimited(format)) return ReadDelimited(format.fields);
  if (format.type == "json") return ReadJson(format.fields);
  if (format.type == "arrow") return ReadArrow(format.fields);
  return Fail(InvalidXmlValue("Type", format.type, "No format of output."));
}

}  // namespace

Outcome<QueryRequest> ParseQueryRequest(std::string_view body) {
  BG_TRY(const XmlDocument document, XmlDocument::Parse(body, "QueryRequest", kMaxQueryBody));
  BG_TRY(const auto fields,
         XmlFields::Of(document.root(),
                       {"QueryType", "Expression", "InputSerialization", "OutputSerialization"}));
  BG_TRY(const XmlElement type_element, fields.Require("QueryType"));
  BG_TRY(const std::string type, type_element.TrimmedText());
  if (!EqualsIgnoreCase(type, "SQL")) return Fail(InvalidXmlValue("QueryType", type));
  QueryRequest request;
  BG_TRY(const XmlElement expression, fields.Require("Expression"));
  BG_TRY(request.expression, expression.Text());
  if (request.expression.size() > kMaxQueryExpression) {
    return Fail(InvalidXmlValue("Expression", "", "The expression is over 256 KiB."));
  }
  if (const XmlElement* input = fields.Find("InputSerialization")) {
    BG_TRY(request.input, ReadInput(*input));
  }
  if (const XmlElement* output = fields.Find("OutputSerialization")) {
    BG_TRY(request.output, ReadOutput(*output));
  }
  return request;
}

}  // namespace blobgate::azure
