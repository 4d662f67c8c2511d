#include "azure/operation_docs.h"

#include <string_view>
#include <utility>

#include "azure/operation.h"

namespace blobgate::azure {
namespace {

std::string UrlOf(const OperationSpec& row) {
  if (row.id == Operation::kPreflightBlobRequest) return "any";
  if (row.id == Operation::kGetAccountInformation) {
    return "any, `?restype=account&comp=properties`";
  }
  std::string url = row.level == Level::kService     ? "/"
                    : row.level == Level::kContainer ? "/{container}"
                                                     : "/{container}/{blob}";
  if (IsPathOperation(row.id) && row.level != Level::kService) {
    url = row.level == Level::kContainer ? "/{filesystem}" : "/{filesystem}/{path}";
  }
  char separator = '?';
  const bool dfs = IsPathOperation(row.id);
  for (auto [name, value] : {std::pair(dfs ? "resource" : "restype", row.restype),
                             std::pair(dfs ? "action" : "comp", row.comp)}) {
    if (value.empty()) continue;
    url += separator;
    url += name;
    url += '=';
    url += value;
    separator = '&';
  }
  return "`" + url + "`";
}

std::string_view SasOf(const OperationSpec& row, std::string_view letters) {
  if (letters.empty()) return "never";
  return row.sas_resource == '*' ? "any" : letters;
}

std::string_view NameOf(PublicAccess access) {
  switch (access) {
    case PublicAccess::kNever:
      return "never";
    case PublicAccess::kContainer:
      return "container";
    case PublicAccess::kBlob:
      return "blob, container";
  }
  return "never";
}

std::string_view NameOf(Conditions conditions) {
  switch (conditions) {
    case Conditions::kNone:
      return "none";
    case Conditions::kRead:
      return "read";
    case Conditions::kWrite:
      return "write";
    case Conditions::kModifiedOnly:
      return "dates";
    case Conditions::kTagsOnly:
      return "tags";
  }
  return "none";
}

void WriteRow(const OperationSpec& row, std::string& out) {
  std::string method(row.method);
  if (row.head_too) method += ", HEAD";
  const std::string url = UrlOf(row);
  const std::string type(1, row.sas_resource);
  for (std::string_view cell :
       {row.name, std::string_view(method), std::string_view(url), std::string_view(type),
        SasOf(row, row.account_letters), SasOf(row, row.service_letters), NameOf(row.anonymous),
        NameOf(row.conditions)}) {
    out += "| ";
    out += cell;
    out += ' ';
  }
  out += "|\n";
}

}  // namespace

std::string OperationTableMarkdown() {
  std::string out =
      "| Operation | Method | URL | srt | Account SAS | Service SAS | Anonymous | Conditions |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const OperationSpec& row : OperationTable()) WriteRow(row, out);
  for (const OperationSpec& row : PathOperationTable()) WriteRow(row, out);
  return out;
}

}  // namespace blobgate::azure
