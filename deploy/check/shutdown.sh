# shellcheck shell=bash
# An API that is told to stop says so, goes on for a while, ends what it does, and is gone.

check_shutdown() (
    local key monitoring code=0
    cluster_database mehvar_shutdown
    MEHVAR_PORT=$(free_port)
    monitoring=$(free_port)
    export MEHVAR_MONITORING_PORT=$monitoring MEHVAR_DRAIN_SECONDS=2
    servers_environment
    MEHVAR_DATABASE_URL=$(cluster_url mehvar_shutdown)
    "$MEHVAR_BIN/mehvar" migrate >/dev/null
    "$MEHVAR_BIN/mehvar" tenant create --slug shutdown --name Shutdown --sender-address a@mehvar.example >/dev/null
    key=$("$MEHVAR_BIN/mehvar" key create --tenant shutdown --name key --format csv | tail -n 1 | cut -d, -f2)
    servers_keys
    process_start api "$MEHVAR_BIN/mehvar-api"
    process_ready api "$MEHVAR_PORT" 60
    attended python3 -B "$MEHVAR_ROOT/deploy/check/shutdown.py" \
        "$MEHVAR_PORT" "$monitoring" "$key" "$(process_pid api)" || code=$?
    [ "$code" = 0 ] || { process_log api && process_stop api && fail "the API did not shut down as it should"; }
)
