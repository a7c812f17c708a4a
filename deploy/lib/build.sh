# shellcheck shell=bash
# Building the programs. Needs common.sh and processes.sh.

# check_build: fails when MEHVAR_BUILD or MEHVAR_BIN is nothing that build_programs can use; before anything takes long.
check_build() {
    local program
    case ${MEHVAR_BUILD:-release} in
        release | debug) ;;
        *) fail "MEHVAR_BUILD is release or debug, not $MEHVAR_BUILD" ;;
    esac
    [ -n "${MEHVAR_BIN:-}" ] || return 0
    for program in mehvar mehvar-api mehvar-worker; do
        [ -x "$MEHVAR_BIN/$program" ] || fail "there is no $program in MEHVAR_BIN=$MEHVAR_BIN"
    done
}

# build_programs [PROGRAM …]: builds mehvar, mehvar-api, mehvar-worker and the others that are named, in MEHVAR_BUILD
# (release or debug), and nothing else: what tests need is not there for everybody. Sets MEHVAR_BIN. A MEHVAR_BIN that is set
# already is taken as it is: nothing is built.
build_programs() {
    local program
    check_build
    if [ -n "${MEHVAR_BIN:-}" ]; then return 0; fi
    for program in mehvar-api mehvar-worker mehvar "$@"; do build_with --product "$program"; done
    export MEHVAR_BIN=$MEHVAR_ROOT/.build/${MEHVAR_BUILD:-release}
}

# build_tests: builds everything, the tests too. Sets MEHVAR_BIN.
build_tests() {
    build_with --build-tests
    export MEHVAR_BIN=$MEHVAR_ROOT/.build/${MEHVAR_BUILD:-release}
}

# build_with ARG …: swift build; what it says goes to .build/mehvar-build.log and, shortened, to standard error.
build_with() {
    local kind=${MEHVAR_BUILD:-release} log=$MEHVAR_ROOT/.build/mehvar-build.log code=0 options=()
    mkdir -p "$MEHVAR_ROOT/.build"
    # The programs then run where there is no Swift, and a tenth faster, since calls of its runtime need no detour.
    # A further twentieth comes from letting the compiler see through the packages' borders.
    if [ "$kind" = release ]; then options=(--static-swift-stdlib -Xswiftc -cross-module-optimization); fi
    build_watched "$log" swift build --package-path "$MEHVAR_ROOT" -c "$kind" "${options[@]}" "$@" || code=$?
    if [ "$code" != 0 ]; then
        build_errors "$log"
        fail "the build failed; all of it is in $log"
    fi
}

# build_watched LOG COMMAND …: shows on standard error how far it is: in place on a terminal, else now and then.
build_watched() {
    local log=$1 line='' shown='' code=0 next=$((SECONDS + 3))
    shift
    : >"$log"
    attended_start "$@" >>"$log" 2>&1
    while attended_runs; do
        sleep 0.2
        line=$(tail -n 1 "$log" | tr -d '\r')
        [ -n "$line" ] && [ "$line" != "$shown" ] || continue
        if [ -t 2 ]; then
            printf '\r\033[K  %s' "${line:0:$((${COLUMNS:-80} - 4))}" >&2
        elif ((SECONDS >= next)); then
            say "  ${line:0:100}"
            next=$((SECONDS + 15))
        fi
        shown=$line
    done
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
    attended_wait || code=$?
    return "$code"
}

build_errors() {
    if grep -q 'error:' "$1"; then
        grep -A 6 'error:' "$1" | head -n 60 >&2
    else
        tail -n 30 "$1" >&2
    fi
}
