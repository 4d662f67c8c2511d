// What the page asks of containers and blobs, as the request that any client would send.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "azure/operation.h"
#include "base/time.h"
#include "gateway/accounts.h"
#include "http/request_head.h"

namespace blobgate::console {

/// A request to the Blob endpoint with a SAS that lets in that one operation, for a minute. The
/// gateway serves it as it serves everybody's; the page never sees the SAS.
class BlobRequest {
 public:
  /// Of `/api/blob?account=..&container=..&blob=..` and parameters of the REST operation. Names
  /// are in the query because browsers resolve `..` in a path. Of the headers those that the
  /// operations below use are taken along. `head` outlives it.
  ///
  /// List Containers, List Blobs, Get Blob, Get Blob Properties, Put Blob, Put Block, Put Block
  /// List and Delete Blob. Errors: those of azure::ParseResource and azure::Route; 404 for an
  /// account that there is not; 400 for other parameters, or one that is there twice; 403 for
  /// operations that the console has no use for.
  static azure::Outcome<std::unique_ptr<BlobRequest>> Of(const http::RequestHead& head,
                                                         const gateway::AccountTable& accounts,
                                                         Time now);
  BlobRequest(const BlobRequest&) = delete;
  BlobRequest& operator=(const BlobRequest&) = delete;

  const http::RequestHead& head() const { return head_; }
  const azure::OperationSpec& spec() const { return *spec_; }
  const azure::Resource& resource() const { return resource_; }
  bool changes() const { return head_.method != "GET" && head_.method != "HEAD"; }

 private:
  BlobRequest() = default;
  azure::Outcome<void> SetTarget(const http::Query& query);

  http::RequestHead head_;
  const azure::OperationSpec* spec_ = nullptr;
  azure::Resource resource_;
  std::string account_;
  std::string target_;
};

}  // namespace blobgate::console
