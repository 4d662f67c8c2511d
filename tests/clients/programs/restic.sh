# Transparent mode: this version of restic builds Azure's own names.
set -eu
# user's lines
export AZURE_ACCOUNT_NAME=acct1 AZURE_ACCOUNT_KEY=$AZURE_STORAGE_KEY
export SSL_CERT_FILE=ca.pem RESTIC_PASSWORD=secret
restic -r azure:restic:/backup init
restic -r azure:restic:/backup backup given
restic -r azure:restic:/backup check --read-data
restic -r azure:restic:/backup restore latest --target restored
# end of the user's lines
export RESTIC_REPOSITORY=azure:restic:/backup
mkdir more
for i in $(seq 20); do head -c 300000 /dev/urandom > "more/$i"; done
restic backup given more
restic snapshots --json | grep -o '"short_id":"[^"]*"' | cut -d'"' -f4 > snapshots
test "$(wc -l < snapshots)" = 2
restic diff $(cat snapshots) > difference  # to a file: its lock stays when a pipe breaks
grep -q more/20 difference
restic forget --keep-last 1 --prune
restic check --read-data
rm -rf restored
restic restore latest --target restored
diff -r more restored/more
