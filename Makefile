# What people and CI type. Plain make, also the old one of macOS; everything else is cargo.

CARGO ?= cargo
# Where the components of plugins/ go: beside all else that is built, where host/cli/build.rs looks for them.
PLUGINS = $(or $(CARGO_TARGET_DIR),target)/plugins

.PHONY: help plugins build demo test e2e-agentiq bench crash-anywhere install clean

help: ## Show the targets
	@echo 'usage: make TARGET'
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -e 's/:.*## /:/' | awk -F: '{ printf "  %-16s %s\n", $$1, $$2 }'

plugins: ## Build all plugins as components
	$(CARGO) run -p runner-build -- plugins --workspace . --out $(PLUGINS)

# The whole workspace, as the tests do: a smaller selection has other features, and wasmtime would be compiled twice.
build: plugins ## Build the runner command, and profraw-lcov for the examples
	$(CARGO) build --workspace

demo: build ## See a release that succeeds and one that is rolled back, without a server
	sh scripts/demo.sh

test: plugins ## Run everything that CI checks
	sh scripts/test.sh

e2e-agentiq: build ## Run the profile agentiq against a real server: as root on Linux
	sh scripts/e2e-agentiq.sh

bench: build ## Measure what a release costs
	sh scripts/bench.sh

crash-anywhere: build ## Kill releases at every append to the journal, and resume them: hours
	sh scripts/crash-anywhere.sh

install: plugins ## Install the runner command for this user
	$(CARGO) install --locked --path host/cli

clean: ## Remove everything that was built
	$(CARGO) clean
