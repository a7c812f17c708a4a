# shellcheck shell=bash
# deploy/openapi.json is what the API declares.

check_openapi() {
    local file=$MEHVAR_ROOT/deploy/openapi.json fresh=$SCRATCH/openapi.json
    "$MEHVAR_BIN/mehvar-api" --openapi >"$fresh"
    if [ "${write_schema:-no}" = yes ]; then
        cp -- "$fresh" "$file"
        say "written: $file"
        return 0
    fi
    diff -u "$file" "$fresh" >&2 || fail "deploy/openapi.json is not what the API declares: deploy/test --write-schema updates it"
}
