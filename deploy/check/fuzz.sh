# shellcheck shell=bash
# Schemathesis tries the running API as its OpenAPI document describes it: no answer is a server error, of a status or a
# form that is not documented.

FUZZ_VERSION=4.32.5

# fuzz_tool: where schemathesis is; installed from PyPI when the machine has not this version.
fuzz_tool() {
    local found=$SCRATCH/schemathesis
    if command -v schemathesis >/dev/null && [[ $(schemathesis --version) == *"$FUZZ_VERSION" ]]; then
        command -v schemathesis
        return
    fi
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
    python3 -m venv "$found" && "$found/bin/pip" install -q --disable-pip-version-check "schemathesis==$FUZZ_VERSION" >&2 ||
        fail "schemathesis $FUZZ_VERSION could not be installed from PyPI"
    printf '%s' "$found/bin/schemathesis"
}

# One worker: before 3.12 Python counts the depth of syntax trees for all threads together, and two that build some at once fail
# with "AST constructor recursion depth mismatch" (github.com/python/cpython/issues/106905).
#
# fuzz_run TOOL KEY EXAMPLES OPTION …: tries some of the operations.
fuzz_run() {
    local tool=$1 key=$2 examples=$3 log=$SCRATCH/fuzz.log
    shift 3
    attended "$tool" --config-file "$SCRATCH/fuzz.toml" run "http://127.0.0.1:$MEHVAR_PORT/openapi.json" \
        -H "Authorization: Bearer $key" --checks all --workers 1 --max-examples "$examples" --warnings off "$@" \
        >"$log" 2>&1 || { tail -n 400 "$log" >&2 && fail "schemathesis found something"; }
    sed -n '/Test cases:/,$p' "$log"
}

check_fuzz() (
    local tool key examples=45
    if [ "$fuzz" = yes ]; then examples=1000; fi
    tool=$(fuzz_tool)
    cluster_database mehvar_fuzz
    MEHVAR_PORT=$(free_port)
    servers_environment
    MEHVAR_DATABASE_URL=$(cluster_url mehvar_fuzz)
    # It keeps what it found in the folder that it runs in.
    cd "$SCRATCH" || return
    "$MEHVAR_BIN/mehvar" migrate >/dev/null
    "$MEHVAR_BIN/mehvar" tenant create --slug fuzz --name Fuzz --sender-address fuzz@mehvar.example >/dev/null
    key=$("$MEHVAR_BIN/mehvar" key create --tenant fuzz --name fuzz --format csv | tail -n 1 | cut -d, -f2)
    servers_keys
    process_start api "$MEHVAR_BIN/mehvar-api"
    process_ready api "$MEHVAR_PORT" 60
    # What cannot be told by a schema, such as an id that must be of this business, may be refused.
    cat >"$SCRATCH/fuzz.toml" <<'END'
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "400", "401", "403", "404", "409", "410", "412", "422", "429"]
END
    # Changed settings may limit the rate of whatever comes after.
    fuzz_run "$tool" "$key" "$examples" --exclude-operation-id change_settings
    fuzz_run "$tool" "$key" "$examples" --include-operation-id change_settings --phases examples,coverage,fuzzing
    process_stop api
)
