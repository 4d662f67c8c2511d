#include "azure/page_list_xml.h"

#include <string_view>
#include <utility>

#include "azure/xml_writer.h"

namespace blobgate::azure {

std::string RenderPageList(const std::vector<ListedPages>& ranges,
                           std::optional<std::uint64_t> next) {
  XmlWriter xml(/*newline=*/true);
  xml.Open("PageList");
  for (const ListedPages& range : ranges) {
    const std::string_view name = range.cleared ? "ClearRange" : "PageRange";
    xml.Open(name);
    xml.Element("Start", range.first);
    xml.Element("End", range.last);
    xml.Close(name);
  }
  if (next) xml.Element("NextMarker", *next);
  xml.Close("PageList");
  return std::move(xml).Take();
}

}  // namespace blobgate::azure
