// Query Blob Contents: the first byte chooses the request's XML, the text of a query, or the
// formats of a query that runs over the rest; what comes of it must not depend on how the blob is
// cut into pieces.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "azure/query_request.h"
#include "query/query_run.h"
#include "support/query_answer.h"

namespace {

using namespace blobgate;

azure::QueryRequest RequestOf(std::uint8_t choice) {
  azure::QueryRequest request;
  azure::DelimitedText text;
  text.has_headers = choice & 1;
  if (choice & 2) text.escape = '\\';
  if (choice & 4) text.record_separator = "\r\n";
  if (choice & 8) text.column_separator = "||";
  request.input = text;
  request.output = azure::JsonText{};
  request.expression = "SELECT * FROM BlobStorage";
  if (choice & 16) request.expression = "SELECT _1, _2 + 1 FROM BlobStorage WHERE _1 LIKE '%a_'";
  if (choice & 32) {
    request.input = azure::JsonText{};
    request.expression = choice & 16 ? "SELECT a, b[0].c FROM BlobStorage[*].d[*] WHERE a > 1"
                                     : "SELECT * FROM BlobStorage";
  }
  if (choice & 64) request.output = azure::DelimitedText{};
  return request;
}

bool Same(const test::QueryAnswer& a, const test::QueryAnswer& b) {
  return a.data == b.data && a.errors == b.errors && a.end == b.end;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 4) {
    case 0:
      (void)azure::ParseQueryRequest(rest);
      break;
    case 1: {
      azure::QueryRequest request = RequestOf(data[1]);
      request.expression = rest;
      const auto run = query::QueryRun::Create(request, 0, Time{});
      if (!run) break;
      std::string out;
      (void)(*run)->Work("a,1,2020-01-01\nb\n{\"a\":[1,{}]}\n", out);
      (void)(*run)->Work({}, out);
      break;
    }
    default: {
      const azure::QueryRequest request = RequestOf(data[1]);
      if (!Same(test::RunQuery(request, rest, size), test::RunQuery(request, rest, 1))) {
        __builtin_trap();
      }
      break;
    }
  }
  return 0;
}
