# shellcheck shell=bash
# Programs that a run starts and ends, by pid alone. Needs common.sh and MEHVAR_HOME.
#
# Background: process_start NAME COMMAND …; its output goes to log/NAME.log, its pid to pids/NAME.
# Attended:   attended COMMAND …; like calling it, but a signal to this shell is heard at once and ends it too, and it
#             does not outlive this shell either.

ATTENDED=''

# The shell has what it puts into the background ignore Ctrl-C; here it is to be heard.
attended_start() {
    env --default-signal=INT setpriv --pdeathsig TERM -- "$@" 3>&- &
    ATTENDED=$!
}

attended_runs() { kill -0 "$ATTENDED" 2>/dev/null; }

attended_wait() {
    local code=0
    wait "$ATTENDED" || code=$?
    ATTENDED=''
    return "$code"
}

# attended_end: ends what is attended now, if anything: as Ctrl-C does, which swift build hands on to its compilers, and
# harder when that is not heard within ten seconds.
attended_end() {
    local deadline=$((SECONDS + 10))
    [ -n "$ATTENDED" ] || return 0
    kill -INT "$ATTENDED" 2>/dev/null
    while attended_runs; do
        if ((SECONDS >= deadline)); then kill -TERM "$ATTENDED" 2>/dev/null; fi
        sleep 0.05
    done
    wait "$ATTENDED" 2>/dev/null
    ATTENDED=''
}

attended() {
    attended_start "$@"
    attended_wait
}

# process_birth PID: when it started, in clock ticks since the machine did: with the pid it names one process for good.
process_birth() {
    local stat fields
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -ra fields <<<"${stat##*) }"
    [ "${fields[0]}" != Z ] && printf '%s' "${fields[19]}"
}

process_start() {
    local name=$1 pid
    shift
    setsid "$@" </dev/null >>"$MEHVAR_HOME/log/$name.log" 2>&1 3>&- 9>&- &
    pid=$!
    printf '%s %s\n' "$pid" "$(process_birth "$pid")" >"$MEHVAR_HOME/pids/$name"
}

# process_pid NAME: its pid while it lives; fails otherwise.
process_pid() {
    local pid='' birth=''
    [ -f "$MEHVAR_HOME/pids/$1" ] && read -r pid birth <"$MEHVAR_HOME/pids/$1" || return 1
    [ -n "$birth" ] && [ "$(process_birth "$pid")" = "$birth" ] && printf '%s' "$pid"
}

# process_stop NAME: asks it to end, and kills it when it takes longer than a worker's grace period and what follows on it.
process_stop() {
    local pid patience=$((${MEHVAR_WORKER_GRACE_SECONDS:-20} + 10)) deadline
    deadline=$((SECONDS + patience))
    if pid=$(process_pid "$1"); then
        kill -TERM "$pid" 2>/dev/null || true
        while process_pid "$1" >/dev/null; do
            if ((SECONDS >= deadline)); then
                say "$1 does not end: killing it"
                kill -KILL "$pid" 2>/dev/null || true
                deadline=$((SECONDS + patience))
            fi
            sleep 0.05
        done
    fi
    rm -f -- "$MEHVAR_HOME/pids/$1"
}

# process_log NAME: the last lines that it wrote, to standard error.
process_log() {
    say "--- the end of $MEHVAR_HOME/log/$1.log"
    tail -n 20 "$MEHVAR_HOME/log/$1.log" >&2 || true
}

# port_is_free PORT: nothing listens there on 127.0.0.1.
port_is_free() {
    python3 - "$1" <<'END'
import socket, sys
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(sys.argv[1])))
    except OSError as error:
        sys.exit(str(error))
END
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# http_status PORT PATH: the status that 127.0.0.1 answers with.
http_status() {
    (
        exec 8<>"/dev/tcp/127.0.0.1/$1" || exit 1
        printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&8
        read -r -t 5 _ status _ <&8 && timeout 5 cat <&8 >/dev/null && printf '%s' "$status"
    ) 2>/dev/null
}

# process_ready NAME PORT SECONDS: waits until /readyz says 200; fails when the process ends or takes longer.
process_ready() {
    local deadline=$((SECONDS + $3)) status=''
    until [ "$status" = 200 ]; do
        process_pid "$1" >/dev/null || { process_log "$1"; fail "$1 ended while it started"; }
        ((SECONDS < deadline)) || { process_log "$1"; fail "$1 was not ready within $3 seconds (/readyz: ${status:-no answer})"; }
        sleep 0.1
        status=$(http_status "$2" /readyz || true)
    done
}
