#!/usr/bin/env bash
# Installs what the tests need and the machine lacks: the servers of PostgreSQL
# and MariaDB and Chromium, from Debian's packages. Fails where it cannot.
set -euo pipefail
need=()
[ -n "$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null)" ] || command -v pg_ctl >/dev/null || need+=(postgresql)
command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || need+=(mariadb-server)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || need+=(chromium)
for tool in go node npm git; do
  command -v "$tool" >/dev/null || { echo "deps: $tool is missing; install Go 1.26, Node 20.19 or newer, git" >&2; exit 1; }
done
[ ${#need[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "deps: please install: ${need[*]}" >&2
  exit 1
fi
sudo=""
[ "$(id -u)" -eq 0 ] || sudo="sudo"
echo "deps: installing ${need[*]}"
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${need[@]}"
