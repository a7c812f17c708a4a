# shellcheck shell=bash
# Where a home's cluster lives and whom it runs as. Needs common.sh.

# As root the server runs as an unprivileged user, who may not reach the home (a clone under /root): data goes here then.
CLUSTER_ELSEWHERE=/var/lib/mehvar

# A socket's path has 107 bytes at most, and libpq takes a comma in it for the end of a host.
CLUSTER_SOCKET_BYTES=100

# cluster_place HOME: sets CLUSTER_USER, CLUSTER_DATA and CLUSTER_SOCKET and makes the folders that are missing.
cluster_place() {
    local home
    home=$(absolute "$1")
    mkdir -p "$home"
    cluster_choose_user "$home"
    cluster_place_data "$home"
    cluster_place_socket "$home"
}

cluster_choose_user() {
    local owner=''
    if [ -e "$1/postgres" ]; then owner=$(stat -L -c %U "$1/postgres"); fi
    if [ "$(id -u)" != 0 ]; then
        CLUSTER_USER=$(id -un)
        [ "${owner:-$CLUSTER_USER}" = "$CLUSTER_USER" ] ||
            fail "the cluster $1/postgres belongs to $owner: run as root or $owner, or choose another place with MEHVAR_HOME"
    elif [ -n "$owner" ] && [ "$owner" != root ]; then
        CLUSTER_USER=$owner
    else
        CLUSTER_USER=postgres
        id postgres >/dev/null 2>&1 || fail "there is no operating system user postgres, whom the server runs as"
    fi
}

server_reaches() { as_server test -x "$1"; }

cluster_place_data() {
    local home=$1 link=$1/postgres base
    if [ -L "$link" ] && cluster_is_of_another "$home"; then rm -f -- "$link"; fi
    if [ ! -L "$link" ] && [ "$(id -u)" = 0 ] && ! server_reaches "$home"; then
        base=$(unused "$CLUSTER_ELSEWHERE/$(hash_of "$home")")
        install -d -m 0711 "$CLUSTER_ELSEWHERE" "$base"
        if [ -d "$link" ]; then
            if (CLUSTER_DATA=$link && postmaster_pid >/dev/null); then fail "the server of $link runs: stop it first"; fi
            mv -T -- "$link" "$base/postgres"
        fi
        printf '%s\n' "$home" >"$base/home"
        ln -s -- "$base/postgres" "$link"
        say "$CLUSTER_USER cannot reach $home: the data are in $base/postgres, and $link leads there"
    fi
    CLUSTER_DATA=$link
    if [ -L "$link" ]; then
        CLUSTER_DATA=$(readlink -- "$link")
        if [ "$(id -u)" = 0 ]; then install -d -m 0711 "$(dirname "$CLUSTER_DATA")"; fi
    fi
}

# unused PATH: PATH, or PATH-2 and so on: a clone that was moved or removed may have left its data under that name.
unused() {
    local path=$1 number=1
    while [ -e "$path" ]; do
        number=$((number + 1))
        path=$1-$number
    done
    printf '%s' "$path"
}

# A copied clone has the link of the one it was copied from, which is still at its place: that data is not the copy's.
cluster_is_of_another() {
    local data record other
    data=$(readlink -- "$1/postgres")
    record=$(dirname "$data")/home
    [ -f "$record" ] && read -r other <"$record" || return 1
    if [ "$other" = "$1" ]; then return 1; fi
    if [ "$(readlink -- "$other/postgres" 2>/dev/null)" = "$data" ]; then return 0; fi
    printf '%s\n' "$1" >"$record"
    return 1
}

cluster_place_socket() {
    local home=$1 LC_ALL=C
    CLUSTER_SOCKET=$home/run
    local path=$CLUSTER_SOCKET/.s.PGSQL.5432
    if ((${#path} > CLUSTER_SOCKET_BYTES)) || [[ $path == *[,\'\"\\[:cntrl:]]* ]] ||
        { [ "$(id -u)" = 0 ] && ! server_reaches "$home"; }; then
        if [ "$(id -u)" = 0 ]; then
            install -d -m 0711 /run/mehvar
            CLUSTER_SOCKET=/run/mehvar/$(hash_of "$home")
        else
            CLUSTER_SOCKET=/tmp/mehvar-$(id -u)-$(hash_of "$home")
        fi
    fi
    [ -d "$CLUSTER_SOCKET" ] || mkdir -m 0700 "$CLUSTER_SOCKET"
    if [ "$(id -u)" = 0 ]; then chown -h "$CLUSTER_USER": "$CLUSTER_SOCKET"; fi
    if [ -L "$CLUSTER_SOCKET" ] || [ "$(stat -c %U "$CLUSTER_SOCKET")" != "$CLUSTER_USER" ]; then
        fail "$CLUSTER_SOCKET is not a folder of $CLUSTER_USER"
    fi
    chmod 0700 "$CLUSTER_SOCKET"
}
