# shellcheck shell=bash
# sql/schema.sql is what the migrations make: a dump of a freshly migrated database.

# schema_dump: prints it, without what differs from one machine or day to the next.
schema_dump() {
    cluster_database mehvar_schema
    MEHVAR_DATABASE_URL=$(cluster_url mehvar_schema) MEHVAR_SQL_DIR=$MEHVAR_ROOT/sql \
        "$MEHVAR_BIN/mehvar" migrate >"$SCRATCH/migrate.log" 2>&1 ||
        { cat "$SCRATCH/migrate.log" >&2 && return 1; }
    echo "-- What the migrations make, dumped by PostgreSQL $(schema_server). Written by: deploy/test --write-schema"
    # Partitions that are named after days come and go.
    "$CLUSTER_BIN/pg_dump" --schema-only --exclude-table='job.done_*' -d "$(cluster_url mehvar_schema postgres)" |
        sed -E -e '/^--/d' -e '/^\\(un)?restrict /d' -e '/^SET /d' -e '/^SELECT pg_catalog.set_config/d' | cat -s
}

schema_server() { "$CLUSTER_BIN/postgres" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/'; }

check_schema() {
    local file=$MEHVAR_ROOT/sql/schema.sql fresh=$SCRATCH/schema.sql
    schema_dump >"$fresh"
    if [ "${write_schema:-no}" = yes ]; then
        cp -- "$fresh" "$file"
        say "written: $file"
        return 0
    fi
    [ -f "$file" ] || fail "there is no sql/schema.sql: deploy/test --write-schema writes it"
    if [[ $(head -n 1 "$file") != *"PostgreSQL $(schema_server)."* ]]; then
        say "sql/schema.sql was dumped by another version of PostgreSQL than this one: not compared"
        return 0
    fi
    diff -u "$file" "$fresh" >&2 || fail "sql/schema.sql is not what the migrations make: deploy/test --write-schema updates it"
}
