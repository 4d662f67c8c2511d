// Several MD5s at once, of Tasks that have content at the same time.
#pragma once

#include "base/buffer.h"
#include "base/md5.h"
#include "base/task.h"

namespace blobgate {

/// md5.Update(data), together with those of other Tasks of the same io thread: they wait until what
/// else is ready there had its turn, and then go through the processor side by side
/// (Md5::Compress), in turns of 64 KiB each. `md5` and `data` stay until it is done. Short `data`
/// does not wait. REQUIRES: the Task runs in an io_context of one thread (net/io_threads.h).
Task<void> UpdateTogether(Md5& md5, Bytes data);

}  // namespace blobgate
