#include "operations/container/container_request.h"

#include <utility>

#include "base/encoding.h"
#include "operations/lease_headers.h"

namespace blobgate::operations {

azure::Outcome<void> CheckContainerConditions(const Call& call, const blob::ContainerRecord& record,
                                              std::initializer_list<std::string_view> honoured) {
  http::HeaderView headers;
  for (std::string_view name : honoured) {
    if (auto value = call.headers().Find(name)) headers.Add(name, *value);
  }
  BG_TRY(auto conditions, blob::ConditionHeaders::Parse(headers));
  const blob::ConditionSubject subject{record.etag, record.modified, nullptr};
  return blob::CheckWrite(conditions, &subject, /*creates=*/false);
}

azure::Outcome<void> CheckContainerLease(const Call& call, const blob::ContainerRecord& record) {
  BG_TRY(auto id, LeaseIdOf(call.headers()));
  return blob::CheckRead(record.lease, id, blob::LeaseSubject::kContainer, call.now);
}

Task<azure::Outcome<ContainerRowPtr>> LoadForContainerOperation(Call& call) {
  BG_CO_TRY(auto container,
            co_await LoadContainer(call.services, call.resource.account, call.resource.container));
  BG_CO_CHECK(CheckContainerLease(call, container->record));
  co_return container;
}

azure::Outcome<blob::ContainerAccess> ParsePublicAccess(const http::HeaderView& headers) {
  constexpr std::string_view kHeader = "x-ms-blob-public-access";
  const auto value = headers.Find(kHeader);
  if (!value) return blob::ContainerAccess::kPrivate;
  if (EqualsIgnoreCase(*value, "container")) return blob::ContainerAccess::kContainer;
  if (EqualsIgnoreCase(*value, "blob")) return blob::ContainerAccess::kBlob;
  return azure::Fail(azure::InvalidHeader(kHeader, *value));
}

azure::Outcome<blob::ContainerAccess> PublicAccessOf(const Call& call) {
  BG_TRY(const auto access, ParsePublicAccess(call.headers()));
  if (access != blob::ContainerAccess::kPrivate && !call.account.public_access) {
    return azure::Fail(azure::ErrorCode::kPublicAccessNotPermitted);
  }
  return access;
}

std::string_view PublicAccessName(blob::ContainerAccess access) {
  switch (access) {
    case blob::ContainerAccess::kPrivate:
      return {};
    case blob::ContainerAccess::kBlob:
      return "blob";
    case blob::ContainerAccess::kContainer:
      return "container";
  }
  return {};
}

void SetPublicAccess(http::Response& response, blob::ContainerAccess access) {
  const std::string_view name = PublicAccessName(access);
  if (!name.empty()) response.Set("x-ms-blob-public-access", std::string(name));
}

void SetContainerEtag(http::Response& response, const blob::ContainerRecord& record) {
  SetEtag(response, record.etag, record.modified);
}

void TouchContainer(Call& call, blob::ContainerRecord& record) {
  record.etag = call.services.etags.Next(record.etag);
  record.modified = call.now;
}

engine::Batch PutContainer(const Call& call, const blob::ContainerRecord& record) {
  engine::Batch batch;
  batch.puts.push_back({blob::ContainerKey(call.resource.container), record.Encode()});
  return batch;
}

}  // namespace blobgate::operations
