# shellcheck shell=bash
# A worker always has work while a transaction is open for a minute, or ten: it keeps half of its rate.

check_held_transaction() {
    local seconds=60
    if [ "$slow" = yes ]; then seconds=600; fi
    (
        cluster_database mehvar
        servers_environment
        MEHVAR_BENCH_SUPERUSER_URL=$(cluster_url mehvar postgres)
        export MEHVAR_BENCH_SUPERUSER_URL
        "$MEHVAR_BIN/mehvar" migrate
        attended "$MEHVAR_BIN/mehvar-bench" held --seconds "$seconds"
    )
}
