// The operation table as documentation.
#pragma once

#include <string>

namespace blobgate::azure {

/// A Markdown table of every row of OperationTable(), for docs/operations.md.
std::string OperationTableMarkdown();

}  // namespace blobgate::azure
