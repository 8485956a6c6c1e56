# The two commands of the README are `make up` and `make test`. Both set the machine up first; both
# may be run as root.

PRESET ?= release
# A program that is there already, as ALLOD=PATH, is taken as it is; otherwise it is built.
BUILT := build/$(PRESET)/src/cli/allod

.PHONY: up build setup test unit integration e2e format lint bench soak install clean help

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 14

up: $(if $(ALLOD),,build) ## the default stack, running
	@test -f stack.yaml || $(or $(ALLOD),$(BUILT)) init
	$(or $(ALLOD),$(BUILT)) up

setup: ## install what is missing (root)
	@tools/setup

build: setup ## build/release/src/cli/allod
	@cmake --preset $(PRESET) -DALLOD_TESTS=$(if $(TESTS),ON,OFF) >/dev/null
	@cmake --build --preset $(PRESET)

test: ## everything: unit, integration and end-to-end tests against the real systems
	@tools/setup --tests
	@tools/test

unit: ## the unit tests alone
	@tools/setup --tests
	@tools/test unit

format: ## format the sources in place
	@git ls-files '*.cpp' '*.h' | xargs clang-format-14 -i

lint: ## formatting, include direction, shell scripts, spelling
	@tools/lint

soak: build ## faults at random on a running platform: ROUNDS, SEED
	@tests/faults/run --binary $(ALLOD) soak --rounds $(or $(ROUNDS),100) $(if $(SEED),--seed $(SEED))

bench: build ## figures of docs/performance.md, measured anew
	@bench/run --write

install: build ## into /usr/local (DESTDIR is honoured)
	@cmake --install build/$(PRESET)

clean: ## the build folders
	rm -rf build
