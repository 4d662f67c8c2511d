# AzCopy by SAS, host style; $AZCOPY is the program.
set -eu
azcopy() { "$AZCOPY" "$@" --output-level essential; }
# user's lines
export SSL_CERT_FILE=ca.pem
azcopy copy 'given/*' "https://acct1.blob.gate.test/azcopy/up?$SAS" --recursive --put-md5
azcopy copy "https://acct1.blob.gate.test/azcopy/up/*?$SAS" "https://acct1.blob.gate.test/azcopy/twin?$SAS" --recursive
mkdir -p fetched
azcopy sync "https://acct1.blob.gate.test/azcopy/given?$SAS" fetched --delete-destination=true
# end of the user's lines
azcopy copy given/dir/plain.txt "http://127.0.0.1:10000/acct1/azcopy/doomed/one?$SAS" --from-to=LocalBlob
azcopy remove "https://acct1.blob.gate.test/azcopy/doomed?$SAS" --recursive
