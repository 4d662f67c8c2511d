package blobgate;

import com.azure.core.util.BinaryData;
import com.azure.storage.blob.BlobContainerClient;
import com.azure.storage.blob.BlobServiceClient;
import com.azure.storage.blob.BlobServiceClientBuilder;
import com.azure.storage.blob.batch.BlobBatchClientBuilder;
import com.azure.storage.blob.models.BlobErrorCode;
import com.azure.storage.blob.models.BlobItem;
import com.azure.storage.blob.models.BlobRequestConditions;
import com.azure.storage.blob.models.BlobStorageException;
import com.azure.storage.blob.models.DeleteSnapshotsOptionType;
import com.azure.storage.blob.models.ListBlobsOptions;
import com.azure.storage.blob.models.ParallelTransferOptions;
import com.azure.storage.blob.options.BlobParallelUploadOptions;
import com.azure.storage.blob.options.BlobUploadFromFileOptions;
import com.azure.storage.blob.sas.BlobSasPermission;
import com.azure.storage.blob.sas.BlobServiceSasSignatureValues;
import com.azure.storage.common.StorageSharedKeyCredential;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The SDK for Java as programs use it. */
public final class SdkClient {
  private static final String CONTAINER = "java";
  private static final Path GIVEN = Path.of("given");

  private final BlobServiceClient service;
  private final BlobServiceClient plain;

  private SdkClient() {
    // user's lines
    // java -Djavax.net.ssl.trustStore=trust.p12 -Djavax.net.ssl.trustStorePassword=changeit
    StorageSharedKeyCredential key =
        new StorageSharedKeyCredential("acct1", System.getenv("AZURE_STORAGE_KEY"));
    service = new BlobServiceClientBuilder()
        .endpoint("https://acct1.blob.gate.test").credential(key).buildClient();
    plain = new BlobServiceClientBuilder()
        .endpoint("http://127.0.0.1:10000/acct1").credential(key).buildClient();
    // end of the user's lines
  }

  private static void check(boolean good, String what) {
    if (!good) throw new AssertionError(what);
  }

  private static List<Path> givenFiles() throws IOException {
    try (Stream<Path> paths = Files.walk(GIVEN)) {
      return paths.filter(Files::isRegularFile).toList();
    }
  }

  private void trees() throws IOException {
    BlobContainerClient container = service.getBlobContainerClient(CONTAINER);
    ParallelTransferOptions pieces = new ParallelTransferOptions()
        .setBlockSizeLong(1L << 20).setMaxSingleUploadSizeLong(1L << 20).setMaxConcurrency(4);
    for (Path path : givenFiles()) {
      container.getBlobClient("up/" + GIVEN.relativize(path)).uploadFromFileWithResponse(
          new BlobUploadFromFileOptions(path.toString()).setParallelTransferOptions(pieces),
          null, null);
    }
    BlobContainerClient reader = plain.getBlobContainerClient(CONTAINER);
    ListBlobsOptions few = new ListBlobsOptions().setPrefix("given/").setMaxResultsPerPage(2);
    for (BlobItem item : reader.listBlobs(few, null)) {
      Path target = Path.of("fetched").resolve(item.getName().substring("given/".length()));
      Files.createDirectories(target.getParent());
      reader.getBlobClient(item.getName()).downloadToFile(target.toString(), true);
    }
  }

  private void manyAtOnce() {
    BlobContainerClient container = service.getBlobContainerClient(CONTAINER);
    IntStream.range(0, 200).parallel().forEach(index -> {
      byte[] content = ("content " + index).repeat(index).getBytes();
      container.getBlobClient("many/" + index).upload(BinaryData.fromBytes(content), true);
      byte[] found = container.getBlobClient("many/" + index).downloadContent().toBytes();
      check(Arrays.equals(found, content), "many/" + index);
    });
    List<String> urls = new ArrayList<>();
    container.listBlobs(new ListBlobsOptions().setPrefix("many/"), null)
        .forEach(item -> urls.add(container.getBlobClient(item.getName()).getBlobUrl()));
    check(urls.size() == 200, urls.size() + " listed");
    new BlobBatchClientBuilder(service).buildClient()
        .deleteBlobs(urls, DeleteSnapshotsOptionType.INCLUDE).forEach(answer ->
            check(answer.getStatusCode() == 202, "batch: " + answer.getStatusCode()));
  }

  private void conditionsAndCopies() {
    var text = service.getBlobContainerClient(CONTAINER).getBlobClient("text");
    text.upload(BinaryData.fromString("first"));
    try {
      text.uploadWithResponse(new BlobParallelUploadOptions(BinaryData.fromString("again"))
          .setRequestConditions(new BlobRequestConditions().setIfNoneMatch("*")), null, null);
      throw new AssertionError("a second creation won");
    } catch (BlobStorageException refused) {
      check(refused.getErrorCode() == BlobErrorCode.BLOB_ALREADY_EXISTS, refused.toString());
    }
    String sas = text.generateSas(new BlobServiceSasSignatureValues(
        OffsetDateTime.now().plusHours(1), new BlobSasPermission().setReadPermission(true)));
    var copied = service.getBlobContainerClient(CONTAINER).getBlobClient("copied");
    copied.beginCopy(text.getBlobUrl() + "?" + sas, null).waitForCompletion();
    check(copied.downloadContent().toString().equals("first"), "copied");
    copied.setTags(java.util.Map.of("kind", "copy"));
    check(copied.getTags().get("kind").equals("copy"), "tags");
    copied.delete();
    text.delete();
    check(!text.exists(), "deleted, and still there");
  }

  public static void main(String[] arguments) throws IOException {
    SdkClient client = new SdkClient();
    client.trees();
    client.manyAtOnce();
    client.conditionsAndCopies();
    System.exit(0);
  }
}
