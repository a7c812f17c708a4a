# shellcheck shell=bash
# A private PostgreSQL cluster for a home folder: reached by a Unix socket alone, by `peer`, so without any password.
# Needs common.sh, packages.sh and cluster_place.sh.
#
# cluster_start HOME [throwaway]   starts it, or finds it running; makes it when there is none. Sets CLUSTER_DATA,
#                                  CLUSTER_SOCKET (folder), CLUSTER_USER, CLUSTER_BIN and CLUSTER_STARTED (yes, no).
#                                  A throwaway one does not survive a power cut, and is quicker.
# cluster_stop HOME                ends it; fine when it does not run.
# cluster_remove HOME              ends it and removes its data, for throwaway ones.
# cluster_url DATABASE [ROLE]      its libpq URL, once started.
# cluster_psql DATABASE ARG …      psql as the superuser, which stops at the first error.
# cluster_database NAME            the database NAME of mehvar_owner, with sql/roles.sql applied.

CLUSTER_ROLES="postgres mehvar_owner mehvar_app mehvar_queue mehvar_platform"

# as_server COMMAND …: as the operating system's user that the server runs as, in an environment of its own.
as_server() (
    cd / && exec 9>&- 3>&-
    local clean=(env -i "PATH=$PATH" LC_ALL=C.UTF-8)
    if [ "$(id -un)" = "$CLUSTER_USER" ]; then
        exec "${clean[@]}" "$@" </dev/null
    fi
    exec setpriv --reuid "$CLUSTER_USER" --regid "$(id -g "$CLUSTER_USER")" --init-groups "${clean[@]}" "$@" </dev/null
)

# pg_control ARG …: pg_ctl, inside the data folder: it hands paths to a shell, which some names would not survive.
pg_control() {
    # shellcheck disable=SC2016
    as_server sh -c 'cd "$1" && shift && exec "$@"' sh "$CLUSTER_DATA" "$CLUSTER_BIN/pg_ctl" -s -w -t 120 -D . "$@"
}

# postmaster_pid: prints the pid of the server that works in CLUSTER_DATA; fails when there is none.
postmaster_pid() {
    local pid
    [ -f "$CLUSTER_DATA/postmaster.pid" ] && read -r pid <"$CLUSTER_DATA/postmaster.pid" || return 1
    is_server_process "$pid" && printf '%s' "$pid"
}

is_server_process() {
    local name=''
    [ "/proc/$1/cwd" -ef "$CLUSTER_DATA" ] && read -r name <"/proc/$1/comm" && [[ $name == postgres* ]]
}

# After a kill -9 of the server its children take a moment to notice; starting before they are gone could harm the data.
wait_for_orphans() {
    local process deadline=$((SECONDS + 60)) found
    while :; do
        found=''
        for process in /proc/[0-9]*; do
            if is_server_process "${process#/proc/}" 2>/dev/null; then found=${process#/proc/}; fi
        done
        [ -n "$found" ] || return 0
        ((SECONDS < deadline)) || fail "process $found of an earlier server still works in $CLUSTER_DATA"
        sleep 0.1
    done
}

cluster_memory_mb() {
    local kb limit
    kb=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
    limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)
    if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1024 < kb)); then kb=$((limit / 1024)); fi
    printf '%s' "$((kb / 1024))"
}

within() { if (($1 < $2)); then echo "$2"; elif (($1 > $3)); then echo "$3"; else echo "$1"; fi; }

# Written before each start, since the folder may have moved and the user may be another one.
cluster_configure() {
    local throwaway=$1 memory user role
    memory=$(cluster_memory_mb)
    {
        echo "# Written by deploy/lib/cluster.sh before each start."
        echo "listen_addresses = ''"
        echo "unix_socket_directories = '$CLUSTER_SOCKET'"
        echo "unix_socket_permissions = 0777  # the folder and peer authentication decide"
        echo "max_connections = $([ "$throwaway" = throwaway ] && echo 600 || echo 100)"
        echo "shared_buffers = $(within $((memory / 8)) 128 1024)MB"
        echo "effective_cache_size = $(within $((memory / 2)) 256 65536)MB"
        echo "maintenance_work_mem = $(within $((memory / 32)) 64 256)MB"
        echo "max_wal_size = 2GB"
        echo "jit = off"
        echo "timezone = 'UTC'"
        echo "log_timezone = 'UTC'"
        echo "logging_collector = on"
        echo "log_directory = 'log'"
        echo "log_filename = 'postgresql-%a.log'"
        echo "log_rotation_age = 1d"
        echo "log_truncate_on_rotation = on"
        echo "log_line_prefix = '%m [%p] %q%u@%d '"
        echo "log_parameter_max_length = 0"
        if [ "$throwaway" = throwaway ]; then
            echo "fsync = off"
            echo "synchronous_commit = off"
            echo "full_page_writes = off"
        fi
    } | as_server_writes "$CLUSTER_DATA/mehvar.conf"
    echo "local all all peer map=mehvar" | as_server_writes "$CLUSTER_DATA/pg_hba.conf"
    for user in $(printf '%s\n' root "$(id -un)" "$CLUSTER_USER" | sort -u); do
        for role in $CLUSTER_ROLES; do echo "mehvar \"$user\" $role"; done
    done | as_server_writes "$CLUSTER_DATA/pg_ident.conf"
    grep -q "^include_if_exists = 'mehvar.conf'" "$CLUSTER_DATA/postgresql.conf" ||
        as_server sh -c 'echo "include_if_exists = '\''mehvar.conf'\''" >> "$1"' sh "$CLUSTER_DATA/postgresql.conf"
}

as_server_writes() {
    local text
    text=$(cat)
    as_server sh -c 'umask 077; printf "%s\n" "$2" > "$1"' sh "$1" "$text"
}

cluster_create() {
    local fresh=$CLUSTER_DATA.new
    rm -rf -- "$fresh"
    install -d -m 0700 -o "$CLUSTER_USER" -g "$(id -g "$CLUSTER_USER")" "$fresh"
    as_server "$CLUSTER_BIN/initdb" -D "$fresh" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
        --auth-local=peer --auth-host=reject >"$1/log/initdb.log" 2>&1 ||
        { tail -n 20 "$1/log/initdb.log" >&2; fail "initdb could not make a cluster in $CLUSTER_DATA"; }
    if [ -d "$CLUSTER_DATA" ]; then rmdir -- "$CLUSTER_DATA"; fi
    mv -T -- "$fresh" "$CLUSTER_DATA"
}

cluster_answers() { "$CLUSTER_BIN/psql" -XAtqc 'SELECT 1' "$(cluster_url postgres postgres)" >/dev/null 2>&1; }

cluster_start() {
    local home=$1 throwaway=${2:-} pid version=''
    mkdir -p "$home/log"
    cluster_place "$home"
    if [ -f "$CLUSTER_DATA/PG_VERSION" ]; then version=$(cat "$CLUSTER_DATA/PG_VERSION"); fi
    CLUSTER_BIN=$(postgres_bin "$version") ||
        fail "the cluster in $CLUSTER_DATA is of PostgreSQL ${version:-15 or newer}, whose server is not installed"
    CLUSTER_STARTED=no
    if pid=$(postmaster_pid); then
        cluster_await "$pid" && return 0
        say "the server runs but cannot be reached where its folder is now: starting it anew"
        cluster_stop "$home"
    fi
    [ -n "$version" ] || cluster_create "$home"
    wait_for_orphans
    # Whatever carries the number that these files name, it is not a server of this cluster.
    rm -f -- "$CLUSTER_DATA/postmaster.pid" "$CLUSTER_SOCKET"/.s.PGSQL.5432*
    cluster_configure "$throwaway"
    # shellcheck disable=SC2034 # read by those who started it; set first, so that an interrupted start is ended too
    CLUSTER_STARTED=yes
    pg_control start -l start.log || {
        { cat "$CLUSTER_DATA/start.log"; find "$CLUSTER_DATA/log" -name '*.log' -exec tail -n 10 {} +; } >&2 || true
        fail "PostgreSQL did not start; its data and logs are in $CLUSTER_DATA"
    }
}

# cluster_await PID: takes the socket's folder from the running server and waits while that server recovers.
cluster_await() {
    local socket deadline=$((SECONDS + 120))
    socket=$(sed -n 5p "$CLUSTER_DATA/postmaster.pid")
    if [ -S "$socket/.s.PGSQL.5432" ]; then CLUSTER_SOCKET=$socket; fi
    [ -S "$CLUSTER_SOCKET/.s.PGSQL.5432" ] || return 1
    until cluster_answers; do
        is_server_process "$1" && ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

cluster_stop() {
    cluster_place "$1"
    postmaster_pid >/dev/null || return 0
    CLUSTER_BIN=$(postgres_bin "$(cat "$CLUSTER_DATA/PG_VERSION")") || return 1
    pg_control stop -m fast
}

cluster_remove() {
    cluster_stop "$1"
    wait_for_orphans
    rm -rf -- "$CLUSTER_DATA" "$CLUSTER_SOCKET" "$1/postgres"
    case $CLUSTER_DATA in "$CLUSTER_ELSEWHERE"/*) rm -rf -- "$(dirname "$CLUSTER_DATA")" ;; esac
}

cluster_url() {
    printf 'postgresql:///%s?host=%s%s' "$1" "$(percent_encode "$CLUSTER_SOCKET")" "${2:+&user=$2}"
}

cluster_psql() {
    local database=$1
    shift
    PGOPTIONS='-c client_min_messages=warning' "$CLUSTER_BIN/psql" -X -q -v ON_ERROR_STOP=1 \
        -d "$(cluster_url "$database" postgres)" "$@"
}

cluster_database() {
    local name=$1 roles=$MEHVAR_ROOT/sql/roles.sql
    [ -f "$roles" ] || fail "there is no $roles"
    if [ -z "$(cluster_psql postgres -At -v name="$name" <<<"SELECT 1 FROM pg_database WHERE datname = :'name'")" ]; then
        cluster_psql postgres -f "$roles" >&2
        cluster_psql postgres -v name="$name" >&2 <<<"CREATE DATABASE :\"name\" OWNER mehvar_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
    fi
    cluster_psql "$name" -f "$roles" >&2
}
