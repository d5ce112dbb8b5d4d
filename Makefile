# The commands a newcomer needs: make run, make test. `make help` lists all.
SHELL := /bin/bash
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

# One setting for build, vet and tests, so that they share what is compiled.
export CGO_ENABLED := 0

.DEFAULT_GOAL := build
.PHONY: build run test test-go test-web test-e2e bench fuzz lint gen screenshots deps clean help

build: web/dist/.built ## build the web UI and bin/ioc
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ioc ./cmd/ioc

run: build ## start the demo city at http://127.0.0.1:8080
	./bin/ioc demo

WEB_SOURCES := $(shell find web/src web/public web/scripts -type f 2>/dev/null) $(wildcard web/*.ts web/*.json web/*.html web/*.js)

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/.built: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run build
	@touch $@

deps: ## install what the tests need from Debian (PostgreSQL, MariaDB, Chromium)
	./test/deps.sh

test: deps lint test-go test-web test-e2e ## everything CI runs: vet, Go on SQLite, PostgreSQL and MariaDB, web, journeys on the real binary

test-go: web/dist/.built ## Go tests on SQLite and PostgreSQL, case connectors on MariaDB
	IOC_TEST_REQUIRE_POSTGRES=1 IOC_TEST_REQUIRE_MARIADB=1 ./test/mariadb.sh ./test/postgres.sh $(GO) test -timeout 15m ./...

test-web: web/node_modules/.package-lock.json ## unit tests of the UI
	cd web && npm test

test-e2e: build ## journeys in Chromium against bin/ioc
	cd web && npm run e2e

lint: ## formatting, vet, types
	@test -z "$$(gofmt -l cmd internal templates web/*.go test bench 2>/dev/null | tee /dev/stderr)" || (echo "run gofmt -w on the files above" && exit 1)
	$(GO) vet ./...

gen: ## rewrite generated files: web/openapi.json and the reference pages
	$(GO) test ./internal/app ./internal/config -run Current -update

bench: ## Go benchmarks and whole-program measurements (bench/README.md)
	$(GO) test -run '^$$' -bench . -benchmem ./internal/... | tee bench/last-go.txt
	./bench/run.sh

fuzz: ## a minute of fuzzing for each decoder
	./test/fuzz.sh 60s

screenshots: test-e2e ## the pictures of the README, made by the journeys
	mkdir -p docs/image && for p in overview flood; do cp web/e2e/out/$$p-desk.png docs/image/$$p.png; done

clean: ## remove what was built
	rm -rf bin web/node_modules && find web/dist -mindepth 1 ! -name index.html -delete

help: ## this list
	@grep -hE '^[a-z0-9_-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9_-]+):.*## /\1\t/' | expand -t 16
