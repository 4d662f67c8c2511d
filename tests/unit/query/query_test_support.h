// Shorthands for tests of the query language.
#pragma once

#include <string>
#include <string_view>

#include "support/query_answer.h"

namespace blobgate::query {

inline azure::QueryRequest Csv(std::string sql, bool headers = false) {
  azure::QueryRequest request;
  request.expression = std::move(sql);
  request.input = azure::DelimitedText{.has_headers = headers};
  return request;
}

inline azure::QueryRequest Json(std::string sql) {
  azure::QueryRequest request;
  request.expression = std::move(sql);
  request.input = azure::JsonText{};
  request.output = azure::JsonText{};
  return request;
}

/// One expression over the CSV record `record`: the text of its value, or the name of the error.
inline std::string Eval(const std::string& expression, std::string_view record = "x") {
  const auto now = std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + std::chrono::hours{12};
  auto request = Csv("SELECT " + expression + " FROM BlobStorage");
  request.output = azure::JsonText{};
  const auto answer = test::RunQuery(request, record, 64, now);
  if (!answer.errors.empty()) return answer.errors.front().name;
  constexpr std::string_view kBegin = R"({"_1":)";
  return answer.data.substr(kBegin.size(), answer.data.size() - kBegin.size() - 2);
}

}  // namespace blobgate::query
