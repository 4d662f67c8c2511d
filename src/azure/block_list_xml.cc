#include "azure/block_list_xml.h"

#include <optional>

#include "azure/xml_reader.h"
#include "azure/xml_writer.h"

namespace blobgate::azure {
namespace {

std::optional<BlockLookup::Kind> KindOf(std::string_view element) {
  if (element == "Latest") return BlockLookup::Kind::kLatest;
  if (element == "Uncommitted") return BlockLookup::Kind::kUncommitted;
  if (element == "Committed") return BlockLookup::Kind::kCommitted;
  return std::nullopt;
}

void WriteBlocks(XmlWriter& xml, std::string_view name, const std::vector<ListedBlock>& blocks) {
  if (blocks.empty()) {
    xml.Element(name, "");
    return;
  }
  xml.Open(name);
  for (const ListedBlock& block : blocks) {
    xml.Open("Block");
    xml.Element("Name", block.name);
    xml.Element("Size", block.size);
    xml.Close("Block");
  }
  xml.Close(name);
}

}  // namespace

Outcome<std::vector<BlockLookup>> ParseBlockLookupList(std::string_view body) {
  BG_TRY(const XmlDocument document, XmlDocument::Parse(body, "BlockList", kMaxBlockListBody));
  BG_TRY(const std::vector<XmlElement> elements, document.root().Children());
  if (elements.size() > kMaxCommittedBlocks) return Fail(ErrorCode::kBlockListTooLong);
  std::vector<BlockLookup> list;
  list.reserve(elements.size());
  for (const XmlElement& element : elements) {
    const std::optional<BlockLookup::Kind> kind = KindOf(element.name());
    if (!kind) {
      return Fail(InvalidXml("Unexpected element " + std::string(element.name()) + "."));
    }
    BG_TRY(std::string id, element.TrimmedText());
    list.push_back({*kind, std::move(id)});
  }
  return list;
}

std::string RenderBlockList(const std::vector<ListedBlock>* committed,
                            const std::vector<ListedBlock>* uncommitted) {
  XmlWriter xml;
  xml.Open("BlockList");
  if (committed) WriteBlocks(xml, "CommittedBlocks", *committed);
  if (uncommitted) WriteBlocks(xml, "UncommittedBlocks", *uncommitted);
  xml.Close("BlockList");
  return std::move(xml).Take();
}

}  // namespace blobgate::azure
