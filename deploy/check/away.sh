# shellcheck shell=bash
# The database goes away under load and comes back: clients are told at once and told truly, and nothing that they sent
# is lost or done twice.

# away_and_back: stops the database as a crash would, starts it after a while, and says each step when
# it is done.
away_and_back() {
    until [ -n "$(cluster_psql mehvar -At -c 'SELECT 1 FROM crm.customer LIMIT 1')" ]; do sleep 0.1; done
    sleep 5
    echo stopping
    pg_control stop -m immediate
    echo stopped
    sleep 10
    echo starting
    pg_control start -W -l start.log
    until "$CLUSTER_BIN/psql" -XAtqc 'SELECT 1' "$(cluster_url mehvar mehvar_app)" >/dev/null 2>&1; do sleep 0.02; done
    echo accepting
    sleep 5
    echo ending
}

check_away() (
    local home=$SCRATCH/away monitoring key code=0
    homes+=("$home")
    export MEHVAR_HOME=$home
    take_home
    # Not a throwaway one, which may forget what it said was committed.
    cluster_start "$home"
    cluster_database mehvar
    MEHVAR_PORT=$(free_port)
    monitoring=$(free_port)
    export MEHVAR_MONITORING_PORT=$monitoring
    servers_environment
    "$MEHVAR_BIN/mehvar" migrate >/dev/null
    "$MEHVAR_BIN/mehvar" tenant create --slug away --name Away --sender-address away@mehvar.example >/dev/null
    key=$("$MEHVAR_BIN/mehvar" key create --tenant away --name away --format csv | tail -n 1 | cut -d, -f2)
    servers_keys
    process_start api "$MEHVAR_BIN/mehvar-api"
    process_ready api "$MEHVAR_PORT" 60
    away_and_back |
        python3 -B "$MEHVAR_ROOT/deploy/check/away.py" "$MEHVAR_PORT" "$monitoring" "$key" \
            "$CLUSTER_BIN/psql" "$(cluster_url mehvar postgres)" || code=$?
    process_stop api
    cluster_stop "$home"
    [ "$code" = 0 ] || fail "the database's absence was not borne as it should be"
)
