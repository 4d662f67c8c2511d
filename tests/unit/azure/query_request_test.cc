#include "azure/query_request.h"

#include <gtest/gtest.h>

namespace blobgate::azure {
namespace {

std::string Body(std::string_view input, std::string_view output = {}) {
  std::string body = "<QueryRequest><QueryType>SQL</QueryType><Expression>a &lt; b</Expression>";
  if (!input.empty()) {
    body += "<InputSerialization><Format>" + std::string(input) + "</Format></InputSerialization>";
  }
  if (!output.empty()) {
    body +=
        "<OutputSerialization><Format>" + std::string(output) + "</Format></OutputSerialization>";
  }
  return body + "</QueryRequest>";
}

std::string Delimited(std::string_view elements) {
  return "<Type>delimited</Type><DelimitedTextConfiguration>" + std::string(elements) +
         "</DelimitedTextConfiguration>";
}

ErrorCode CodeOf(std::string_view body) {
  auto request = ParseQueryRequest(body);
  return request ? ErrorCode::kInternalError : request.error().code;
}

TEST(QueryRequest, HasDefaults) {
  const auto request = ParseQueryRequest(Body(""));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->expression, "a < b");
  EXPECT_EQ(request->input, QueryInput(DelimitedText{}));
  EXPECT_EQ(request->output, QueryOutput(DelimitedText{}));
}

// As azure-storage-blob for Python writes it.
TEST(QueryRequest, ParquetHasNothingToConfigure) {
  const auto request = ParseQueryRequest(
      Body("<Type>parquet</Type><ParquetTextConfiguration> </ParquetTextConfiguration>"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->input, QueryInput(Parquet{}));
  EXPECT_EQ(request->output, QueryOutput(DelimitedText{}));
}

// As @azure/storage-blob writes what was not given.
TEST(QueryRequest, EmptySeparatorsAreTheDefaultAndEmptyCharactersNone) {
  const auto request = ParseQueryRequest(
      Body(Delimited("<ColumnSeparator>,</ColumnSeparator><FieldQuote/><RecordSeparator/>"
                     "<EscapeChar/><HasHeaders>true</HasHeaders>")));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->input, QueryInput(DelimitedText{.quote = std::nullopt, .has_headers = true}));
}

TEST(QueryRequest, KeepsBlankCharacters) {
  const auto request = ParseQueryRequest(
      Body(Delimited("<ColumnSeparator>\t</ColumnSeparator><RecordSeparator>&#13;\n"
                     "</RecordSeparator><FieldQuote>'</FieldQuote><EscapeChar>\\</EscapeChar>"),
           "<Type>json</Type><JsonTextConfiguration><RecordSeparator>\n</RecordSeparator>"
           "</JsonTextConfiguration>"));
  ASSERT_TRUE(request);
  EXPECT_EQ(
      request->input,
      QueryInput(DelimitedText{
          .column_separator = "\t", .record_separator = "\r\n", .quote = '\'', .escape = '\\'}));
  EXPECT_EQ(request->output, QueryOutput(JsonText{}));
}

TEST(QueryRequest, ReadsArrowSchemas) {
  const auto request = ParseQueryRequest(
      Body("",
           "<Type>arrow</Type><ArrowConfiguration><Schema><Field><Type>int64</Type></Field>"
           "<Field><Type>decimal</Type><Name>x</Name><Precision>4</Precision><Scale>2</Scale>"
           "</Field></Schema></ArrowConfiguration>"));
  ASSERT_TRUE(request);
  using Type = ArrowField::Type;
  EXPECT_EQ(request->output,
            QueryOutput(
                ArrowSchema{{{.type = Type::kInt64, .name = ""},
                             {.type = Type::kDecimal, .name = "x", .precision = 4, .scale = 2}}}));
}

TEST(QueryRequest, RefusesWhatItCannotTellApart) {
  for (const char* elements :
       {"<FieldQuote>,</FieldQuote>", "<FieldQuote>\n</FieldQuote>", "<EscapeChar>,</EscapeChar>",
        "<FieldQuote>ab</FieldQuote>", "<FieldQuote>\xC3\xA9</FieldQuote>",
        "<ColumnSeparator>\n</ColumnSeparator>", "<ColumnSeparator>123456789</ColumnSeparator>",
        "<ColumnSeparator>|</ColumnSeparator><RecordSeparator>||</RecordSeparator>",
        "<HasHeaders>perhaps</HasHeaders>"}) {
    EXPECT_EQ(CodeOf(Body(Delimited(elements))), ErrorCode::kInvalidXmlNodeValue) << elements;
  }
  EXPECT_EQ(CodeOf(Body(Delimited("<Odd/>"))), ErrorCode::kUnsupportedXmlNode);
  EXPECT_EQ(CodeOf(Body("<Type>arrow</Type>")), ErrorCode::kInvalidXmlNodeValue);
  EXPECT_EQ(CodeOf(Body("", "<Type>parquet</Type>")), ErrorCode::kInvalidXmlNodeValue);
  EXPECT_EQ(CodeOf(Body("", "<Type>arrow</Type>")), ErrorCode::kMissingRequiredXmlNode);
  EXPECT_EQ(CodeOf("<QueryRequest><QueryType>SQL</QueryType></QueryRequest>"),
            ErrorCode::kMissingRequiredXmlNode);
}

TEST(QueryRequest, BoundsTheExpression) {
  const auto of = [](std::size_t size) {
    return "<QueryRequest><QueryType>SQL</QueryType><Expression>" + std::string(size, 'x') +
           "</Expression></QueryRequest>";
  };
  EXPECT_TRUE(ParseQueryRequest(of(kMaxQueryExpression)));
  EXPECT_EQ(CodeOf(of(kMaxQueryExpression + 1)), ErrorCode::kInvalidXmlNodeValue);
  EXPECT_EQ(CodeOf(of(kMaxQueryBody)), ErrorCode::kInvalidXmlDocument);
}

}  // namespace
}  // namespace blobgate::azure
