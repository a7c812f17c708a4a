#!/usr/bin/env bash
# Point-in-time recovery with pgBackRest, on a throwaway cluster: after a DELETE without WHERE and a DROP TABLE the rows
# are exactly those of a moment T before, in a second folder and in the cluster's own.
# MEHVAR_ROOT names the project's folder; --late moves the target behind the damage, to see this fail.
set -euo pipefail
# shellcheck source=/dev/null
. "${MEHVAR_ROOT:?names the folder of the project}/deploy/lib/all.sh"

# backrest ARG …: as the server's user, who must own all that it writes.
backrest() { as_server pgbackrest --config="$CONFIGURATION" --stanza=mehvar "$@"; }

configure_backups() {
    install -d -m 0700 -o "$CLUSTER_USER" "$SCRATCH/backrest" "$LOOK"
    as_server_writes "$CONFIGURATION" <<INI
[global]
repo1-path=$SCRATCH/backrest
repo1-retention-full=2
repo1-retention-diff=6
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=$(head -c 48 /dev/urandom | base64 -w 0)
compress-type=zst
start-fast=y
lock-path=$SCRATCH/backrest/lock
log-level-file=off
[mehvar]
pg1-path=$CLUSTER_DATA
pg1-socket-path=$CLUSTER_SOCKET
pg1-user=postgres
INI
    cluster_psql postgres -c "ALTER SYSTEM SET archive_mode = on" -c "ALTER SYSTEM SET archive_timeout = 60" \
        -c "ALTER SYSTEM SET archive_command = 'pgbackrest --config=$CONFIGURATION --stanza=mehvar archive-push %p'"
    pg_control restart -m fast -l start.log
    backrest stanza-create
    backrest check
}

# add COUNT: so many customers, each with an order.
add() {
    cluster_psql mehvar -v count="$1" <<'SQL'
SET ROLE mehvar_owner;
WITH c AS (INSERT INTO crm.customer (name) SELECT 'Customer ' || n FROM generate_series(1, :count) AS n RETURNING id)
INSERT INTO crm.customer_order (customer_id, amount) SELECT id, id * 1.25 FROM c;
SQL
}

rows() {
    cluster_psql mehvar -At <<'SQL'
SELECT 'customers', count(*), md5(string_agg(c::text, ' ' ORDER BY id)) FROM crm.customer c;
SELECT 'orders', count(*), md5(string_agg(o::text, ' ' ORDER BY id)) FROM crm.customer_order o;
SQL
}

# verify_rows WHERE READY: once the query READY says t, the rows are those of T.
verify_rows() {
    local deadline=$((SECONDS + 20)) found
    until [ "$(cluster_psql postgres -At -c "SELECT $2")" = t ]; do
        ((SECONDS < deadline)) || fail "the recovery of $1 did not come to its end within 20 seconds"
        sleep 0.1
    done
    found=$(rows) || true
    [ "$found" = "$expected" ] || fail "the rows of $1 are not those of T: ${found//$'\n'/, }; T: ${expected//$'\n'/, }"
    say "the rows of $1 are those of T: ${found//$'\n'/, }"
}

clean_up() {
    (CLUSTER_DATA=$LOOK && postmaster_pid >/dev/null && pg_control stop -m immediate)
    (cluster_remove "$SCRATCH")
    rm -rf -- "$SCRATCH"
}

SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/mehvar-pitr.XXXXXX")
CONFIGURATION=$SCRATCH/backrest/pgbackrest.conf LOOK=$SCRATCH/look
chmod 0711 "$SCRATCH"
at_exit clean_up
require_packages pgbackrest
cluster_start "$SCRATCH" throwaway
cluster_database mehvar
configure_backups
cluster_psql mehvar -c 'CREATE SCHEMA crm AUTHORIZATION mehvar_owner' -c 'SET ROLE mehvar_owner' \
    -c 'CREATE TABLE crm.customer (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL)' \
    -c 'CREATE TABLE crm.customer_order (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        customer_id bigint NOT NULL REFERENCES crm.customer (id), amount numeric NOT NULL)'
for kind in full diff incr; do add 1000; backrest --type=$kind backup; done
add 1000
expected=$(rows) target=$(cluster_psql mehvar -At -c 'SELECT clock_timestamp()')
add 500
cluster_psql mehvar -c 'SET ROLE mehvar_owner' -c 'DELETE FROM crm.customer_order' -c 'DROP TABLE crm.customer_order'
if [ "${1:-}" = --late ]; then target=$(cluster_psql mehvar -At -c 'SELECT clock_timestamp()'); fi
# A recovery ends before the first commit that is later than its target, which the archive must have.
cluster_psql mehvar -c 'CREATE TABLE crm.later ()'
backrest check
at=(--type=time --target="$target")
backrest "${at[@]}" --pg1-path="$LOOK" --archive-mode=off --target-action=pause restore
(CLUSTER_DATA=$LOOK && pg_control start -l start.log -o '-p 5433')
PGPORT=5433 verify_rows "the second folder" "pg_get_wal_replay_pause_state() = 'paused'"
pg_control stop -m fast
backrest "${at[@]}" --delta --target-action=promote restore
pg_control start -l start.log
verify_rows "the cluster" "NOT pg_is_in_recovery()"
backrest check
