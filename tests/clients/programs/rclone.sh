# Newest rclone, path style; $RCLONE is the program.
set -eu
rclone() { "$RCLONE" --retries 1 "$@"; }
# user's lines
cat > rclone.conf <<CONF
[gate]
type = azureblob
account = acct1
key = $AZURE_STORAGE_KEY
endpoint = http://127.0.0.1:10000/acct1
CONF
export RCLONE_CONFIG=rclone.conf
rclone sync given gate:rclone/up --azureblob-chunk-size 4M
rclone check given gate:rclone/up
rclone copy gate:rclone/up gate:rclone/twin
# end of the user's lines
rclone sync gate:rclone/given fetched --multi-thread-cutoff 4M --transfers 8
rclone check given gate:rclone/twin --download
rclone sync given gate:rclone/up --azureblob-chunk-size 4M --dry-run --stats-one-line -v 2>&1 |
  tee again.log | grep -q 'There was nothing to transfer' || { cat again.log; exit 1; }
head -c 9000000 given/dir/blocks.bin | rclone rcat gate:rclone/streamed --streaming-upload-cutoff 1M
rclone cat gate:rclone/streamed --offset 4000000 --count 1000 > piece
tail -c +4000001 given/dir/blocks.bin | head -c 1000 | cmp - piece
rclone moveto gate:rclone/streamed gate:rclone/moved
test "$(rclone lsf gate:rclone/moved --format s)" = 9000000
rclone md5sum gate:rclone/up | sort -k2 > found
rclone md5sum given | sort -k2 | cmp - found
mkdir -p many
for i in $(seq 200); do echo "$i" > "many/$i"; done
rclone copy many gate:rclone/many --transfers 32
test "$(rclone lsf gate:rclone/many | wc -l)" = 200
rclone purge gate:rclone/many
test -z "$(rclone lsf gate:rclone/ | grep -x many/ || true)"
