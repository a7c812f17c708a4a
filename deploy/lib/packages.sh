# shellcheck shell=bash
# What the machine must have: looked for by what it can do, installed through apt only when something is missing.

# postgres_bin [MAJOR]: the folder of the newest PostgreSQL server programs (15 or newer), or of that major version.
# shellcheck disable=SC2120
postgres_bin() {
    local wanted=${1:-} dir version best='' best_version=0
    for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin "$(pg_config --bindir 2>/dev/null)"; do
        [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/psql" ] || continue
        version=$("$dir/postgres" --version)
        [[ $version =~ ([0-9]+) ]] && version=${BASH_REMATCH[1]}
        if [ -n "$wanted" ]; then [ "$version" = "$wanted" ] || continue; fi
        if [ "$version" -ge 15 ] && [ "$version" -gt "$best_version" ]; then best=$dir best_version=$version; fi
    done
    [ -n "$best" ] && printf '%s' "$best"
}

has_contrib() {
    local bin share version
    bin=$(postgres_bin) || return 1
    version=$(basename "$(dirname "$bin")")
    for share in "/usr/share/postgresql/$version" "$("$bin/pg_config" --sharedir 2>/dev/null)"; do
        [ -f "$share/extension/pg_trgm.control" ] && return
    done
    return 1
}

has_python() { python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; }

has_header() { pkg-config --exists "$1" 2>/dev/null; }

# missing_packages [EXTRA …]: the apt packages that would supply what is not there, one a line; "postgresql" stands
# for the newest server that the release offers.
missing_packages() {
    has_contrib || echo postgresql
    command -v pkg-config >/dev/null || echo pkg-config
    has_header libpq || echo libpq-dev
    has_header libcurl || echo libcurl4-openssl-dev
    has_header zlib || echo zlib1g-dev
    has_python || echo python3
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    local program
    # Servers stand where only root looks.
    for program in "$@"; do PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || echo "$program"; done
}

as_administrator() {
    if [ "$(id -u)" = 0 ]; then env "$@"; else sudo env "$@"; fi
}

# While this file is there, installing PostgreSQL makes no cluster of its own. What exists already is not touched.
NO_DEFAULT_CLUSTER=/etc/postgresql-common/createcluster.d/mehvar-install.conf

apt_install() {
    local package server packages=()
    as_administrator apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 </dev/null || say "apt-get update failed; trying with what is known"
    for package in "$@"; do
        if [ "$package" = postgresql ]; then
            server=$(apt-cache pkgnames postgresql- | sed -nE 's/^postgresql-([0-9]+)$/\1/p' | sort -n | tail -n 1)
            [ "${server:-0}" -ge 15 ] ||
                fail "this release offers PostgreSQL ${server:-none}, and 15 or newer is needed: add https://apt.postgresql.org and run again"
            packages+=("postgresql-$server")
        else
            packages+=("$package")
        fi
    done
    if [ ! -d /etc/postgresql ]; then
        as_administrator mkdir -p "$(dirname "$NO_DEFAULT_CLUSTER")"
        echo 'create_main_cluster = false' | as_administrator tee "$NO_DEFAULT_CLUSTER" >/dev/null
    fi
    local code=0 log
    log=$(mktemp)
    as_administrator DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
        install -y --no-install-recommends "${packages[@]}" >"$log" 2>&1 </dev/null || code=$?
    if [ "$code" != 0 ]; then tail -n 30 "$log" >&2; fi
    rm -f -- "$log"
    if [ -e "$NO_DEFAULT_CLUSTER" ]; then as_administrator rm -f "$NO_DEFAULT_CLUSTER"; fi
    return "$code"
}

# require_packages [EXTRA …]: returns when everything is there, else says what to do and fails.
require_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    local by_hand="apt-get update && apt-get install -y ${missing[*]}"
    command -v apt-get >/dev/null ||
        fail "missing: ${missing[*]} (Debian's names), and there is no apt-get here to install them with"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "missing: ${missing[*]}. Run as root: $by_hand"
        sudo -n true 2>/dev/null || [ -t 0 ] || fail "missing: ${missing[*]}. Run: sudo sh -c '$by_hand'"
    fi
    say "installing ${missing[*]}"
    apt_install "${missing[@]}" || fail "apt-get could not install them. By hand, as root: $by_hand"
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] || fail "still missing after installing: ${missing[*]}"
}

# require_swift: Swift 6.3 or newer is on the PATH.
require_swift() {
    local version
    command -v swift >/dev/null ||
        fail "swift is not on the PATH; Swift 6.3 or newer is needed: https://www.swift.org/install/linux/"
    version=$(swift --version 2>/dev/null)
    [[ $version =~ Swift\ version\ ([0-9]+)\.([0-9]+) ]] || fail "swift --version says nothing that is understood"
    ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] >= 6003)) ||
        fail "Swift ${BASH_REMATCH[1]}.${BASH_REMATCH[2]} is on the PATH; 6.3 or newer is needed: https://www.swift.org/install/linux/"
}
