# shellcheck shell=bash
# The migrated database, the API and the worker of MEHVAR_HOME. Needs the other files of this folder.

# servers_environment: exports what the programs are configured by, once the cluster is started.
servers_environment() {
    MEHVAR_DATABASE_URL=$(cluster_url mehvar)
    MEHVAR_HOST=127.0.0.1
    MEHVAR_PORT=${MEHVAR_PORT:-8080}
    MEHVAR_PUBLIC_URL=${MEHVAR_PUBLIC_URL:-http://127.0.0.1:$MEHVAR_PORT}
    MEHVAR_MAIL_URL=${MEHVAR_MAIL_URL:-maildir://$(percent_encode "$MEHVAR_HOME/outbox")}
    MEHVAR_SPOOL_DIR=${MEHVAR_SPOOL_DIR:-$MEHVAR_HOME/spool}
    MEHVAR_SQL_DIR=$MEHVAR_ROOT/sql
    MEHVAR_SIGNING_KEYS=${MEHVAR_SIGNING_KEYS:-$MEHVAR_HOME/signing-keys.json}
    mkdir -p "$MEHVAR_SPOOL_DIR"
    export MEHVAR_DATABASE_URL MEHVAR_HOST MEHVAR_PORT MEHVAR_PUBLIC_URL MEHVAR_MAIL_URL MEHVAR_SPOOL_DIR MEHVAR_SQL_DIR MEHVAR_SIGNING_KEYS
    local name
    for name in MEHVAR_DATABASE_URL MEHVAR_HOST MEHVAR_PORT MEHVAR_PUBLIC_URL MEHVAR_MAIL_URL MEHVAR_SPOOL_DIR MEHVAR_SQL_DIR MEHVAR_SIGNING_KEYS; do
        printf 'export %s=%q\n' "$name" "${!name}"
    done >"$MEHVAR_HOME/env"
}

# servers_check_port: fails with what to do when MEHVAR_PORT cannot be listened on.
servers_check_port() {
    local port=${MEHVAR_PORT:-8080}
    [[ $port =~ ^[0-9]+$ ]] && ((port > 0 && port < 65536)) || fail "MEHVAR_PORT is a port number, not $port"
    port_is_free "$port" 2>/dev/null ||
        fail "port $port of 127.0.0.1 is taken; another one: MEHVAR_PORT=$((port + 1)) $0"
}

# servers_keys: makes the keys that access tokens are signed with, unless they are there.
servers_keys() {
    [ -e "$MEHVAR_SIGNING_KEYS" ] || "$MEHVAR_BIN/mehvar" signing-keys rotate "$MEHVAR_SIGNING_KEYS" >/dev/null
}

servers_start() {
    servers_keys
    process_start api "$MEHVAR_BIN/mehvar-api"
    # Each serves its metrics at a port of its own: the worker at the one behind the API's.
    if [ "${MEHVAR_MONITORING_PORT:-0}" = 0 ]; then
        process_start worker "$MEHVAR_BIN/mehvar-worker"
    else
        process_start worker env MEHVAR_MONITORING_PORT=$((MEHVAR_MONITORING_PORT + 1)) "$MEHVAR_BIN/mehvar-worker"
    fi
    process_ready api "$MEHVAR_PORT" 60
    process_pid worker >/dev/null || { process_log worker; fail "the worker ended while it started"; }
}

servers_stop() {
    process_stop worker
    process_stop api
}
