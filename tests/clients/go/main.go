// azblob as programs use it: HTTPS in host style and HTTP in path style.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

const name = "go-azblob"

func must(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v\n", err)
		os.Exit(1)
	}
}

func check(good bool, what string) {
	if !good {
		must(errors.New(what))
	}
}

// connect: a client of HTTPS in host style, whose CA is in SSL_CERT_FILE, and one of HTTP in path
// style.
func connect() (*azblob.Client, *azblob.Client) {
	// user's lines
	credential, err := azblob.NewSharedKeyCredential("acct1", os.Getenv("AZURE_STORAGE_KEY"))
	must(err)
	client, err := azblob.NewClientWithSharedKeyCredential( // run with SSL_CERT_FILE=ca.pem
		"https://acct1.blob.gate.test", credential, nil)
	must(err)
	plain, err := azblob.NewClientWithSharedKeyCredential(
		"http://127.0.0.1:10000/acct1", credential, nil)
	must(err)
	// end of the user's lines
	return client, plain
}

func uploadTree(ctx context.Context, client *azblob.Client) {
	must(filepath.WalkDir("given", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		target := "up/" + strings.TrimPrefix(path, "given/")
		_, err = client.UploadFile(ctx, name, target, file, &azblob.UploadFileOptions{
			BlockSize: 1 << 20, Concurrency: 4,
			Metadata: map[string]*string{"origin": to.Ptr("given")}})
		return err
	}))
}

func list(ctx context.Context, client *azblob.Client, prefix string) []string {
	var names []string
	pages := client.NewListBlobsFlatPager(name, &azblob.ListBlobsFlatOptions{
		Prefix: &prefix, MaxResults: to.Ptr(int32(50))})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, item := range page.Segment.BlobItems {
			names = append(names, *item.Name)
		}
	}
	return names
}

func downloadTree(ctx context.Context, client *azblob.Client) {
	for _, found := range list(ctx, client, "given/") {
		path := filepath.Join("fetched", strings.TrimPrefix(found, "given/"))
		must(os.MkdirAll(filepath.Dir(path), 0o755))
		file, err := os.Create(path)
		must(err)
		_, err = client.DownloadFile(ctx, name, found, file, &azblob.DownloadFileOptions{
			BlockSize: 1 << 20, Concurrency: 4})
		must(err)
		must(file.Close())
	}
}

func manyAtOnce(ctx context.Context, client *azblob.Client) {
	var group sync.WaitGroup
	for worker := range 32 {
		group.Add(1)
		go func() {
			defer group.Done()
			for index := range 10 {
				target := fmt.Sprintf("many/%02d-%02d", worker, index)
				content := bytes.Repeat([]byte(target), worker*100)
				_, err := client.UploadStream(ctx, name, target, bytes.NewReader(content), nil)
				must(err)
				answer, err := client.DownloadStream(ctx, name, target, nil)
				must(err)
				found, err := io.ReadAll(answer.NewRetryReader(ctx, nil))
				must(err)
				check(bytes.Equal(found, content), target)
			}
		}()
	}
	group.Wait()
	check(len(list(ctx, client, "many/")) == 320, "not all 320 blobs are listed")
}

func when(conditions blob.ModifiedAccessConditions) *azblob.UploadBufferOptions {
	return &azblob.UploadBufferOptions{
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &conditions}}
}

func conditionsAndCopies(ctx context.Context, client, plain *azblob.Client) {
	inside := plain.ServiceClient().NewContainerClient(name)
	first := inside.NewBlockBlobClient("text")
	old, err := plain.UploadBuffer(ctx, name, "text", []byte("first"), nil)
	must(err)
	_, err = plain.UploadBuffer(ctx, name, "text", []byte("second"), nil)
	must(err)
	_, err = plain.UploadBuffer(ctx, name, "text", []byte("third"), when(
		blob.ModifiedAccessConditions{IfMatch: old.ETag}))
	check(bloberror.HasCode(err, bloberror.ConditionNotMet), "an old ETag won")
	_, err = plain.UploadBuffer(ctx, name, "text", []byte("third"), when(
		blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}))
	check(bloberror.HasCode(err, bloberror.BlobAlreadyExists), "a second creation won")

	expiry := time.Now().Add(time.Hour)
	signed, err := first.GetSASURL(sas.BlobPermissions{Read: true}, expiry, nil)
	must(err)
	answer, err := http.Get(signed)
	must(err)
	found, err := io.ReadAll(answer.Body)
	must(err)
	check(string(found) == "second", "by SAS: "+string(found))
	secure := client.ServiceClient().NewContainerClient(name)
	source, err := secure.NewBlobClient("text").GetSASURL(
		sas.BlobPermissions{Read: true}, expiry, nil)
	must(err)
	_, err = secure.NewBlobClient("copied").CopyFromURL(ctx, source, nil)
	must(err)
	_, err = secure.NewBlobClient("copied").SetTags(ctx, map[string]string{"a": "b"}, nil)
	must(err)

	batch, err := secure.NewBatchBuilder()
	must(err)
	for _, doomed := range []string{"text", "copied", "none"} {
		must(batch.Delete(doomed, nil))
	}
	result, err := secure.SubmitBatch(ctx, batch, nil)
	must(err)
	failures := 0
	for _, part := range result.Responses {
		if part.Error != nil {
			failures++
		}
	}
	check(failures == 1 && len(result.Responses) == 3, "batch")
	_, err = first.GetProperties(ctx, nil)
	check(bloberror.HasCode(err, bloberror.BlobNotFound), "deleted, and still there")
}

func walk(ctx context.Context, client *azblob.Client) {
	prefix := "given/"
	pages := client.ServiceClient().NewContainerClient(name).NewListBlobsHierarchyPager("/",
		&container.ListBlobsHierarchyOptions{Prefix: &prefix})
	page, err := pages.NextPage(ctx)
	must(err)
	check(len(page.Segment.BlobPrefixes) == 1 && *page.Segment.BlobPrefixes[0].Name == "given/dir/",
		"prefixes")
}

func main() {
	ctx := context.Background()
	client, plain := connect()
	uploadTree(ctx, client)
	downloadTree(ctx, plain)
	manyAtOnce(ctx, client)
	conditionsAndCopies(ctx, client, plain)
	walk(ctx, client)
}
