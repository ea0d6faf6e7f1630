# Two commands for newcomers: `make demo` and `make test`. `make check` is the quick part of the tests.

SUDO  := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
TOOLS := .cache/tools/bin
TWIN  := $(SUDO) target/release/ketupa twin

.DEFAULT_GOAL := help
.PHONY: help demo down test test-vm check deps tools build executor browser fmt lint words supply docs unit all-tests fuzz bench bless clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 12

demo: deps ## bring examples/neutrinet to life on this machine, and look around
	cargo build --release --locked -p ketupa
	$(TWIN) up examples/neutrinet
	@sh docs/tour.sh "$(TWIN)"

down: ## take the demo down
	$(TWIN) down

test: deps tools fmt words lint supply docs all-tests fuzz ## everything that must hold before a change lands

check: deps tools fmt words lint unit ## the quick part: no root, no containers

# Static, so that it runs on any Linux of its processor; its own target directory, because the flags differ.
ARCH := $(shell uname -m)
executor: ## the small programs that travel to hosts, put beside every `ketupa` that was built
	RUSTFLAGS="-C target-feature=+crt-static" CARGO_TARGET_DIR=target/executor \
	  cargo build --locked --quiet -p host -p agent --profile executor --target $(ARCH)-unknown-linux-gnu
	@for d in debug release dist; do [ ! -d target/$$d ] || \
	  install -m 755 $(addprefix target/executor/$(ARCH)-unknown-linux-gnu/executor/,ketupa-host ketupa-agent) target/$$d/; done

# What the machine itself needs; the daemons go into the twin's image and never onto the machine.
DEBIAN := ansible-core build-essential ca-certificates curl git iproute2 libxml2-utils openssl postgresql python3-venv systemd tzdata util-linux
deps:
	@missing=$$(dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(DEBIAN) 2>/dev/null \
	  | awk '$$1 == "installed" {print $$2}' | sort > .deps.tmp; \
	  printf '%s\n' $(DEBIAN) | sort | comm -23 - .deps.tmp; rm -f .deps.tmp); \
	if [ -n "$$missing" ]; then \
	  echo "installing" $$missing; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
	fi

# Checkers, in a folder of their own. cargo-deny runs seconds: not optimising it saves minutes.
tools: .cache/tools/done
.cache/tools/done: tools.txt
	rm -rf .cache/tools
	python3 -m venv .cache/tools
	$(TOOLS)/pip install --quiet --disable-pip-version-check -r tools.txt
	cargo install --locked --quiet --debug --root .cache/tools cargo-deny@0.20.2
	@cargo nextest --version >/dev/null 2>&1 || cargo install --locked --quiet cargo-nextest
	@touch $@

fmt:
	cargo fmt --all --check

words:
	$(TOOLS)/typos

lint:
	cargo clippy --workspace --all-targets --locked --quiet -- -D warnings

# Licences, sources and doubles of the dependencies; the advisories need the network and are asked apart.
supply:
	@cargo fetch --locked --quiet
	$(TOOLS)/cargo-deny --offline --log-level error check bans licenses sources

docs: ## that the generated pages are fresh and the code's own documentation has no holes
	cargo run --quiet --locked -p xtask -- check
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet

unit:
	cargo nextest run --workspace --locked -P quick

# What opens the pages of proofs, where a browser is not there already.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium; \
	}

all-tests: browser
	cargo build --locked --quiet -p ketupa
	$(SUDO) target/debug/ketupa twin image
	$(SUDO) env "PATH=$$PATH" HOME="$$HOME" INSTA_UPDATE=no cargo nextest run --workspace --locked -P ci

# Machines of Debian's own kernel, emulated where the processor's help is not to be had: slow.
test-vm: vm-deps ## converge real Debian machines under qemu, and cut their power
	$(SUDO) env "PATH=$$PATH" HOME="$$HOME" cargo nextest run -p ketupa --test vm --locked -P vm

VM := debootstrap dpkg-dev e2fsprogs openssh-client qemu-system-x86 qemu-utils
.PHONY: vm-deps
vm-deps:
	@dpkg-query -W $(VM) >/dev/null 2>&1 || { $(SUDO) apt-get update -qq \
	  && $(SUDO) apt-get install -y -qq --no-install-recommends $(VM); }

fuzz: ## feed every parser rubbish for a few seconds
	cargo run --quiet --locked -p xtask -- fuzz

bench: ## measure what docs/benchmarks.md says
	cargo run --release --quiet --locked -p xtask -- bench

bless: ## keep what the golden tests show now: then read the difference
	KETUPA_BLESS=1 INSTA_UPDATE=always cargo nextest run --workspace --locked -P quick

clean:
	cargo clean
	rm -rf .cache
