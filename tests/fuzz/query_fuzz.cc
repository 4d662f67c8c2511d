// Query Blob Contents: the first byte chooses the request's XML, the text of a query, or the
// formats of a query that runs over the rest; what comes of it must not depend on how the blob is
// cut into pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "azure/query_request.h"
#include "query/query_run.h"
#include "query/statement.h"

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

/// The whole answer but for the random marker and the ends of blocks.
std::size_t Run(const azure::QueryRequest& request, std::string_view blob, std::size_t piece) {
  auto run = query::QueryRun::Create(request, blob.size(), Time{});
  if (!run) __builtin_trap();
  std::string out;
  std::size_t errors = 0;
  auto state = query::QueryRun::State::kNeedInput;
  while (state != query::QueryRun::State::kDone) {
    std::string_view input;
    if (state == query::QueryRun::State::kNeedInput) {
      input = blob.substr(0, piece);
      blob.remove_prefix(input.size());
    }
    out.clear();
    state = (*run)->Work(input, out);
    for (std::size_t at = out.find("Error"); at != std::string::npos; at = out.find("Error", at + 1)) {
      ++errors;
    }
  }
  return errors;
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
      if (Run(request, rest, rest.size()) != Run(request, rest, 1)) __builtin_trap();
      break;
    }
  }
  return 0;
}
