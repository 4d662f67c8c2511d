# `az storage` with a private CA, in host style.
set -eu
# user's lines
export REQUESTS_CA_BUNDLE=ca.pem
export AZURE_STORAGE_CONNECTION_STRING="DefaultEndpointsProtocol=https;AccountName=acct1;AccountKey=$AZURE_STORAGE_KEY;BlobEndpoint=https://acct1.blob.gate.test"
az storage blob upload-batch --destination azure-cli --destination-path up --source given
az storage blob list --container-name azure-cli --prefix up/ --output table
# end of the user's lines
mkdir fetched
az storage blob download-batch --destination fetched --source azure-cli --pattern 'given/*' -o none
az storage blob list -c azure-cli --prefix up/ --query '[].name' -o tsv | sort > listed
(cd given && find . -type f | sed 's,^\./,up/,' | sort) > wanted
cmp listed wanted
url=$(az storage blob url -c azure-cli -n up/dir/plain.txt -o tsv)
sas=$(az storage blob generate-sas -c azure-cli -n up/dir/plain.txt --permissions r \
  --expiry 2100-01-01T00:00:00Z -o tsv)
curl -sf --cacert ca.pem "$url?$sas" | cmp - given/dir/plain.txt
az storage blob copy start -c azure-cli --destination-blob copied --source-uri "$url?$sas" -o none
test "$(az storage blob show -c azure-cli -n copied --query properties.copy.status -o tsv)" = success
az storage blob metadata update -c azure-cli -n copied --metadata kind=copy -o none
az storage blob delete -c azure-cli -n copied
test "$(az storage blob exists -c azure-cli -n copied --query exists -o tsv)" = false

export AZURE_STORAGE_CONNECTION_STRING="DefaultEndpointsProtocol=https;AccountName=tree;AccountKey=$TREE_KEY;BlobEndpoint=https://tree.blob.gate.test;DfsEndpoint=https://tree.dfs.gate.test"
az storage blob upload-batch -d azure-cli --destination-path start -s given -o none
az storage fs directory move -f azure-cli -n start --new-directory azure-cli/moved -o none
az storage fs file list -f azure-cli --path moved --query '[].name' -o tsv > listed
grep -q moved/dir/blocks.bin listed
az storage fs access set -f azure-cli -p moved --acl user::rwx,group::r-x,other::--- -o none
az storage fs access show -f azure-cli -p moved --query acl -o tsv > acl
grep -q 'user::rwx,group::r-x,other::---' acl
