#!/bin/sh
# Runs a command with IOC_TEST_POSTGRES naming a throw-away PostgreSQL server:
#   test/postgres.sh go test ./internal/store/...
# Makes the cluster in a temporary folder on a free port, and takes it away
# afterwards, whatever happens. As root it works as user postgres (initdb
# refuses root) and installs PostgreSQL when there is none (Debian, Ubuntu).
set -eu

[ $# -gt 0 ] || { echo "usage: $0 command [argument …]" >&2; exit 2; }

bindir() {
	for d in "${PGBIN:-}" /usr/lib/postgresql/*/bin /usr/local/pgsql/bin /opt/homebrew/opt/postgresql*/bin; do
		[ -n "$d" ] && [ -x "$d/initdb" ] && found=$d
	done
	if [ -z "${found:-}" ] && command -v initdb >/dev/null 2>&1; then
		found=$(dirname "$(command -v initdb)")
	fi
	echo "${found:-}"
}

bin=$(bindir)
if [ -z "$bin" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing postgresql" >&2
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } >&2
	bin=$(bindir)
fi
[ -n "$bin" ] || { echo "$0: PostgreSQL is not installed (initdb not found)" >&2; exit 1; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/ioc-postgres.XXXXXX")
as=
if [ "$(id -u)" = 0 ]; then
	id postgres >/dev/null 2>&1 || useradd --system --shell /bin/sh postgres
	chown postgres "$dir"
	as="setpriv --reuid=postgres --regid=$(id -g postgres) --clear-groups"
fi

# The command runs where the caller stands; the server may not enter there.
server() { (cd "$dir" && HOME="$dir" $as "$@"); }

stop() {
	status=$?
	trap - EXIT INT TERM
	[ -f "$dir/data/postmaster.pid" ] && server "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$dir"
	exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Durability is off: nothing here outlives the run. IOC_TEST_POSTGRES_FSYNC=on
# for benchmarks that mean it.
fsync=${IOC_TEST_POSTGRES_FSYNC:-off}
server "$bin/initdb" -D "$dir/data" -U ioc -A trust -E UTF8 --locale=C >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }

# A port may be taken between choosing and using it, so try a few.
port=$((20000 + $$ % 20000))
try=0
until server "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 30 start \
	-o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=$fsync -c full_page_writes=$fsync -c max_connections=200 -c shared_buffers=64MB" >/dev/null 2>&1; do
	try=$((try + 1))
	[ $try -lt 5 ] || { cat "$dir/server.log" >&2; exit 1; }
	port=$((port + 7))
done

IOC_TEST_POSTGRES="postgres://ioc@127.0.0.1:$port/postgres?sslmode=disable" IOC_TEST_REQUIRE_POSTGRES=1 "$@"
