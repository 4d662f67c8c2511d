// Delimited text and JSON as they come in, and the forms that go out.
#include <gtest/gtest.h>

#include "unit/query/query_test_support.h"

namespace blobgate::query {
namespace {

using test::QueryAnswer;
using test::RunQuery;

/// SELECT * as JSON, the same however the text is cut.
std::string Read(const azure::QueryInput& input, std::string_view text) {
  azure::QueryRequest request = Json("SELECT * FROM BlobStorage");
  request.input = input;
  const QueryAnswer whole = RunQuery(request, text);
  for (const std::size_t piece : {1, 2, 3, 7}) {
    const QueryAnswer cut = RunQuery(request, text, piece);
    EXPECT_EQ(cut.data, whole.data) << "in pieces of " << piece;
    EXPECT_EQ(cut.errors, whole.errors) << "in pieces of " << piece;
  }
  return whole.data + (whole.errors.empty() ? "" : whole.errors.back().name);
}

TEST(DelimitedReader, TakesFieldsApart) {
  const azure::DelimitedText csv;
  EXPECT_EQ(Read(csv, "a,b\n"), "{\"_1\":\"a\",\"_2\":\"b\"}\n");
  EXPECT_EQ(Read(csv, "a,"), "{\"_1\":\"a\",\"_2\":\"\"}\n");
  EXPECT_EQ(Read(csv, "a\r\nb"), "{\"_1\":\"a\"}\n{\"_1\":\"b\"}\n");
  EXPECT_EQ(Read(csv, "\n"), "{\"_1\":\"\"}\n");
  EXPECT_EQ(Read(csv, ""), "");
  EXPECT_EQ(Read(csv, "\"a,\n\"\"b\"\"\",c"), "{\"_1\":\"a,\\n\\\"b\\\"\",\"_2\":\"c\"}\n");
  EXPECT_EQ(Read(csv, "\"\",\"\"\n"), "{\"_1\":\"\",\"_2\":\"\"}\n");
  EXPECT_EQ(Read(csv, "a\"b,\"c\"d\n"), "{\"_1\":\"a\\\"b\",\"_2\":\"cd\"}\n");
  EXPECT_EQ(Read(csv, "\"open\na,b\n"), "ParseError");
  EXPECT_EQ(Read(csv, std::string_view("\xFF\0", 2)), "{\"_1\":\"\xEF\xBF\xBD\\u0000\"}\n");
}

TEST(DelimitedReader, OtherCharacters) {
  EXPECT_EQ(Read(azure::DelimitedText{.column_separator = "||", .record_separator = "\r\n"},
                 "a||b|c\r\nd\re\r\n"),
            "{\"_1\":\"a\",\"_2\":\"b|c\"}\n{\"_1\":\"d\\re\"}\n");
  EXPECT_EQ(Read(azure::DelimitedText{.quote = std::nullopt}, "\"a\",b\n"),
            "{\"_1\":\"\\\"a\\\"\",\"_2\":\"b\"}\n");
  EXPECT_EQ(Read(azure::DelimitedText{.escape = '\\'}, "a\\,b\\\nc,\"d\\\"e\\\\\"\n"),
            "{\"_1\":\"a,b\\nc\",\"_2\":\"d\\\"e\\\\\"}\n");
  EXPECT_EQ(Read(azure::DelimitedText{.escape = '\\'}, "a\\"), "{\"_1\":\"a\\\\\"}\n");
  EXPECT_EQ(Read(azure::DelimitedText{.has_headers = true}, "x,y\n1,2,3\n"),
            "{\"x\":\"1\",\"y\":\"2\",\"_3\":\"3\"}\n");
  EXPECT_EQ(Read(azure::DelimitedText{.has_headers = true}, "x,y"), "");
}

TEST(DelimitedReader, BoundsRecords) {
  const auto run = [](const std::string& text) {
    const auto answer = RunQuery(Csv("SELECT CHAR_LENGTH(_1) FROM BlobStorage"), text);
    return answer.data + (answer.errors.empty() ? "" : answer.errors.back().name);
  };
  const std::string longest(1024 * 1024, 'x');
  EXPECT_EQ(run(longest + "\ny\n"), "1048576\n1\n");
  EXPECT_EQ(run(longest + "x\ny\n"), "RecordTooLarge");
  EXPECT_EQ(run("\"" + longest), "RecordTooLarge");
}

TEST(JsonReader, TakesValuesApart) {
  const azure::JsonText json;
  EXPECT_EQ(Read(json, R"({"a":1}{"a":-2.5e1}  {"a":true})"),
            "{\"a\":1}\n{\"a\":-25}\n{\"a\":true}\n");
  EXPECT_EQ(Read(json, R"([{"a":[1,{"b":null}]},{}])"), "{\"a\":[1,{\"b\":null}]}\n{}\n");
  EXPECT_EQ(Read(json, R"({"a":"\u00e9\n\"}]"})"), "{\"a\":\"\xC3\xA9\\n\\\"}]\"}\n");
  EXPECT_EQ(Read(json, "1 \"x\" null\n"), "{}\n{}\n{}\n");
  EXPECT_EQ(Read(json, R"({"a":18446744073709551615})"), "{\"a\":1.8446744073709552e+19}\n");
  EXPECT_EQ(Read(azure::JsonText{"||"}, R"({"a":1}||{"a":2}||)"), "{\"a\":1}\n{\"a\":2}\n");
  EXPECT_EQ(Read(json, ""), "");
}

TEST(JsonReader, RefusesWhatIsNoJson) {
  const azure::JsonText json;
  for (const char* text : {"{", "{a:1}", "{\"a\":1", "[{}", "[1 2]", "]", ",", "{\"a\":01}", "[}",
                           "{\"a\":\"\xFF\"}", "\"open", "tru", "{\"a\":1e999}", "[[1,2"}) {
    const std::string answer = Read(json, text);
    EXPECT_TRUE(answer.ends_with("ParseError")) << text << ": " << answer;
  }
  EXPECT_EQ(Read(json, std::string(1000, '[')), "ParseError");
  const auto answer = RunQuery(Json("SELECT * FROM BlobStorage"), "100,200\n");
  ASSERT_EQ(answer.errors.size(), 1u);
  EXPECT_EQ(answer.errors[0].description,
            "Unexpected token ',' at [byte: 3]. Expecting tokens '{', or '['. ");
  EXPECT_EQ(answer.end, 8);
}

TEST(JsonReader, FollowsPaths) {
  const std::string_view text = R"({"A":{"x":[{"b":1},{"b":[2]}]},"d":null})";
  const auto run = [&](const std::string& sql) { return RunQuery(Json(sql), text).data; };
  EXPECT_EQ(run("SELECT b FROM BlobStorage[*].a.x[*]"), "{\"b\":1}\n{\"b\":[2]}\n");
  EXPECT_EQ(run("SELECT b FROM BlobStorage[*].a.x[1]"), "{\"b\":[2]}\n");
  EXPECT_EQ(run("SELECT b FROM BlobStorage[*].\"a\".x[*]"), "");
  EXPECT_EQ(run("SELECT a.x[1].b[0], a.x[7], d FROM BlobStorage"), "{\"_1\":2,\"d\":null}\n");
  EXPECT_EQ(run("SELECT d IS MISSING AS m, e IS MISSING AS n, e IS NULL AS o FROM BlobStorage"),
            "{\"m\":false,\"n\":true,\"o\":true}\n");
  EXPECT_EQ(run("SELECT a.x = 1 FROM BlobStorage"), "");
}

TEST(DelimitedWriter, QuotesWhatNeedsIt) {
  const auto write = [](const azure::DelimitedText& form, const std::string& sql) {
    auto request = Csv(sql);
    request.output = form;
    return RunQuery(request, "1\n").data;
  };
  EXPECT_EQ(write({}, "SELECT 'a,b', 'c\"d', 'e' FROM BlobStorage"), "\"a,b\",\"c\"\"d\",e\n");
  EXPECT_EQ(write({.escape = '\\'}, "SELECT 'c\"d\\' FROM BlobStorage"), "\"c\\\"d\\\\\"\n");
  EXPECT_EQ(write({.quote = std::nullopt}, "SELECT 'a,b' FROM BlobStorage"), "a,b\n");
  EXPECT_EQ(write({.quote = std::nullopt, .escape = '\\'}, "SELECT 'a,b' FROM BlobStorage"),
            "a\\,b\n");
  EXPECT_EQ(write({.has_headers = true}, "SELECT 1 AS x, NULL, TRUE FROM BlobStorage"),
            "x,_2,_3\n1,,true\n");
}

TEST(QueryRun, AnswersInSlices) {
  // Each line makes a thousand times as much.
  std::string sql = "SELECT '" + std::string(1000, 'z') + "' FROM BlobStorage";
  const std::string blob(2 * 10'000, '\n');
  auto run = QueryRun::Create(Csv(sql), blob.size(), {});
  ASSERT_TRUE(run);
  std::string_view input = blob;
  std::size_t total = 0;
  for (auto state = QueryRun::State::kNeedInput; state != QueryRun::State::kDone;) {
    std::string out;
    state = (*run)->Work(std::exchange(input, {}), out);
    EXPECT_LT(out.size(), QueryRun::kSlice + 8 * 1024);
    total += out.size();
  }
  EXPECT_GT(total, 20'000'000u);
}

TEST(QueryRun, TellsItsProgress) {
  const std::string blob(9 * 1024 * 1024, '\n');
  const auto answer = RunQuery(Csv("SELECT _1 FROM BlobStorage LIMIT 1"), blob);
  EXPECT_EQ(answer.progress, std::vector<std::int64_t>{64 * 1024});
  const auto all = RunQuery(Csv("SELECT COUNT(*) FROM BlobStorage"), blob, 1'000'000);
  EXPECT_EQ(all.data, "9437184\n");
  EXPECT_EQ(all.progress, (std::vector<std::int64_t>{4 << 20, 8 << 20, 9 << 20}));
}

}  // namespace
}  // namespace blobgate::query
