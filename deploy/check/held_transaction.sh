# shellcheck shell=bash
# A worker always has work while a transaction is open for a minute, or ten: how much of its rate it keeps.

check_held_transaction() {
    # In a quick run other work of the machine counts for more, so less is asked.
    local seconds=60 share=0.3
    if [ "$slow" = yes ]; then seconds=600 share=0.5; fi
    (
        cluster_database mehvar
        servers_environment
        MEHVAR_BENCH_SUPERUSER_URL=$(cluster_url mehvar postgres)
        export MEHVAR_BENCH_SUPERUSER_URL
        "$MEHVAR_BIN/mehvar" migrate
        attended "$MEHVAR_BIN/mehvar-bench" held --seconds "$seconds" --at-least "$share"
    )
}
