#include "azure/list_xml.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::azure {
namespace {

const Time kTime = *ParseHttpDate("Thu, 16 Dec 2021 22:04:14 GMT");
constexpr std::string_view kHead = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>";

ListedBlob Blob(std::string_view name) {
  ListedBlob blob;
  blob.name = name;
  blob.created = blob.modified = kTime;
  blob.etag = "0x8D9C0DFFF8A28B5";
  blob.content_type = "application/octet-stream";
  blob.content_md5 = "1B2M2Y8AsgTpgAmY7PhCfg==";
  blob.blob_type = "BlockBlob";
  blob.access_tier = "Hot";
  blob.access_tier_inferred = true;
  blob.lease_status = "unlocked";
  blob.lease_state = "available";
  return blob;
}

std::string Written(const ListedBlob& blob) {
  XmlWriter xml;
  WriteBlob(xml, blob);
  return std::move(xml).Take().substr(kHead.size());
}

// The sample of operations.md 4.3, element for element.
TEST(ListXml, BlobListIsTheRecordedSample) {
  XmlWriter xml;
  OpenBlobList(xml, "https://acct1.blob.core.windows.net/", "cont1");
  xml.NameElement("Prefix", "docs/");
  xml.Element("MaxResults", std::uint64_t{2});
  xml.NameElement("Delimiter", "/");
  xml.Open("Blobs");
  WriteBlob(xml, Blob("docs/a.txt"));
  WriteBlobPrefix(xml, "docs/sub/");
  xml.Close("Blobs");
  CloseList(xml, "opaque");
  EXPECT_EQ(
      std::move(xml).Take(),
      std::string(kHead) +
          "<EnumerationResults ServiceEndpoint=\"https://acct1.blob.core.windows.net/\" "
          "ContainerName=\"cont1\"><Prefix>docs/</Prefix><MaxResults>2</MaxResults>"
          "<Delimiter>/</Delimiter><Blobs><Blob><Name>docs/a.txt</Name><Properties>"
          "<Creation-Time>Thu, 16 Dec 2021 22:04:14 GMT</Creation-Time>"
          "<Last-Modified>Thu, 16 Dec 2021 22:04:14 GMT</Last-Modified>"
          "<Etag>0x8D9C0DFFF8A28B5</Etag><Content-Length>0</Content-Length>"
          "<Content-Type>application/octet-stream</Content-Type><Content-Encoding />"
          "<Content-Language /><Content-CRC64 />"
          "<Content-MD5>1B2M2Y8AsgTpgAmY7PhCfg==</Content-MD5><Cache-Control />"
          "<Content-Disposition /><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
          "<AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked</LeaseStatus>"
          "<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties>"
          "<OrMetadata /></Blob><BlobPrefix><Name>docs/sub/</Name></BlobPrefix></Blobs>"
          "<NextMarker>opaque</NextMarker></EnumerationResults>");
}

TEST(ListXml, OptionalPropertiesStandInTheirPlaces) {
  const NameValues metadata = {{"Key", "caf\xE9"}, {"empty", ""}};
  const NameValues tags = {{"t", "v"}};
  ListedBlob blob = Blob("b");
  blob.access_tier = "Archive";
  blob.access_tier_inferred = false;
  blob.archive_status = "rehydrate-pending-to-hot";
  blob.rehydrate_priority = "High";
  blob.access_tier_changed = kTime;
  blob.lease_status = "locked";
  blob.lease_state = "leased";
  blob.lease_duration = "infinite";
  blob.copy = ListedCopy{"id", "http://s?a=1&b=2", "failed", "1/2", kTime, "why"};
  blob.tag_count = 1;
  blob.metadata = &metadata;
  blob.tags = &tags;
  blob.or_metadata = false;
  const std::string xml = Written(blob);
  EXPECT_NE(
      xml.find("<AccessTier>Archive</AccessTier>"
               "<ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus>"
               "<RehydratePriority>High</RehydratePriority>"
               "<AccessTierChangeTime>Thu, 16 Dec 2021 22:04:14 GMT</AccessTierChangeTime>"
               "<LeaseStatus>locked</LeaseStatus><LeaseState>leased</LeaseState>"
               "<LeaseDuration>infinite</LeaseDuration><CopyId>id</CopyId>"
               "<CopySource>http://s?a=1&amp;b=2</CopySource><CopyStatus>failed</CopyStatus>"
               "<CopyProgress>1/2</CopyProgress>"
               "<CopyCompletionTime>Thu, 16 Dec 2021 22:04:14 GMT</CopyCompletionTime>"
               "<CopyStatusDescription>why</CopyStatusDescription>"
               "<ServerEncrypted>true</ServerEncrypted><TagCount>1</TagCount></Properties>"
               "<Metadata><Key>caf\xC3\xA9</Key><empty /></Metadata>"
               "<Tags><TagSet><Tag><Key>t</Key><Value>v</Value></Tag></TagSet></Tags></Blob>"),
      std::string::npos)
      << xml;
}

TEST(ListXml, EmptyMetadataShowsAndEmptyTagsDoNot) {
  const NameValues none;
  ListedBlob blob = Blob("b");
  blob.metadata = &none;
  blob.tags = &none;
  EXPECT_TRUE(Written(blob).ends_with("</Properties><Metadata /><OrMetadata /></Blob>"));
}

TEST(ListXml, AnUncommittedBlobHasNoContentProperties) {
  const NameValues none;
  ListedBlob blob = Blob("b");
  blob.committed = false;
  blob.metadata = &none;
  const std::string xml = Written(blob);
  EXPECT_NE(xml.find("</Creation-Time><Content-Length>0</Content-Length><BlobType>"),
            std::string::npos)
      << xml;
  for (std::string_view absent :
       {"Last-Modified", "Etag", "Content-Type", "Content-MD5", "Cache-Control", "<Metadata"}) {
    EXPECT_EQ(xml.find(absent), std::string::npos) << absent;
  }
}

TEST(ListXml, NamesThatXmlCannotCarryAreEncodedWhole) {
  EXPECT_TRUE(Written(Blob("a/\xEF\xBF\xBE b"))
                  .starts_with("<Blob><Name Encoded=\"true\">a%2F%EF%BF%BE%20b</Name>"));
  XmlWriter xml;
  WriteBlobPrefix(xml, "\xEF\xBF\xBF/");
  EXPECT_TRUE(std::move(xml).Take().ends_with(
      "<BlobPrefix><Name Encoded=\"true\">%EF%BF%BF%2F</Name></BlobPrefix>"));
}

TEST(ListXml, Containers) {
  const NameValues metadata = {{"k", "v"}};
  ListedContainer container;
  container.name = "cont";
  container.modified = kTime;
  container.etag = "\"0x8D\"";
  container.lease_status = "unlocked";
  container.lease_state = "available";
  container.public_access = "blob";
  container.metadata = &metadata;
  XmlWriter xml;
  OpenContainerList(xml, "http://h/acct/");
  xml.Open("Containers");
  WriteContainer(xml, container);
  xml.Close("Containers");
  CloseList(xml, "");
  EXPECT_EQ(std::move(xml).Take(),
            std::string(kHead) +
                "<EnumerationResults ServiceEndpoint=\"http://h/acct/\"><Containers><Container>"
                "<Name>cont</Name><Properties>"
                "<Last-Modified>Thu, 16 Dec 2021 22:04:14 GMT</Last-Modified>"
                "<Etag>&quot;0x8D&quot;</Etag><LeaseStatus>unlocked</LeaseStatus>"
                "<LeaseState>available</LeaseState><PublicAccess>blob</PublicAccess>"
                "<DefaultEncryptionScope>$account-encryption-key</DefaultEncryptionScope>"
                "<DenyEncryptionScopeOverride>false</DenyEncryptionScopeOverride>"
                "<HasImmutabilityPolicy>false</HasImmutabilityPolicy>"
                "<HasLegalHold>false</HasLegalHold></Properties><Metadata><k>v</k></Metadata>"
                "</Container></Containers><NextMarker /></EnumerationResults>");
}

}  // namespace
}  // namespace blobgate::azure
