# Blobs by the Ruby SDK, in path style.
require "base64"
require "fileutils"

# user's lines
require "tempfile"  # the SDK uses it and does not say so
require "azure/storage/blob"

client = Azure::Storage::Blob::BlobService.create(
  storage_account_name: "acct1",
  storage_access_key: ENV["AZURE_STORAGE_KEY"],
  storage_blob_host: "http://127.0.0.1:10000",
  use_path_style_uri: true
)
client.create_block_blob("ruby", "hello.txt", "hello")
# end of the user's lines
def check(good, what)
  abort(what) unless good
end

files = Dir.glob("given/**/*").select { |path| File.file?(path) }
files.each do |path|
  name = path.sub("given/", "up/")
  content = File.binread(path)
  if content.bytesize > 4 << 20
    ids = []
    (0...content.bytesize).step(4 << 20).each_with_index do |start, index|
      ids << [Base64.strict_encode64(format("%06d", index))]
      client.put_blob_block("ruby", name, ids[-1][0], content.byteslice(start, 4 << 20))
    end
    client.commit_blob_blocks("ruby", name, ids)
  else
    client.create_block_blob("ruby", name, content, metadata: { "origin" => "given" })
  end
end
marker = nil
loop do
  page = client.list_blobs("ruby", prefix: "given/", max_results: 2, marker: marker)
  page.each do |blob|
    target = blob.name.sub("given/", "fetched/")
    FileUtils.mkdir_p(File.dirname(target))
    _, content = client.get_blob("ruby", blob.name)
    File.binwrite(target, content || "")
  end
  marker = page.continuation_token
  break if marker.nil? || marker.empty?
end
check(client.get_blob_metadata("ruby", "up/dir/plain.txt").metadata["origin"] == "given", "metadata")
_, piece = client.get_blob("ruby", "up/dir/blocks.bin", start_range: 5_000_000, end_range: 5_000_099)
check(piece == File.binread("given/dir/blocks.bin").byteslice(5_000_000, 100), "range")
client.copy_blob("ruby", "copied", "ruby", "hello.txt")
lease = client.acquire_blob_lease("ruby", "copied", duration: 15)
client.set_blob_metadata("ruby", "copied", { "a" => "b" }, lease_id: lease)
client.release_blob_lease("ruby", "copied", lease)
check(client.get_blob("ruby", "copied")[1] == "hello", "copy")
client.create_append_blob("ruby", "log")
3.times { client.append_blob_block("ruby", "log", "line\n") }
check(client.get_blob("ruby", "log")[1] == "line\n" * 3, "append blob")
client.delete_blob("ruby", "copied")
begin
  client.get_blob_properties("ruby", "copied")
  abort("deleted, and still there")
rescue Azure::Core::Http::HTTPError => error
  check(error.status_code == 404, error.to_s)
end
