# shellcheck shell=bash
# Clients that mean harm, or know no better, against one running API: slow, endless, many, malformed, deaf. Others are
# served all the while, and memory stays bounded.

check_hostile() (
    local key code=0
    cluster_database mehvar_hostile
    MEHVAR_PORT=$(free_port)
    servers_environment
    MEHVAR_DATABASE_URL=$(cluster_url mehvar_hostile)
    # So that going beyond it does not take long.
    export MEHVAR_UPLOAD_LIMIT=$((8 << 20))
    "$MEHVAR_BIN/mehvar" migrate >/dev/null
    "$MEHVAR_BIN/mehvar" tenant create --slug hostile --name Hostile --sender-address hostile@mehvar.example >/dev/null
    key=$("$MEHVAR_BIN/mehvar" key create --tenant hostile --name hostile --format csv | tail -n 1 | cut -d, -f2)
    # Those of the longest list.
    python3 -c "print('reference,name', *(f'H-{n},{\"Somebody with a long name \" * 6}{n}' for n in range(200)), sep='\n')" \
        >"$MEHVAR_HOME/hostile.csv"
    "$MEHVAR_BIN/mehvar" import customers --tenant hostile "$MEHVAR_HOME/hostile.csv" >/dev/null
    # Both ends of ten thousand connections.
    ulimit -n "$(ulimit -Hn)"
    servers_start
    attended python3 -B "$MEHVAR_ROOT/deploy/check/hostile.py" \
        "$MEHVAR_PORT" "$key" "$(process_pid api)" "$(process_pid worker)" "$MEHVAR_UPLOAD_LIMIT" || code=$?
    process_pid api >/dev/null || { process_log api && fail "the API ended"; }
    process_pid worker >/dev/null || { process_log worker && fail "the worker ended"; }
    servers_stop
    [ "$code" = 0 ] || fail "the API did not bear it"
)
