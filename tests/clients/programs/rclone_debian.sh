# rclone of Debian 12; $RCLONE is the program.
set -eu
rclone() { "$RCLONE" --retries 1 "$@"; }
# user's lines
cat > rclone-1.60.conf <<CONF
[gate]
type = azureblob
account = acct1
key = $AZURE_STORAGE_KEY
endpoint = blob.gate.test
CONF
export SSL_CERT_FILE=ca.pem
rclone --config rclone-1.60.conf sync given gate:rclone/old
# end of the user's lines
rclone --config rclone-1.60.conf check given gate:rclone/old
rclone --config rclone-1.60.conf sync gate:rclone/old old
