# The commands to know: `make demo`, `make demo-speech`, `make test`. The rest is a part of them.

PACKAGES := libopenblas-dev libsndfile1-dev libsamplerate0-dev
SECONDS ?= 600
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
DESTDIR ?=
# Without debug information, two thirds of the program; `swift build -c release` alone makes it.
RELEASE := swift build -c release -j $(JOBS) -debug-info-format none
SUDO := $(if $(filter 0,$(shell id -u)),,sudo -E)

# Where `make transport` puts what it builds, and the MPI compilers that it takes: all that it finds.
TRANSPORTS ?= .build/release
MPICC ?=

.PHONY: help demo demo-speech test build transport install uninstall packages lint imports format check fuzz clean

help:
	@echo "make demo     train on the embedded dialogues (about a minute), then build the other tasks"
	@echo "make demo-speech  likewise on the embedded clips of acted speech; writes report.html"
	@echo "make test     build, then run the whole suite"
	@echo "make check    test, lint, imports: what CI runs"
	@echo "make build    release build in .build/release"
	@echo "make transport  the way between ranks, for each MPI found; MPICC=mpicc for one of them"
	@echo "make install  release build into PREFIX (/usr/local); with BUILD=folder, that build as it is"
	@echo "make fuzz     10 minutes of arbitrary files and tables at the plugin door; SECONDS=600"
	@echo "make format   lay the sources out as lint wants them"

# Learning is to be seen soon: first what the task needs, then the other tasks.
demo: TASK := hri_dialogue
demo-speech: TASK := speech_drama
demo-speech: packages
demo demo-speech:
	$(RELEASE) --product host
	$(RELEASE) --product $(TASK)
	.build/release/host train --task $(TASK) --overwrite
	@$(MAKE) --no-print-directory build

build: packages
	$(RELEASE)
	@Plugins/TransportMPI/build .build/release

# An MPI is never needed to build or to run; with one, several processes can share a run's work.
transport:
	Plugins/TransportMPI/build "$(TRANSPORTS)" $(MPICC)

# With BUILD nothing is built: `make build && sudo make install BUILD=.build/release`.
ifeq ($(origin BUILD),undefined)
BUILD := .build/release
install: build
endif
install:
	@.ci/install "$(BUILD)" "$(DESTDIR)$(PREFIX)"

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/host"
	rm -rf "$(DESTDIR)$(PREFIX)/lib/host" "$(DESTDIR)$(PREFIX)/share/host"
	cd "$(DESTDIR)$(PREFIX)/share" && rm -f man/man1/host.1 man/man1/host-*.1 \
	  bash-completion/completions/host zsh/site-functions/_host fish/vendor_completions.d/host.fish

test: packages
	swift build --build-tests -j $(JOBS)
	@Plugins/TransportMPI/build .build/debug
	swift test --skip-build --disable-xctest

# Asks apt-get for those that are missing, and only then.
packages:
	@missing=""; \
	for package in $(PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q "ok installed" \
	    || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  $(SUDO) apt-get update -q && $(SUDO) apt-get install -q -y --no-install-recommends $$missing; \
	fi

lint:
	swift format lint --strict -r Sources Plugins Tests Package.swift

format:
	swift format -i -r Sources Plugins Tests Package.swift

# A module may import only what Package.swift lets it: the floors.
imports: packages
	swift build -j $(JOBS) --explicit-target-dependency-import-check error
	.ci/imports

check: test lint imports

fuzz: packages
	@$(MAKE) -s -C Tests/Fuzz -j 3 SECONDS=$(SECONDS)

clean:
	rm -rf .build
