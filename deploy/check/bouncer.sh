# shellcheck shell=bash
# The tests of the wrapper and of the queue once more, with PgBouncer between them and the server.

check_bouncer() {
    local target options
    bouncer_start
    for target in PostgresTests JobQueueTests; do
        options=(--filter "^$target\.")
        # As in deploy/test.
        if [ "$target" = PostgresTests ]; then options+=(--no-parallel); fi
        attended env MEHVAR_TEST_SERVER_URL="$MEHVAR_TEST_DATABASE_URL" \
            MEHVAR_TEST_DATABASE_URL="$(bouncer_url postgres postgres)" MEHVAR_TEST_STATEMENTS=unprepared \
            swift test --package-path "$MEHVAR_ROOT" --skip-build "${options[@]}"
    done
    bouncer_stop
}
