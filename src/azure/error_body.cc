#include "azure/error_body.h"

#include <utility>

#include "azure/json.h"
#include "azure/xml_writer.h"

namespace blobgate::azure {
namespace {

std::string MessageOf(const Error& error, std::string_view request_id, Time now) {
  std::string message(error.message());
  message += "\nRequestId:";
  message += request_id;
  message += "\nTime:";
  message += FormatIso8601(now);
  return message;
}

}  // namespace

Error ForDfsFace(Error error) {
  error.code = OnDfsFace(error.code);
  if (!InfoOf(error.code).code.starts_with("Lease")) return error;
  std::string text(error.message());
  for (const std::string_view name : {"the blob", "the container"}) {
    const std::size_t at = text.find(name);
    if (at != std::string::npos) text.replace(at, name.size(), "the resource");
  }
  return std::move(error).WithMessage(std::move(text));
}

std::string ErrorXml(const Error& error, std::string_view request_id, Time now) {
  XmlWriter xml;
  xml.Open("Error");
  xml.Element("Code", InfoOf(error.code).code);
  xml.Element("Message", MessageOf(error, request_id, now));
  for (const auto& [name, value] : error.details()) xml.Element(name, value);
  xml.Close("Error");
  return std::move(xml).Take();
}

std::string ErrorJson(const Error& error, std::string_view request_id, Time now) {
  Json inner;
  inner["code"] = InfoOf(error.code).code;
  inner["message"] = MessageOf(error, request_id, now);
  if (!error.details().empty()) {
    Json& detail = inner["detail"];
    for (const auto& [name, value] : error.details()) detail[name] = value;
  }
  Json out;
  out["error"] = std::move(inner);
  return JsonText(out);
}

}  // namespace blobgate::azure
