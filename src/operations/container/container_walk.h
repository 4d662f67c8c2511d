// All containers of an account, for work in the background.
#pragma once

#include <string>
#include <vector>

#include "blob/records.h"
#include "operations/call.h"

namespace blobgate::operations {

struct ContainerName {
  std::string name;
  std::string incarnation;
  bool hierarchical = false;
};

/// A container that was deleted and can still be restored.
struct RestorableContainer {
  std::string name;
  std::string version;
  engine::Row row;
  blob::ContainerRecord record;
  engine::PartitionRef partition;
};

/// In no particular order. Containers whose rows cannot be read are logged and left out.
Task<Result<std::vector<ContainerName>>> ContainersOf(Services& services, std::string account);

/// All deleted ones that are kept. Rows that cannot be read are logged and left out.
Task<Result<std::vector<RestorableContainer>>> RestorableContainersOf(Services& services,
                                                                      std::string account);

}  // namespace blobgate::operations
