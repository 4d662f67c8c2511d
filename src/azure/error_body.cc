#include "azure/error_body.h"

#include "azure/xml_writer.h"

namespace blobgate::azure {

std::string ErrorXml(const Error& error, std::string_view request_id, Time now) {
  const ErrorInfo& info = InfoOf(error.code);
  std::string message = error.message.value_or(std::string(info.message));
  message += "\nRequestId:";
  message += request_id;
  message += "\nTime:";
  message += FormatIso8601(now);

  XmlWriter xml;
  xml.Open("Error");
  xml.Element("Code", info.code);
  xml.Element("Message", message);
  for (const auto& [name, value] : error.details) xml.Element(name, value);
  xml.Close("Error");
  return std::move(xml).Take();
}

}  // namespace blobgate::azure
