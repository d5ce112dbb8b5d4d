#!/bin/sh
# Runs a command with IOC_TEST_MARIADB naming a throw-away MariaDB server:
#   test/mariadb.sh go test ./internal/casework/feed/...
# The twin of postgres.sh: a data folder in a temporary place, a free port, and
# everything is taken away afterwards. The value is user:password@host:port.
# As root it works as user mysql and installs MariaDB when there is none
# (Debian, Ubuntu).
set -eu

[ $# -gt 0 ] || { echo "usage: $0 command [argument …]" >&2; exit 2; }

server=$(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v mariadbd || true)
if [ -z "$server" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing mariadb-server" >&2
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server; } >&2
	server=$(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v mariadbd || true)
fi
[ -n "$server" ] || { echo "$0: MariaDB is not installed (mariadbd not found)" >&2; exit 1; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/ioc-mariadb.XXXXXX")
as=
user=$(id -un)
if [ "$(id -u)" = 0 ]; then
	id mysql >/dev/null 2>&1 || useradd --system --shell /bin/sh mysql
	chown mysql "$dir"
	as="setpriv --reuid=mysql --regid=$(id -g mysql) --clear-groups"
	user=mysql
fi
run() { (cd "$dir" && HOME="$dir" $as "$@"); }

pid=
stop() {
	status=$?
	trap - EXIT INT TERM
	[ -z "$pid" ] || { kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; } || true
	rm -rf "$dir"
	exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

run mariadb-install-db --no-defaults --datadir="$dir/data" --user="$user" --auth-root-authentication-method=normal --skip-test-db >"$dir/install.log" 2>&1 || { cat "$dir/install.log" >&2; exit 1; }

# A port may be taken between choosing and using it, so try a few.
port=$((20000 + ($$ + 5000) % 20000))
try=0
while :; do
	(cd "$dir" && HOME="$dir" exec $as "$server" --no-defaults --datadir="$dir/data" --socket="$dir/sock" --pid-file="$dir/pid" --port="$port" \
		--bind-address=127.0.0.1 --innodb-flush-log-at-trx-commit=0 --character-set-server=utf8mb4 --sql-mode="" --innodb-buffer-pool-size=32M) >"$dir/server.log" 2>&1 &
	pid=$!
	left=60
	until [ "$left" = 0 ] || mariadb-admin --no-defaults --socket="$dir/sock" --user=root ping >/dev/null 2>&1; do
		kill -0 "$pid" 2>/dev/null || break
		left=$((left - 1))
		sleep 0.5
	done
	mariadb-admin --no-defaults --socket="$dir/sock" --user=root ping >/dev/null 2>&1 && break
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	try=$((try + 1))
	[ $try -lt 4 ] || { cat "$dir/server.log" >&2; exit 1; }
	port=$((port + 7))
done
mariadb --no-defaults --socket="$dir/sock" --user=root -e "create user 'ioc'@'%' identified by 'ioc'; grant all on *.* to 'ioc'@'%' with grant option"

IOC_TEST_MARIADB="ioc:ioc@127.0.0.1:$port" "$@"
