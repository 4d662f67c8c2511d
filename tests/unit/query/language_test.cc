// The language, from the text of a query to the values that come out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/query/query_test_support.h"

namespace blobgate::query {
namespace {

using testing::HasSubstr;

struct Case {
  const char* expression;
  const char* value;
  const char* record = "x";
};

void Check(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(Eval(c.expression, c.record), c.value) << c.expression << " over " << c.record;
  }
}

TEST(Language, Arithmetic) {
  Check({{"1 + 2 * 3 - 4", "3"},
         {"7 / 2", "3"},
         {"7 / 2.0", "3.5"},
         {"-7 % 3", "-1"},
         {"_1 + _2", "42", "40,2"},
         {"_1 * 2", "2.5", "1.25"},
         {"- - 3", "3"},
         {"1 + NULL", "null"},
         {"1 / 0", "DivideByZero"},
         {"1 % 0", "DivideByZero"},
         {"9223372036854775807 + 1", "ArithmeticOverflow"},
         {"(-9223372036854775807 - 1) / -1", "ArithmeticOverflow"},
         {"(-9223372036854775807 - 1) % -1", "0"},
         {"1e308 * 10", "ArithmeticOverflow"},
         {"'a' + 1", "InvalidTypeConversion"}});
}

TEST(Language, ComparisonsConvert) {
  Check({{"_1 > 9", "true", "10"},
         {"_1 > '9'", "false", "10"},
         {"_1 = 1.0", "true", "1"},
         {"_1 = TRUE", "true", "true"},
         {"_1 <> 5", "InvalidTypeConversion", "five"},
         {"9007199254740993 = 9007199254740992.0", "false"},
         {"CAST('2020-01-01T00:00+01:00' AS TIMESTAMP) = '2019-12-31T23:00Z'", "true"},
         {"NULL = NULL", "null"},
         {"_1 = _1 AND NOT 1 > 2 OR _1 = 'y'", "true"},
         {"NULL OR TRUE", "true"},
         {"NULL AND TRUE", "null"},
         {"_1 BETWEEN 1 AND 3", "true", "3"},
         {"_1 NOT BETWEEN 1 AND 3", "true", "4"},
         {"_1 IN ('a', 'b')", "true", "b"},
         {"_1 NOT IN ('a', 'b')", "true", "c"},
         {"1 IN (2, NULL)", "null"},
         {"1 IN (1, NULL)", "true"},
         {"_1 IS NULL", "false", "a"},
         {"NULL IS NOT NULL", "false"}});
}

TEST(Language, CaseAndItsKin) {
  Check({{"CASE WHEN _1 = '' THEN 0 ELSE CAST(_1 AS INT) END", "0", ",1"},
         {"CASE _1 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END", "\"two\"", "2"},
         {"CASE _1 WHEN 1 THEN 'one' END", "null", "2"},
         {"COALESCE(NULL, NULLIF('a', 'a'), 7)", "7"},
         {"COALESCE(NULL)", "null"},
         {"NULLIF(1, 2)", "1"}});
}

TEST(Language, Casts) {
  Check({{"CAST(' 12 ' AS INT)", "12"},
         {"CAST('+12' AS INTEGER)", "12"},
         {"CAST('1.5' AS INT)", "InvalidTypeConversion"},
         {"CAST(-1.9 AS INT)", "-1"},
         {"CAST(1e19 AS INT)", "InvalidTypeConversion"},
         {"CAST('1e2' AS FLOAT)", "100"},
         {"CAST('inf' AS FLOAT)", "InvalidTypeConversion"},
         {"CAST('0x1p3' AS FLOAT)", "InvalidTypeConversion"},
         {"CAST(12 AS STRING)", "\"12\""},
         {"CAST(TRUE AS INT)", "1"},
         {"CAST('TRUE' AS BOOL)", "true"},
         {"CAST('2' AS BOOLEAN)", "InvalidTypeConversion"},
         {"CAST(NULL AS INT)", "null"},
         {"CAST('' AS INT)", "InvalidTypeConversion"}});
}

TEST(Language, Like) {
  Check({{"_1 LIKE 'a%'", "true", "abc"},
         {"_1 LIKE 'a[bcd]c'", "true", "abc"},
         {"_1 LIKE '[^xyz]%'", "true", "abc"},
         {"_1 LIKE 'a_'", "false", "abc"},
         {"_1 LIKE '[g-h]_![[a-j]' ESCAPE '!'", "true", "gh[i"},
         {"_1 NOT LIKE '%b%'", "false", "abc"},
         {"_1 LIKE '_'", "true", "\xC3\xA9"},
         {"_1 LIKE '%'", "true", "\xFF"},
         {"_1 LIKE '%a%b%a'", "true", "xxaxxbxxa"},
         {"_1 LIKE 'A'", "false", "a"},
         {"_1 LIKE '[]]'", "true", "]"},
         {"_1 LIKE '[a'", "InvalidArgument", "a"},
         {"_1 LIKE 'a' ESCAPE 'ab'", "InvalidArgument", "a"},
         {"12 LIKE '1%'", "true"}});
}

TEST(Language, Strings) {
  Check({{"CHAR_LENGTH('abcdefg')", "7"},
         {"CHARACTER_LENGTH(_1)", "2", "\xC3\xA9\xFF"},
         {"LOWER('AbC[')", "\"abc[\""},
         {"UPPER('AbC{')", "\"ABC{\""},
         {"SUBSTRING('123456789', 1, 5)", "\"23456\""},
         {"SUBSTRING('123', 1)", "\"23\""},
         {"SUBSTRING('123', 9, 5)", "\"\""},
         {"SUBSTRING('123', -1)", "InvalidArgument"},
         {"TRIM(BOTH '123' FROM '1112211Microsoft22211122')", "\"Microsoft\""},
         {"TRIM('  a ')", "\"a\""},
         {"TRIM(LEADING FROM ' a ')", "\"a \""},
         {"TRIM(LEADING ' a ')", "\"a \""},
         {"TRIM(TRAILING 'x' FROM 'xaxx')", "\"xa\""},
         {"TRIM('\xC3\xA9' FROM '\xC3\xA9o\xC3\xA9')", "\"o\""},
         {"'it''s'", "\"it's\""}});
}

TEST(Language, Dates) {
  Check({{"DATE_ADD('minute', 1, CAST('2017-01-02T03:04:05.006Z' AS TIMESTAMP))",
          "\"2017-01-02T03:05:05.006Z\""},
         {"DATE_ADD(month, 1, '2020-01-31')", "\"2020-02-29T00:00:00Z\""},
         {"DATE_ADD(year, -1, '2020-02-29')", "\"2019-02-28T00:00:00Z\""},
         {"DATE_ADD(year, 9000, '2020')", "ArithmeticOverflow"},
         {"DATE_ADD(day, 9223372036854775807, '2020')", "ArithmeticOverflow"},
         {"DATE_ADD('timezone_hour', 1, '2020')", "InvalidArgument"},
         {"DATE_DIFF('hour','2018-11-09T00:00+05:30','2018-11-09T01:00:23-08:00')", "14"},
         {"DATE_DIFF(month, '2020-01-31', '2020-03-30')", "1"},
         {"DATE_DIFF(year, '2020-06-01', '2018-06-02')", "-1"},
         {"EXTRACT(YEAR FROM '2010-01-01T')", "2010"},
         {"EXTRACT(timezone_minute FROM '2010-01-01T10:00-05:30')", "-30"},
         {"EXTRACT(HOUR FROM '2010-01-01T10:00-05:30')", "10"},
         {"TO_STRING(CAST('1969-07-20T20:18Z' AS TIMESTAMP), 'MMMM d, y')", "\"July 20, 1969\""},
         {"TO_STRING('1969-07-20T20:18:05.25+05:30', 'yy-MMM-dd hh:mm a H ss SS XXX xx X')",
          "\"69-Jul-20 08:18 PM 20 05 25 +05:30 +0530 +05\""},
         {"TO_STRING('2020', '''day'' d Q')", "InvalidArgument"},
         {"TO_TIMESTAMP('2007T')", "\"2007-01-01T00:00:00Z\""},
         {"TO_TIMESTAMP('2007-02-30')", "InvalidTypeConversion"},
         {"CAST('2020-01-01' AS TIMESTAMP) + 31", "\"2020-02-01T00:00:00Z\""},
         {"UTCNOW()", "\"2026-01-15T12:00:00Z\""}});
}

TEST(Language, RefusesWhatIsNoQuery) {
  for (const char* sql : {"",
                          "SELECT",
                          "SELECT *",
                          "SELECT * FROM Other",
                          "SELECT * FROM BlobStorage x y",
                          "SELECT a FROM BlobStorage",
                          "SELECT _0 FROM BlobStorage",
                          "SELECT _1.a FROM BlobStorage",
                          "SELECT * FROM BlobStorage WHERE",
                          "SELECT * FROM BlobStorage LIMIT 1.5",
                          "SELECT * FROM BlobStorage ORDER BY _1",
                          "SELECT *, _1 FROM BlobStorage",
                          "SELECT COUNT(*), _1 FROM BlobStorage",
                          "SELECT 1 + COUNT(*) FROM BlobStorage",
                          "SELECT sys.split(1) FROM BlobStorage",
                          "SELECT LENGTH(_1) FROM BlobStorage",
                          "SELECT randomblob(1000000000) FROM BlobStorage",
                          "SELECT _1 'x FROM BlobStorage",
                          "SELECT ?1 FROM BlobStorage",
                          "SELECT @a FROM BlobStorage",
                          "SELECT 1x FROM BlobStorage",
                          "SELECT 1e FROM BlobStorage",
                          "SELECT 1 IS MISSING FROM BlobStorage",
                          "SELECT SUBSTRING('a') FROM BlobStorage",
                          "SELECT _1 IN () FROM BlobStorage",
                          "SELECT CASE END FROM BlobStorage",
                          "SELECT CAST(_1 AS BLOB) FROM BlobStorage",
                          "SELECT a = b = c FROM BlobStorage",
                          "SELECT DISTINCT _1 FROM BlobStorage",
                          "SELECT _1 FROM BlobStorage[*].a",
                          "SELECT 1 FROM BlobStorage; x",
                          "SELECT (SELECT 1) FROM BlobStorage",
                          "SELECT 99999999999999999999999999e999 FROM BlobStorage"}) {
    EXPECT_THROW((void)test::RunQuery(Csv(sql), "a,b\n"), std::invalid_argument) << sql;
  }
  EXPECT_THROW((void)test::RunQuery(Csv(std::string("SELECT 1\0 FROM BlobStorage", 25)), ""),
               std::invalid_argument);
}

TEST(Language, BoundsWhatIsNested) {
  for (const std::string& open : {"(", "NOT (", "- (", "UPPER(", "CASE WHEN 1=1 THEN ", "1 + ("}) {
    std::string sql = "SELECT ";
    for (int i = 0; i < 5000; ++i) sql += open;
    EXPECT_THROW((void)test::RunQuery(Csv(sql + " FROM BlobStorage"), "a\n"),
                 std::invalid_argument);
  }
  // Each level has the subject twice.
  std::string subject = "_1";
  for (int i = 0; i < 40; ++i) {
    subject = "CASE " + subject + " WHEN 1 THEN 1 WHEN 2 THEN 2 END";
  }
  EXPECT_THROW((void)test::RunQuery(Csv("SELECT " + subject + " FROM BlobStorage"), "a\n"),
               std::invalid_argument);
}

TEST(Language, TakesWhatIsLong) {
  std::string sum = "1";
  std::string list = "0";
  std::string ors = "_1 = 0";
  for (int i = 1; i < 90; ++i) sum += " + 1";
  for (int i = 1; i < 1000; ++i) list += "," + std::to_string(i);
  for (int i = 1; i < 500; ++i) ors += " OR _1 = " + std::to_string(i);
  EXPECT_EQ(Eval(sum), "90");
  EXPECT_EQ(Eval("_1 IN (" + list + ")", "999"), "true");
  EXPECT_EQ(Eval(ors, "499"), "true");
  EXPECT_EQ(Eval("((((((((((_1 = 1 AND ((_1 > 0))))))))))))", "1"), "true");
  EXPECT_EQ(Eval("UPPER(LOWER(UPPER(LOWER(TRIM(CAST(CAST(_1 AS INT) AS STRING))))))", "1"),
            "\"1\"");
}

TEST(Language, NamesColumns) {
  auto request = Csv("SELECT B, \"a b\" AS x, _1, B + 1, c.b FROM BlobStorage AS c", true);
  request.output = azure::JsonText{};
  EXPECT_EQ(test::RunQuery(request, "a b,b\nq,2\n").data,
            "{\"B\":\"2\",\"x\":\"q\",\"_3\":\"q\",\"_4\":3,\"b\":\"2\"}\n");
  request = Csv("SELECT nope FROM BlobStorage", true);
  const auto answer = test::RunQuery(request, "a,b\n1,2\n");
  ASSERT_EQ(answer.errors.size(), 1u);
  EXPECT_TRUE(answer.errors[0].fatal);
  EXPECT_EQ(answer.errors[0].name, "InvalidColumnName");
}

TEST(Language, Aggregates) {
  const auto run = [](const std::string& what, std::string_view data) {
    const auto answer = test::RunQuery(Csv("SELECT " + what + " FROM BlobStorage"), data);
    return answer.data + (answer.errors.empty() ? "" : answer.errors.front().name);
  };
  EXPECT_EQ(run("COUNT(*)", "1\n2\n"), "2\n");
  EXPECT_EQ(run("COUNT(NULLIF(_1, '2'))", "1\n2\n"), "1\n");
  EXPECT_EQ(run("SUM(_1)", "1\n2.5\n"), "3.5\n");
  EXPECT_EQ(run("SUM(_1)", "9223372036854775807\n1\n"), "9223372036854775807\nArithmeticOverflow");
  EXPECT_EQ(run("SUM(_1)", "1\nx\n2\n"), "3\nInvalidTypeConversion");
  EXPECT_EQ(run("AVERAGE(_1)", "1\n2\n"), "1.5\n");
  EXPECT_EQ(run("MIN(_1)", "b\na\nc\n"), "a\n");
  EXPECT_EQ(run("MAX(CAST(_1 AS INT))", "9\n10\n"), "10\n");
  EXPECT_EQ(run("MAX(_1)", ""), "\n");
}

TEST(Language, AnErrorOfARecordTellsWhichOne) {
  const auto answer =
      test::RunQuery(Csv("SELECT _1 FROM BlobStorage WHERE NOT _2 > 1 "), "a,1\nb,x\nc\nd,0\n");
  EXPECT_EQ(answer.data, "a\nd\n");
  ASSERT_EQ(answer.errors.size(), 2u);
  EXPECT_EQ(answer.errors[0], (test::QueryAnswer::Error{false, "InvalidTypeConversion",
                                                        "Invalid type conversion.", 4}));
  EXPECT_EQ(answer.errors[1].name, "InvalidColumnOrdinal");
  EXPECT_EQ(answer.errors[1].position, 8);
  EXPECT_EQ(answer.end, 14);
}

TEST(Language, WhereLooksNoFurtherThanItMust) {
  const auto answer = test::RunQuery(
      Csv("SELECT _1 FROM BlobStorage WHERE _1 <> '' AND CAST(_1 AS INT) > 5"), "7\n,\n\n4\n");
  EXPECT_EQ(answer.data, "7\n");
  EXPECT_TRUE(answer.errors.empty());
}

TEST(Language, AnAnswerNeverBeginsWithAnError) {
  using State = QueryRun::State;
  std::string blob;
  for (int i = 0; i < 5000; ++i) blob += "x\n";
  auto run = QueryRun::Create(Csv("SELECT CAST(_1 AS INT) FROM BlobStorage"), blob.size(), {});
  ASSERT_TRUE(run);
  std::string file;
  EXPECT_EQ((*run)->Work(blob, file), State::kNeedInput);
  EXPECT_EQ((*run)->Work({}, file), State::kDone);
  const auto answer = test::AnswerReader(file).Read();
  EXPECT_EQ(answer.errors.size(), 5000u);
  EXPECT_EQ(answer.progress, (std::vector<std::int64_t>{2046, 10'000}));
  EXPECT_EQ(answer.first_branch, 2);
}

TEST(Language, BoundsTheWorkOnARecord) {
  std::string expression = "_1";
  for (int i = 0; i < 20; ++i) expression = "UPPER(" + expression + ")";
  std::string many = expression;
  for (int i = 0; i < 40; ++i) many += ", " + expression;
  const std::string record(512 * 1024, 'a');
  const auto answer = test::RunQuery(Csv("SELECT " + many + " FROM BlobStorage"), record + "\nb\n");
  ASSERT_EQ(answer.errors.size(), 1u);
  EXPECT_EQ(answer.errors[0].name, "QueryLimitExceeded");
  EXPECT_THAT(answer.data, HasSubstr("B,B,B"));
}

}  // namespace
}  // namespace blobgate::query
