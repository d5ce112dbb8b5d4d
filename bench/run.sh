#!/usr/bin/env bash
# Whole-program measurements against the real binary; results as JSON lines in
# bench/last.jsonl. IOC_BENCH_SECONDS sets how long each load lasts.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bin
[ -x bin/ioc ] || make build
IOC_BIN="$PWD/bin/ioc" go run ./bench/measure "${@:-all}" | tee bench/last.jsonl
