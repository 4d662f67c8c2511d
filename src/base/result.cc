#include "base/result.h"

namespace blobgate {

std::string_view ErrcName(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return "InvalidArgument";
    case Errc::kNotFound:
      return "NotFound";
    case Errc::kConflict:
      return "Conflict";
    case Errc::kPartitionMoved:
      return "PartitionMoved";
    case Errc::kExtentGone:
      return "ExtentGone";
    case Errc::kCorruption:
      return "Corruption";
    case Errc::kNoSpace:
      return "NoSpace";
    case Errc::kReadOnly:
      return "ReadOnly";
    case Errc::kIoError:
      return "IoError";
    case Errc::kCancelled:
      return "Cancelled";
    case Errc::kTimeout:
      return "Timeout";
    case Errc::kDisconnected:
      return "Disconnected";
    case Errc::kTooLarge:
      return "TooLarge";
    case Errc::kUnavailable:
      return "Unavailable";
    case Errc::kUnsupported:
      return "Unsupported";
    case Errc::kInternal:
      return "Internal";
  }
  return "Unknown";
}

}  // namespace blobgate
