# pgBackRest's repository commands, in host style.
set -eu
# user's lines
cat > pgbackrest.conf <<CONF
[global]
repo1-type=azure
repo1-path=/repo
repo1-azure-account=acct1
repo1-azure-container=pgbackrest
repo1-azure-key=$AZURE_STORAGE_KEY
repo1-azure-endpoint=blob.gate.test
repo1-azure-uri-style=host
repo1-storage-ca-file=$PWD/ca.pem
CONF
pgbackrest --config="$PWD/pgbackrest.conf" repo-put up/dir/plain.txt < given/dir/plain.txt
pgbackrest --config="$PWD/pgbackrest.conf" repo-ls --recurse
# end of the user's lines
export PGBACKREST_CONFIG=$PWD/pgbackrest.conf PGBACKREST_LOG_LEVEL_FILE=off
(cd given && find . -type f) | while read -r name; do
  pgbackrest repo-put "up/${name#./}" < "given/$name"
  mkdir -p "$(dirname "fetched/$name")"
  pgbackrest repo-get "up/${name#./}" > "fetched/$name"
done
pgbackrest repo-put doomed/one < given/dir/plain.txt
pgbackrest repo-rm --recurse doomed
test -z "$(pgbackrest repo-ls doomed)"
