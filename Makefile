# make test is all that a change has to pass; make help lists the rest.

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10s
PLATFORMS   ?= amd64,arm64

# Debian puts HAProxy where only root looks.
export PATH := $(PATH):/usr/sbin:/sbin

.PHONY: help build elector test e2e-accept e2e lint golden fuzz bench tools nodes

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build bin/patternctl
	go build -trimpath -o bin/patternctl ./cmd/patternctl

elector: ## build bin/elector.tar, the image of the elector, for PLATFORMS; the same sources give the same digest
	@mkdir -p bin
	cd cmd/elector && go run ./image -platforms $(PLATFORMS) -o ../../bin/elector.tar

test: tools ## run all tests, with the real engines of Debian and of the version that manifests name
	cd cmd/elector && CI=true go test ./...
	BENTO="$$(cd test/cluster && go run ./cmd/engine bento)" && export BENTO && \
	VARNISH="$$(cd test/cluster && go run ./cmd/engine varnish)" && export VARNISH && CI=true go test -timeout 30m ./... && \
	HAPROXY="$$(cd test/cluster && go run ./cmd/engine haproxy)" && export HAPROXY && CI=true go test -timeout 30m ./test/engine

e2e-accept: ## send every golden object to a real API server, of the oldest and the newest Kubernetes
	cd test/cluster/accept && go test -count=1 -timeout 60m

e2e: nodes ## see every pattern behave on a real cluster, or on that of KUBECONFIG
	cd test/cluster && go test -count=1 -timeout 20m
	cd test/cluster/behaviour && go test -count=1 -timeout 60m -parallel 4

lint: ## check formatting, vet, staticcheck and go.mod
	@test -z "$$(gofmt -l cmd examples generator internal schemas templates test | tee /dev/stderr)"
	go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff
	cd cmd/elector && go vet ./... && go run $(STATICCHECK) ./... && go mod tidy -diff
	cd test/cluster && go vet ./... && go run $(STATICCHECK) ./... && go mod tidy -diff

golden: ## record golden cases, sessions and generated docs; then read the diff
	UPDATE_GOLDEN=1 go test -timeout 30m ./generator ./generator/overlay ./cmd/patternctl

fuzz: ## fuzz each target for FUZZTIME
	@packages=$$(go list ./...) || exit 1; \
	for package in $$packages; do \
		targets=$$(go test -list '^Fuzz' $$package) || { echo "$$targets"; exit 1; }; \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$package || exit 1; \
		done; \
	done

bench: ## measure: see docs/performance.md
	go test -run '^$$' -bench . -benchmem -benchtime 3x -timeout 30m ./generator ./test/bench

tools: ## install what the tests start: HAProxy, as Debian has it
	@command -v haproxy >/dev/null || { \
		echo "installing haproxy, which the tests start with generated configurations"; \
		sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
		$$sudo apt-get update -qq && $$sudo apt-get install -y -qq haproxy; }

nodes: ## install what kube-proxy calls: nft, as Debian has it
	@test -n "$$KUBECONFIG" || command -v nft >/dev/null || { \
		echo "installing nftables, which the nodes of a test cluster need"; \
		sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
		$$sudo apt-get update -qq && $$sudo apt-get install -y -qq nftables; }
