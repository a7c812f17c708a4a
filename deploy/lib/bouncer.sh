# shellcheck shell=bash
# PgBouncer in transaction mode in front of the started cluster. Needs common.sh, cluster.sh and processes.sh.
#
# bouncer_start                 every database of the cluster through it, by a Unix socket; sets BOUNCER_SOCKET (folder).
#                               alone_0 … alone_999 are the database postgres, each with connections of its own.
# bouncer_stop
# bouncer_url DATABASE [ROLE]   its libpq URL, once started.

bouncer_start() {
    local program deadline=$((SECONDS + 20)) as=()
    program=$(PATH=$PATH:/usr/sbin command -v pgbouncer) || fail "there is no pgbouncer"
    # Within the cluster's folder, which its user reaches and whose path is short enough.
    BOUNCER_SOCKET=$CLUSTER_SOCKET/pool
    as_server mkdir -p -m 0700 "$BOUNCER_SOCKET"
    # It runs as the cluster's user, so that the cluster's peer authentication takes it for any role; who may reach its
    # socket may say what role that is.
    as_server_writes "$BOUNCER_SOCKET/pgbouncer.ini" <<INI
[databases]
$(printf "alone_%d = host='$CLUSTER_SOCKET' dbname=postgres\n" {0..999})
* = host='$CLUSTER_SOCKET'
[pgbouncer]
listen_addr =
unix_socket_dir = $BOUNCER_SOCKET
unix_socket_mode = 0777
listen_port = 5432
auth_type = trust
auth_file = $BOUNCER_SOCKET/users
pool_mode = transaction
default_pool_size = 16
max_client_conn = 1000
server_lifetime = 60
server_idle_timeout = 15
server_login_retry = 0
query_wait_timeout = 60
autodb_idle_timeout = 5
ignore_startup_parameters = extra_float_digits,options
log_connections = 0
log_disconnections = 0
INI
    # shellcheck disable=SC2086 # words
    printf '"%s" ""\n' $CLUSTER_ROLES | as_server_writes "$BOUNCER_SOCKET/users"
    if [ "$(id -un)" != "$CLUSTER_USER" ]; then
        as=(setpriv --reuid "$CLUSTER_USER" --regid "$(id -g "$CLUSTER_USER")" --init-groups)
    fi
    process_start bouncer "${as[@]}" "$program" "$BOUNCER_SOCKET/pgbouncer.ini"
    until "$CLUSTER_BIN/psql" -XAtqc 'SELECT 1' "$(bouncer_url postgres postgres)" >/dev/null 2>&1; do
        process_pid bouncer >/dev/null && ((SECONDS < deadline)) || { process_log bouncer; fail "PgBouncer did not start"; }
        sleep 0.1
    done
}

bouncer_stop() {
    process_stop bouncer
    rm -rf -- "$CLUSTER_SOCKET/pool"
}

bouncer_url() {
    printf 'postgresql:///%s?host=%s%s' "$1" "$(percent_encode "$BOUNCER_SOCKET")" "${2:+&user=$2}"
}
