# shellcheck shell=bash
# What every command of deploy/ starts with: where the project is, how to say something, how to fail.

MEHVAR_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

# Relative paths are the caller's.
for name in MEHVAR_HOME MEHVAR_BIN MEHVAR_SPOOL_DIR MEHVAR_DEMO_MAILDIR; do
    if [ -n "${!name:-}" ]; then export "$name=$(realpath -m -- "${!name}")"; fi
done
unset name

# A setting of the caller's shell must not lead psql or libpq to another server.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE PGOPTIONS PGSYSCONFDIR

say() { printf '%s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# now_ms: milliseconds since 1970.
now_ms() {
    local micros=${EPOCHREALTIME/[.,]/}
    printf '%s' "$((micros / 1000))"
}

# seconds_since MS: "12.3", for people and for JSON.
seconds_since() {
    local elapsed=$(($(now_ms) - $1))
    printf '%d.%d' "$((elapsed / 1000))" "$((elapsed % 1000 / 100))"
}

# absolute PATH: made absolute; its last parts need not exist.
absolute() { realpath -m -- "$1"; }

# hash_of TEXT: 16 hexadecimal digits, stable.
hash_of() {
    local sum
    sum=$(printf '%s' "$1" | sha256sum)
    printf '%s' "${sum:0:16}"
}

# percent_encode TEXT: for the inside of a URL; slashes stay.
percent_encode() {
    local LC_ALL=C text=$1 out='' char i
    for ((i = 0; i < ${#text}; i++)); do
        char=${text:i:1}
        case $char in
            [A-Za-z0-9/._~-]) out+=$char ;;
            *) printf -v char '%%%02X' "'$char" && out+=%${char: -2} ;;
        esac
    done
    printf '%s' "$out"
}

# take_home: sets MEHVAR_HOME (absolute) and makes it with its usual folders.
take_home() {
    MEHVAR_HOME=$(absolute "${MEHVAR_HOME:-$MEHVAR_ROOT/.mehvar}")
    export MEHVAR_HOME
    mkdir -p "$MEHVAR_HOME/log" "$MEHVAR_HOME/pids" 2>/dev/null && [ -w "$MEHVAR_HOME" ] && [ -w "$MEHVAR_HOME/log" ] ||
        fail "cannot write to $MEHVAR_HOME (it belongs to $(stat -c %U "$MEHVAR_HOME" 2>/dev/null || echo nobody)); run as its owner or root, or choose another with MEHVAR_HOME"
}

# lock_home: one command at a time in MEHVAR_HOME; the lock goes with this process.
lock_home() {
    exec 9>>"$MEHVAR_HOME/lock"
    flock -n 9 || fail "another run uses $MEHVAR_HOME (MEHVAR_HOME chooses another place)"
}

# at_exit COMMAND: what is done however this shell ends; signals end it.
at_exit() {
    EXIT_COMMAND=$1
    trap 'ended $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# shellcheck disable=SC2317 # called by the trap
ended() {
    trap '' INT TERM HUP
    trap - EXIT
    set +e
    attended_end
    "$EXIT_COMMAND"
    exit "$1"
}
