// Parquet: its encodings from bytes of the specification, files of a test's own making, and files
// that are broken in one place each.
#include <gtest/gtest.h>
#include <snappy.h>

#include <limits>

#include "query/parquet/decimal_text.h"
#include "query/parquet/delta_decoder.h"
#include "query/parquet/hybrid_decoder.h"
#include "query/parquet/to_value.h"
#include "support/parquet_file.h"
#include "support/query_answer.h"

namespace blobgate::query::parquet {
namespace {

using namespace std::string_literals;
using test::ParquetFile;

constexpr std::int32_t kInt32 = 1;
constexpr std::int32_t kText = 6;

/// The answer as JSON, and the name of the last error.
std::string Ask(const std::string& file, std::string sql = "SELECT * FROM BlobStorage") {
  azure::QueryRequest request;
  request.expression = std::move(sql);
  request.input = azure::Parquet{};
  request.output = azure::JsonText{};
  const auto answer = test::RunQuery(request, file);
  EXPECT_EQ(answer.end, static_cast<std::int64_t>(file.size()));
  return answer.data + (answer.errors.empty() ? "" : answer.errors.back().name);
}

std::vector<std::uint32_t> All(HybridDecoder decoder, std::size_t most = 100) {
  std::vector<std::uint32_t> all;
  for (auto next = decoder.Next(); next && all.size() < most; next = decoder.Next()) {
    all.push_back(*next);
  }
  return all;
}

TEST(HybridDecoder, ReadsRunsAndPackedNumbers) {
  // The specification's example: 0 to 7 in 3 bits each.
  const std::string packed = "\x03\x88\xC6\xFA";
  EXPECT_EQ(All({packed, 3}), (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(All({"\x06\x05", 3}), (std::vector<std::uint32_t>{5, 5, 5}));
  EXPECT_EQ(All({"\x04\x01\x02\x03\x04", 32}),
            (std::vector<std::uint32_t>{0x04030201, 0x04030201}));
  EXPECT_EQ(All({"\x06", 0}), (std::vector<std::uint32_t>{0, 0, 0}));
  EXPECT_EQ(All({"\x03", 0}).size(), 8u);
  EXPECT_EQ(All({"\x00\x07\x02\x01"s, 3}), (std::vector<std::uint32_t>{1}));
}

TEST(HybridDecoder, EndsWhereItsBytesEnd) {
  EXPECT_EQ(All({"", 3}).size(), 0u);
  EXPECT_EQ(All({"\x03\x88", 3}).size(), 2u);
  EXPECT_EQ(All({"\x06", 3}).size(), 0u);
  EXPECT_EQ(All({"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 3}).size(), 0u);
  EXPECT_EQ(All({"\xFF\xFF\xFF\xFF\x0F\x01", 32}).size(), 0u);
  EXPECT_EQ(All({"\xFE\xFF\xFF\xFF\x0F\x01", 1}, 1000).size(), 1000u);
}

/// The specification's second example: 7, 5, 3, 1, 2, 3, 4, 5.
std::string DeltaExample() {
  return "\x80\x01\x04\x08\x0E\x03\x02\x00\x00\x00\xC0\x3F\x00\x00\x00\x00\x00\x00"s;
}

TEST(DeltaDecoder, ReadsDifferences) {
  auto decoder = DeltaDecoder::Open(DeltaExample() + "behind", 8);
  const std::string bytes = DeltaExample() + "behind";
  decoder = DeltaDecoder::Open(bytes, 8);
  ASSERT_TRUE(decoder);
  EXPECT_EQ(decoder->Behind(), "behind");
  for (const std::int64_t value : {7, 5, 3, 1, 2, 3, 4, 5}) EXPECT_EQ(decoder->Next(), value);
  EXPECT_EQ(decoder->Next(), std::nullopt);
}

TEST(DeltaDecoder, RefusesWhatIsMalformed) {
  const std::string whole = DeltaExample();
  EXPECT_FALSE(DeltaDecoder::Open(whole, 7));
  for (std::size_t size = 0; size < 12; ++size) {
    const auto decoder = DeltaDecoder::Open(std::string_view(whole).substr(0, size), 8);
    EXPECT_TRUE(!decoder || !decoder->Behind()) << size;
  }
  EXPECT_FALSE(DeltaDecoder::Open("\x00\x04\x08\x0E"s, 8));
  EXPECT_FALSE(DeltaDecoder::Open("\x80\x01\x00\x08\x0E"s, 8));
  EXPECT_FALSE(DeltaDecoder::Open("\xFF\xFF\xFF\xFF\x0F\x01\x08\x0E", 8));
  std::string wide = whole;
  wide[6] = 65;
  EXPECT_FALSE(DeltaDecoder::Open(wide, 8)->Behind());
}

TEST(DecimalText, WritesAnyWidth) {
  EXPECT_EQ(DecimalText("", 0), "0");
  EXPECT_EQ(DecimalText("\x04\xD2", 0), "1234");
  EXPECT_EQ(DecimalText("\x04\xD2", 2), "12.34");
  EXPECT_EQ(DecimalText("\xFF", 2), "-0.01");
  EXPECT_EQ(DecimalText("\x80", 0), "-128");
  EXPECT_EQ(DecimalText(std::string(16, '\xFF'), 3), "-0.001");
  EXPECT_EQ(DecimalText("\x7F" + std::string(7, '\xFF'), 0), "9223372036854775807");
  EXPECT_EQ(DecimalText("\x01" + std::string(16, '\0'), 0),
            "340282366920938463463374607431768211456");
}

std::string Show(const ColumnType& type, const Stored& stored) {
  std::string made;
  const auto value = ToValue(type, stored, made);
  return value ? ToText(*value) : std::string(value.error().name);
}

TEST(ToValue, StaysWithinTheYears) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const ColumnType date{.physical = Physical::kInt32, .length = 4, .meaning = Meaning::kDate};
  EXPECT_EQ(Show(date, {0, {}}), "1970-01-01");
  EXPECT_EQ(Show(date, {-719162, {}}), "0001-01-01");
  EXPECT_EQ(Show(date, {2932896, {}}), "9999-12-31");
  for (const std::int64_t days : {-719163L, 2932897L, -2147483648L, 2147483647L}) {
    EXPECT_EQ(Show(date, {days, {}}), "InvalidTypeConversion");
  }
  ColumnType time{.physical = Physical::kInt64, .length = 8, .meaning = Meaning::kTimestamp};
  for (const std::int64_t per_second : {1'000, 1'000'000}) {
    time.per_second = per_second;
    EXPECT_EQ(Show(time, {-62135596800 * per_second, {}}), "0001-01-01T00:00:00Z");
    EXPECT_EQ(Show(time, {-62135596800 * per_second - 1, {}}), "InvalidTypeConversion");
    EXPECT_EQ(Show(time, {253402300800 * per_second, {}}), "InvalidTypeConversion");
    EXPECT_EQ(Show(time, {kLeast, {}}), "InvalidTypeConversion");
    EXPECT_EQ(Show(time, {kMost, {}}), "InvalidTypeConversion");
  }
  time.per_second = 1'000'000'000;
  EXPECT_EQ(Show(time, {-1, {}}), "1969-12-31T23:59:59.9999999Z");
  EXPECT_EQ(Show(time, {kLeast, {}}), "1677-09-21T00:12:43.1452241Z");
  const ColumnType clock{.physical = Physical::kInt64,
                         .length = 8,
                         .meaning = Meaning::kTime,
                         .per_second = 1'000'000};
  EXPECT_EQ(Show(clock, {86'399'000'001, {}}), "23:59:59.000001");
  EXPECT_EQ(Show(clock, {-1, {}}), "InvalidTypeConversion");
  EXPECT_EQ(Show(clock, {86'400'000'000, {}}), "InvalidTypeConversion");
}

TEST(ToValue, ReadsInt96) {
  const ColumnType type{.physical = Physical::kInt96, .length = 12, .meaning = Meaning::kTimestamp};
  const auto show = [&](std::uint64_t nanos, std::uint64_t day) {
    const std::string bytes = test::LittleEndian(nanos, 8) + test::LittleEndian(day, 4);
    return Show(type, {0, bytes});
  };
  EXPECT_EQ(show(1'000'000'000, 2'440'588), "1970-01-01T00:00:01Z");
  EXPECT_EQ(show(0, 0), "InvalidTypeConversion");
  EXPECT_EQ(show(0, 0xFFFFFFFF), "InvalidTypeConversion");
  EXPECT_EQ(show(86'400'000'000'000, 2'440'588), "InvalidTypeConversion");
}

/// An int column without nulls, and a text column with a dictionary and a null.
ParquetFile Small() {
  ParquetFile file(3);
  file.Add("id", kInt32, test::DataPage(3, 0, test::Ints({1, -2, 3})));
  const std::string levels = test::LittleEndian(2, 4) + "\x03\x05";
  file.Add("Name", kText,
           test::DictionaryPage(2, test::Texts({"a", "b"})) +
               test::DataPage(3, 8, levels + "\x01\x03\x01"),
           true);
  return file;
}

TEST(ParquetReader, ReadsColumns) {
  const std::string file = Small().Bytes();
  EXPECT_EQ(Ask(file),
            "{\"id\":1,\"Name\":\"b\"}\n{\"id\":-2,\"Name\":null}\n{\"id\":3,\"Name\":\"a\"}\n");
  EXPECT_EQ(Ask(file, "SELECT name, _1 FROM BlobStorage WHERE id > 2"),
            "{\"name\":\"a\",\"_2\":3}\n");
  EXPECT_EQ(Ask(file, "SELECT COUNT(*) FROM BlobStorage"), "{\"_1\":3}\n");
  EXPECT_EQ(Ask(file, "SELECT COUNT(*) FROM BlobStorage WHERE Name IS NULL"), "{\"_1\":1}\n");
  EXPECT_EQ(Ask(file, "SELECT 'x' AS x FROM BlobStorage LIMIT 2"),
            "{\"x\":\"x\"}\n{\"x\":\"x\"}\n");
  EXPECT_EQ(Ask(file, "SELECT other FROM BlobStorage"), "InvalidColumnName");
  EXPECT_EQ(Ask(file, "SELECT \"name\" FROM BlobStorage"), "InvalidColumnName");
  EXPECT_EQ(Ask(file, "SELECT _3 FROM BlobStorage"), "InvalidColumnName");
  EXPECT_THROW(Ask(file, "SELECT id.x FROM BlobStorage"), std::invalid_argument);
  EXPECT_THROW(Ask(file, "SELECT * FROM BlobStorage[*].x"), std::invalid_argument);
  EXPECT_THROW(Ask(file, "SELECT sys.split(10485760) FROM BlobStorage"), std::invalid_argument);
}

TEST(ParquetReader, ReadsNothingThatIsNotNeeded) {
  ParquetFile file = Small();
  file.meta.row_groups[0].columns[1].meta.codec = 3;  // LZO
  EXPECT_EQ(Ask(file.Bytes(), "SELECT id FROM BlobStorage WHERE id = 1"), "{\"id\":1}\n");
  EXPECT_EQ(Ask(file.Bytes()), "UnsupportedParquet");
}

TEST(ParquetReader, RefusesNestedAndRepeatedColumnsOnly) {
  ParquetFile file = Small();
  file.meta.schema[2].repetition = 2;
  EXPECT_EQ(Ask(file.Bytes(), "SELECT id FROM BlobStorage LIMIT 1"), "{\"id\":1}\n");
  EXPECT_EQ(Ask(file.Bytes(), "SELECT Name FROM BlobStorage"), "UnsupportedParquet");
  EXPECT_EQ(Ask(file.Bytes()), "UnsupportedParquet");
  // schema / group / id, Name
  wire::SchemaElement group;
  group.__set_name("group");
  group.__set_num_children(1);
  file = Small();
  file.meta.schema.insert(file.meta.schema.begin() + 1, group);
  EXPECT_EQ(Ask(file.Bytes(), "SELECT Name FROM BlobStorage LIMIT 1"), "{\"Name\":\"b\"}\n");
  EXPECT_EQ(Ask(file.Bytes(), "SELECT \"group\" FROM BlobStorage"), "UnsupportedParquet");
}

TEST(ParquetReader, SaysWhatIsNoParquet) {
  for (const std::string& file : {""s, "PAR1"s, "a,b\n1,2\n3,4\n5,6\n"s, "PAR1\0\0\0\0PAR1"s}) {
    EXPECT_EQ(Ask(file), "ParseError") << file;
  }
  EXPECT_EQ(Ask("PAR1\x00\x00\x00\x00PARE"s), "UnsupportedParquet");
  EXPECT_EQ(Ask("PAR1xxxx\xFF\xFF\xFF\xFFPAR1"), "ParseError");
  EXPECT_EQ(
      Ask("PAR1"s + std::string(17 * 1024 * 1024, 'x') + test::LittleEndian(0x1080000, 4) + "PAR1"),
      "QueryLimitExceeded");
}

TEST(ParquetReader, BelievesNoCount) {
  // A list of 2^31 - 1 row groups, then of schema elements, in a few bytes.
  const ParquetFile small = Small();
  EXPECT_EQ(Ask(small.With("\x49\xFC\xFF\xFF\xFF\xFF\x07")), "ParseError");
  EXPECT_EQ(Ask(small.With("\x29\xFC\xFF\xFF\xFF\xFF\x07")), "ParseError");
  // A string of 2 GiB.
  EXPECT_EQ(Ask(small.With("\x68\xFF\xFF\xFF\xFF\x07")), "ParseError");
  // Structs in structs.
  EXPECT_EQ(Ask(small.With(std::string(100'000, '\x1C'))), "ParseError");
  EXPECT_EQ(Ask(small.With("")), "ParseError");

  const auto changed = [](auto change) {
    ParquetFile file = Small();
    change(file.meta);
    return Ask(file.Bytes());
  };
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(changed([](auto& m) { m.row_groups[0].num_rows = kMost; }), "QueryLimitExceeded");
  EXPECT_EQ(changed([](auto& m) { m.row_groups[0].num_rows = -1; }), "ParseError");
  EXPECT_EQ(changed([](auto& m) { m.row_groups[0].num_rows = 4; }), "ParseError");
  EXPECT_EQ(changed([](auto& m) { m.row_groups[0].columns.pop_back(); }), "ParseError");
  EXPECT_EQ(changed([](auto& m) { m.schema[0].num_children = 1'000'000'000; }), "ParseError");
  EXPECT_EQ(changed([](auto& m) { m.schema[1].__set_num_children(1'000'000'000); }), "ParseError");
  EXPECT_EQ(changed([](auto& m) { m.schema[1].type = 99; }), "UnsupportedParquet");
  auto column = [](auto& m) -> wire::ColumnMetaData& { return m.row_groups[0].columns[0].meta; };
  EXPECT_EQ(changed([&](auto& m) { column(m).data_page_offset = kMost; }), "QueryLimitExceeded");
  EXPECT_EQ(changed([&](auto& m) { column(m).data_page_offset = -5; }), "ParseError");
  EXPECT_EQ(changed([&](auto& m) { column(m).data_page_offset = 0; }), "ParseError");
  EXPECT_EQ(changed([&](auto& m) { column(m).total_compressed_size = kMost; }),
            "QueryLimitExceeded");
  EXPECT_EQ(changed([&](auto& m) { column(m).total_compressed_size = 3; }), "ParseError");
  EXPECT_EQ(changed([&](auto& m) { column(m).codec = 77; }), "UnsupportedParquet");
  EXPECT_EQ(changed([&](auto& m) { column(m).codec = 2; }), "ParseError");
}

std::string AskPage(std::int32_t type, const std::string& page, std::int64_t rows = 3) {
  ParquetFile file(rows);
  file.Add("a", type, page);
  return Ask(file.Bytes());
}

TEST(ParquetReader, BelievesNoPage) {
  const std::string ints = test::Ints({1, 2, 3});
  EXPECT_EQ(AskPage(kInt32, test::DataPage(3, 0, ints.substr(1))),
            "{\"a\":33554432}\n{\"a\":50331648}\nParseError");
  EXPECT_EQ(AskPage(kInt32, test::DataPage(4, 0, ints)), "ParseError");
  EXPECT_EQ(AskPage(kInt32, test::DataPage(-1, 0, ints)), "ParseError");
  EXPECT_EQ(AskPage(kInt32, test::DataPage(2'000'000'000, 0, ints)), "QueryLimitExceeded");
  EXPECT_EQ(AskPage(kInt32, test::DataPage(3, 8, ints)), "ParseError");
  EXPECT_EQ(AskPage(kInt32, test::DataPage(3, 77, ints)), "UnsupportedParquet");
  EXPECT_EQ(AskPage(kInt32, test::DataPage(3, 4, ints)), "UnsupportedParquet");
  EXPECT_EQ(AskPage(kInt32, test::DataPage(3, 6, ints)), "ParseError");
  EXPECT_EQ(AskPage(kInt32, test::DictionaryPage(1'000'000, ints)), "ParseError");
  EXPECT_EQ(AskPage(kText, test::DictionaryPage(3, ints)), "ParseError");
  EXPECT_EQ(AskPage(kText, test::DataPage(3, 0, "\xFF\xFF\xFF\xFF")), "ParseError");
  EXPECT_EQ(AskPage(kInt32, std::string(200, '\xFF')), "ParseError");
  wire::PageHeader header;
  header.__set_type(0);
  EXPECT_EQ(AskPage(kInt32, test::Page(header, ints)), "ParseError");
  header.__set_uncompressed_size(2'000'000'000);
  EXPECT_EQ(AskPage(kInt32, test::Page(header, ints)), "QueryLimitExceeded");
  // A page of levels that are longer than it.
  wire::DataPageHeaderV2 second;
  second.__set_num_values(3);
  second.__set_encoding(0);
  second.__set_definition_bytes(2'000'000'000);
  second.__set_repetition_bytes(0);
  header = {};
  header.__set_type(3);
  header.__set_data_v2(second);
  EXPECT_EQ(AskPage(kInt32, test::Page(header, ints)), "QueryLimitExceeded");
}

TEST(ParquetReader, ChecksChecksums) {
  const std::string ints = test::Ints({1, 2, 3});
  wire::DataPageHeader data;
  data.__set_num_values(3);
  data.__set_encoding(0);
  wire::PageHeader header;
  header.__set_type(0);
  header.__set_data(data);
  header.__set_crc(static_cast<std::int32_t>(0xE29E17E2));
  EXPECT_EQ(AskPage(kInt32, test::Page(header, ints)), "ParseError");
}

TEST(ParquetReader, SurvivesEveryCutAndFlip) {
  const std::string whole = Small().Bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(Ask(whole.substr(0, size)).ends_with("ParseError")) << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << bit);
      Ask(flipped);
    }
  }
}

TEST(ParquetReader, BoundsRecordsAndMemory) {
  const std::string text(1024 * 1024, 'x');
  const auto ask = [&](const std::string& value) {
    ParquetFile file(1);
    file.Add("a", kText, test::DataPage(1, 0, test::Texts({value})));
    return Ask(file.Bytes(), "SELECT CHAR_LENGTH(a) AS n FROM BlobStorage");
  };
  EXPECT_EQ(ask(text), "{\"n\":1048576}\n");
  EXPECT_EQ(ask(text + "x"), "RecordTooLarge");
  // Columns whose pages are 60 MiB each, and next to nothing compressed.
  constexpr int kPage = 60 * 1024 * 1024;
  std::string packed;
  const std::string page = test::Texts({"x"}) + std::string(kPage - 5, '\0');
  snappy::Compress(page.data(), page.size(), &packed);
  ParquetFile file(1);
  for (int i = 0; i < 5; ++i) {
    wire::DataPageHeader data;
    data.__set_num_values(1);
    data.__set_encoding(0);
    wire::PageHeader header;
    header.__set_type(0);
    header.__set_data(data);
    header.__set_uncompressed_size(kPage);
    file.Add("a" + std::to_string(i), kText, test::Page(header, packed));
    file.meta.row_groups[0].columns.back().meta.codec = 1;
  }
  EXPECT_EQ(Ask(file.Bytes(), "SELECT a0, a1, a2, a3 FROM BlobStorage"),
            "{\"a0\":\"x\",\"a1\":\"x\",\"a2\":\"x\",\"a3\":\"x\"}\n");
  EXPECT_EQ(Ask(file.Bytes()), "QueryLimitExceeded");
}

TEST(ParquetReader, WorksInSlicesOnRowsThatTakeNoBytes) {
  // Millions of nulls of one run.
  constexpr std::int32_t kRows = 5'000'000;
  ParquetFile file(kRows);
  const std::string levels = test::LittleEndian(5, 4) + "\x80\xAD\xE2\x04" + "\0"s;
  file.Add("a", kInt32, test::DataPage(kRows, 0, levels), true);
  file.Add("b", kText, std::string(1024, 'x'));
  azure::QueryRequest request;
  request.expression = "SELECT COUNT(*) FROM BlobStorage WHERE a = 1";
  request.input = azure::Parquet{};
  const std::string blob = file.Bytes();
  auto run = QueryRun::Create(request, blob.size(), {});
  ASSERT_TRUE(run);
  int slices = 0;
  std::string out;
  for (auto state = QueryRun::State::kNeedInput; state != QueryRun::State::kDone; ++slices) {
    std::string_view input;
    if (state == QueryRun::State::kNeedInput) {
      const auto range = (*run)->wanted().value();
      input = std::string_view(blob).substr(range.offset, range.length);
    }
    const std::size_t before = out.size();
    state = (*run)->Work(input, out);
    EXPECT_TRUE(out.size() > before || state == QueryRun::State::kNeedInput);
  }
  EXPECT_GT(slices, 3);
  EXPECT_EQ(test::AnswerReader(out).Read().data, "0\n");
}

}  // namespace
}  // namespace blobgate::query::parquet
