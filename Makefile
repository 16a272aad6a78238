# jlmkr: `make` gives build/out/jlmkr, `make help` says what else there is.
# How the libraries come to be is in build/deps.mk, why in build/README.md.

# The version stands here alone; CHANGELOG.md begins with it, `make lint` looks.
VERSION := 0.1.0
COMMIT := $(shell git describe --always --dirty --exclude '*' 2> /dev/null)

# The machine that the binary is for: ARCH=aarch64 builds with a cross compiler.
NATIVE := $(shell uname -m)
ARCH := $(NATIVE)
CROSS := $(if $(filter-out $(NATIVE),$(ARCH)),$(ARCH)-linux-gnu-)

PREFIX := /usr/local
DESTDIR :=
SECS := 60

MAKEFLAGS += --no-print-directory -j$(shell nproc)
SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

Q := $(if $(V),,@)
COMMON := build/out
OUT := $(COMMON)$(if $(CROSS),/$(ARCH))
BIN := $(if $(DEBUG),$(OUT)/debug/jlmkr,$(OUT)/jlmkr)

# The folders are the list: whatever .c lies in them is part of the program.
SRC := $(sort $(wildcard lib/*/*.c lib/*/*/*.c applets/*.c lib/*/*.S))
UNIT := $(patsubst tests/unit/%.c,%,$(filter-out tests/unit/test.c,$(wildcard tests/unit/*.c)))
FUZZ := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))

# objects FLAVOUR: all of our own. They are linked as they are, from no
# archive, so nothing that only a table refers to can get lost.
objects = $(SRC:%=$(OUT)/obj/$1/%.o)

WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes $(if $(WERROR),-Werror)
CFLAGS := -std=c11 $(WARN) -D_GNU_SOURCE -DJLMKR_VERSION='"$(VERSION)"' -I.
LIBS := -larchive -lacl -lattr -llzma -lzstd -lz -lbearssl -lcjson
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined

# Flavour musl, what ships: static, and still at a random address (static-pie).
# The gcc that musl-gcc wraps knows no static-pie for musl, so the start files
# are named here. rcrt1.o is the one that relocates itself.
MUSL := $(if $(CROSS),$(OUT)/musl/libc/bin/)musl-gcc -idirafter $(OUT)/musl/kernel
MUSL_CRT := $(if $(CROSS),$(OUT)/musl/libc/lib,/usr/lib/$(ARCH)-linux-musl)
MUSL_CFLAGS := -Os -fPIE -ffunction-sections -fdata-sections -fstack-protector-strong \
	-fno-asynchronous-unwind-tables -ffile-prefix-map=$(CURDIR)=. -I$(OUT)/musl/include
# Debian's linker packs relocations for this processor only (lib/base/relr.c).
ifeq ($(ARCH),x86_64)
PACKED := -Wl,-z,pack-relative-relocs,-e,relr_start,-u,relr_start
endif
MUSL_LDFLAGS := -static -nostartfiles -Wl,-pie,--no-dynamic-linker,-z,text -Wl,--gc-sections \
	-Wl,-z,relro,-z,now,-z,noexecstack $(PACKED) -Wl,--build-id=none -s -L$(OUT)/musl/lib
crt = $(MUSL_CRT)/rcrt1.o $(MUSL_CRT)/crti.o $(shell $(CROSS)gcc -print-file-name=crtbeginS.o)
crtend = $(shell $(CROSS)gcc -print-file-name=crtendS.o) $(MUSL_CRT)/crtn.o

# Flavour debug, what the tests run: the machine's own libc, everything checked.
DEBUG_CFLAGS := -O1 -g -fno-omit-frame-pointer $(SANITIZE) -I$(OUT)/debug/include
DEBUG_LDFLAGS := $(SANITIZE) -L$(OUT)/debug/lib

# Flavour fuzz: as debug, with clang, which has the fuzzer.
FUZZ_CFLAGS := $(DEBUG_CFLAGS) -fsanitize=fuzzer-no-link

# Flavour coverage: as debug, without the sanitizers, and each run adds to what is counted in
# $(OUT)/obj/coverage. Commands run side by side, so the counters are atomic. Some unit tests ask
# ASan about memory, so that their programs are linked with it, and the filter of system calls has
# to let through what these and the threads of glibc need.
COVERAGE_CFLAGS := -O0 -g --coverage -fprofile-update=atomic -I$(OUT)/debug/include -D__SANITIZE_ADDRESS__
COVERAGE_LDFLAGS := --coverage -L$(OUT)/debug/lib
FLAVOURS := musl debug fuzz coverage

##@ To build

all: $(BIN) ## build/out/jlmkr; with DEBUG=1 build/out/debug/jlmkr (glibc, ASan, UBSan); ARCH=aarch64

include build/deps.mk

$(OUT)/jlmkr: $(call objects,musl)
	@echo '  link	$@'
	$(Q)$(MUSL) $(MUSL_LDFLAGS) -o $@.new $(crt) $^ $(LIBS) $(crtend)
	@mv $@.new $@

# With the sanitizers in it, so that it runs on the test host, which has none.
$(OUT)/debug/jlmkr: $(call objects,debug)
	@mkdir -p $(@D)
	@echo '  link	$@'
	$(Q)gcc $(DEBUG_LDFLAGS) -static-libasan -static-libubsan -o $@.new $^ $(LIBS)
	@mv $@.new $@

$(OUT)/coverage/jlmkr: $(call objects,coverage)
	@mkdir -p $(@D)
	@echo '  link	$@'
	$(Q)gcc $(COVERAGE_LDFLAGS) -o $@.new $^ $(LIBS)
	@mv $@.new $@

$(OUT)/obj/musl/%.o: % Makefile | $(MUSL_LIBS)
	@mkdir -p $(@D); echo '  musl	$<'
	$(Q)$(MUSL) $(CFLAGS) $(BUILT) $(MUSL_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/obj/debug/%.o: % Makefile | $(DEBUG_LIBS)
	@mkdir -p $(@D); echo '  debug	$<'
	$(Q)gcc $(CFLAGS) $(BUILT) $(DEBUG_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/obj/fuzz/%.o: % Makefile | $(DEBUG_LIBS) $(COMMON)/packages-lint
	@mkdir -p $(@D); echo '  fuzz	$<'
	$(Q)clang $(CFLAGS) $(BUILT) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/obj/coverage/%.o: % Makefile | $(DEBUG_LIBS)
	@mkdir -p $(@D); echo '  cover	$<'
	$(Q)gcc $(CFLAGS) $(BUILT) $(COVERAGE_CFLAGS) -MMD -MP -c -o $@ $<
	@rm -f $(@:.o=.gcda)

$(FLAVOURS:%=$(OUT)/obj/%/lib/net/builtin_ca.S.o): $(COMMON)/ca-bundle.packed
$(FLAVOURS:%=$(OUT)/obj/%/lib/cli/manual_pages.S.o): $(COMMON)/manual.packed
$(FLAVOURS:%=$(OUT)/obj/%/lib/jail/templates.S.o): $(COMMON)/templates.packed

# What the binary carries compressed. Files that are deleted leave a younger folder.
PAGES := $(sort $(wildcard applets/manual/*.scd))
TEMPLATES := $(sort $(wildcard lib/jail/templates/*.conf))
$(COMMON)/manual.packed: $(PAGES) applets/manual
$(COMMON)/templates.packed: $(TEMPLATES) lib/jail/templates
$(COMMON)/%.packed: build/bundle build/pack | $(COMMON)/packages-build
	@mkdir -p $(@D)
	$(Q)build/bundle $(filter %.scd %.conf,$^) | build/pack > $@
$(COMMON)/ca-bundle.packed: $(COMMON)/ca-bundle.der build/pack | $(COMMON)/packages-build
	$(Q)build/pack < $< > $@

# What --version --verbose tells, for the one file that has it. The commit is kept in a file that
# is written when it is another one.
$(OUT)/obj/%/applets/main.c.o: BUILT = -DJLMKR_BUILT='"$(shell build/versions $@ '$(COMMIT)')"'
$(FLAVOURS:%=$(OUT)/obj/%/applets/main.c.o): $(COMMON)/commit build/versions
ifneq ($(COMMIT),$(shell cat $(COMMON)/commit 2> /dev/null))
$(shell mkdir -p $(COMMON); echo '$(COMMIT)' > $(COMMON)/commit)
endif
$(COMMON)/commit:
	@mkdir -p $(@D); echo '$(COMMIT)' > $@

-include $(shell find $(OUT)/obj -name '*.d' 2> /dev/null)

# How the binary is run here, and the date of all that is published: that of the last change, so
# that a second run makes the same bytes.
RUN = $(if $(CROSS),qemu-$(ARCH)-static )$(OUT)/jlmkr
EPOCH = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2> /dev/null),0)
STAGE := $(OUT)/stage/jlmkr-$(VERSION)-linux-$(ARCH)

install: stage ## the binary, a link for each command, manual, completions; DESTDIR= PREFIX=
	$(Q)build/install '$(RUN)' $(STAGE) '$(DESTDIR)$(PREFIX)'

dist: stage ## what is published: a .tar.xz and SHA256SUMS, in build/out/dist
	$(Q)SOURCE_DATE_EPOCH=$(EPOCH) build/dist $(STAGE) $(COMMON)/dist

stage: html
	$(Q)SOURCE_DATE_EPOCH=$(EPOCH) build/stage '$(RUN)' $(OUT) $(STAGE) $(ARCH) $(VERSION)

man: $(OUT)/jlmkr $(COMMON)/packages-manual ## the manual as man pages, in build/out/man
	$(Q)SOURCE_DATE_EPOCH=$(EPOCH) build/man '$(RUN)' $(OUT)/man $(PAGES)

html: man ## the manual for a browser, in build/out/html
	$(Q)build/html $(OUT)/man $(OUT)/html

repro: ## build twice in two folders, compare the bytes (minutes)
	build/repro

compile_commands.json: | $(DEBUG_LIBS) ## how each file is compiled, for clangd
	$(Q)printf '%s\n' $(filter %.c,$(SRC)) $(wildcard tests/unit/*.c tests/fuzz/*.c) | \
		build/compile-commands $(CFLAGS) -DJLMKR_BUILT='""' $(DEBUG_CFLAGS) > $@

clean: ## forget our objects and programs, keep libraries and test host
	rm -rf $(OUT)/obj $(OUT)/jlmkr $(OUT)/debug/jlmkr $(OUT)/debug/unit $(OUT)/debug/fuzz \
		$(OUT)/musl/unit $(OUT)/musl/host $(OUT)/stage \
		$(OUT)/fuzz $(OUT)/coverage $(OUT)/test-logs*

distclean: ## forget everything that was made or fetched
	@! grep -F ' $(CURDIR)/$(OUT)/' /proc/self/mountinfo || { \
		echo 'make distclean: something is mounted in $(OUT) still' >&2; exit 1; }
	rm -rf --one-file-system $(OUT) compile_commands.json

##@ To try

# What a machine lacks for it is said first, and not after minutes of compiling.
define on-host
@tests/host/host able
$(Q)$(MAKE) $(OUT)/jlmkr
endef

run: ## a throwaway systemd host with a real jail in it, start to end
	$(on-host)
	tests/host/demo

shell: ## a root shell in that host, jlmkr on its PATH
	$(on-host)
	tests/host/host shell

bench: ## how long commands take, next to systemd's own
	$(on-host)
	$(Q)$(MAKE) $(OUT)/musl/host/tls-client
	tests/host/bench

peers: ## what our TLS and the servers of others agree on; the page is build/out/peers.md (minutes)
	$(Q)build/packages build bake
	$(Q)$(MAKE) $(OUT)/musl/host/tls-client
	tests/peers/peers

##@ To check

test: $(OUT)/jlmkr unit-programs fuzz-programs ## everything; ends with the count
	$(Q)tests/run

test-appliance: $(OUT)/jlmkr ## the story on an emulated appliance with OpenZFS alone: minutes
	$(Q)tests/run vm

test-asan: $(OUT)/debug/jlmkr ## the stories with the binary that has ASan and UBSan in it, for a nightly run
	$(Q)JLMKR=$< TEST_LOGS=$(OUT)/test-logs-asan tests/run cli host

coverage: $(OUT)/coverage/jlmkr coverage-programs ## lines and branches that the tests reach; ends with the figure
	$(Q)tests/coverage

unit: unit-programs ## the unit tests alone: seconds
	$(Q)tests/run unit

test-aarch64: | $(COMMON)/packages-cross ## the unit tests with the aarch64 binary's own objects, on an emulated processor
	$(Q)$(MAKE) ARCH=aarch64 emulated-programs
	$(Q)TEST_PROGRAMS=$(COMMON)/aarch64/musl TEST_UNDER='tests/emulated aarch64' \
		TEST_LOGS=$(COMMON)/test-logs-aarch64 tests/run unit

fuzz: $(FUZZ:%=$(OUT)/fuzz/%) ## look for crashes in each parser, SECS= each
	$(Q)for f in $(FUZZ); do \
		mkdir -p $(OUT)/corpus/$$f; \
		seeds=tests/fuzz/corpus/$$f; [ -d $$seeds ] || seeds=; \
		echo "== $$f"; \
		$(OUT)/fuzz/$$f -max_total_time=$(SECS) -print_final_stats=1 -verbosity=0 \
			-artifact_prefix=$(OUT)/fuzz/$$f- $(OUT)/corpus/$$f $$seeds || exit; \
	done

lint: $(COMMON)/packages-lint $(DEBUG_LIBS) $(call objects,musl) ## layout, include directions, lengths, cppcheck, clang-tidy
	build/format
	build/layers
	build/names lib/README.md applets/README.md
	@echo build/exports, build/state; build/exports $(call objects,musl) && \
		build/state $(call objects,musl)
	@grep -q '^## $(VERSION)\b' CHANGELOG.md || { echo 'CHANGELOG.md: nothing of $(VERSION)'; exit 1; }
	codespell -L acces -S $(OUT) README.md CHANGELOG.md .github applets lib build tests/README.md
	build/stat
	@echo build/lint; build/lint $(SRC)

format-check: ## the layout of our C: tabs, braces, blanks
	build/format

stat: ## how long functions and files are
	@build/stat

help: ## this
	@awk -F ':.*## ' '/^##@/ { print "\n" substr($$0, 5) } \
		/^[a-z0-9_.-]+:.*## / { printf "  make %-22s%s\n", $$1, $$2 }' Makefile

unit-programs: $(UNIT:%=$(OUT)/debug/unit/%)
fuzz-programs: $(FUZZ:%=$(OUT)/debug/fuzz/%)
emulated-programs: $(UNIT:%=$(OUT)/musl/unit/%)
coverage-programs: $(UNIT:%=$(OUT)/coverage/unit/%) $(FUZZ:%=$(OUT)/coverage/fuzz/%)

# A test takes of ours only what it touches, so one that is half-written is no
# obstacle to the others: here an archive is right.
$(OUT)/obj/musl/ours.a: $(call objects,musl)
$(OUT)/obj/debug/ours.a: $(call objects,debug)
$(OUT)/obj/fuzz/ours.a: $(call objects,fuzz)
$(OUT)/obj/coverage/ours.a: $(call objects,coverage)
%/ours.a:
	$(Q)rm -f $@; $(CROSS)ar rcsT $@ $(filter-out %/applets/main.c.o,$^)

$(OUT)/musl/unit/%: $(OUT)/obj/musl/tests/unit/%.c.o $(OUT)/obj/musl/tests/unit/test.c.o $(OUT)/obj/musl/ours.a
	@mkdir -p $(@D); echo '  link	$@'
	$(Q)$(MUSL) $(MUSL_LDFLAGS) -o $@ $(crt) $^ $(LIBS) $(crtend)

$(OUT)/musl/host/%: $(OUT)/obj/musl/tests/host/%.c.o $(OUT)/obj/musl/ours.a
	@mkdir -p $(@D); echo '  link	$@'
	$(Q)$(MUSL) $(MUSL_LDFLAGS) -o $@ $(crt) $^ $(LIBS) $(crtend)

$(OUT)/debug/unit/%: $(OUT)/obj/debug/tests/unit/%.c.o $(OUT)/obj/debug/tests/unit/test.c.o $(OUT)/obj/debug/ours.a
	@mkdir -p $(@D); echo '  link	$@'
	$(Q)gcc $(DEBUG_LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/debug/fuzz/%: $(OUT)/obj/debug/tests/fuzz/%.c.o $(OUT)/obj/debug/tests/fuzz/replay.c.o $(OUT)/obj/debug/ours.a
	@mkdir -p $(@D); echo '  link	$@'
	$(Q)gcc $(DEBUG_LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/coverage/unit/%: $(OUT)/obj/coverage/tests/unit/%.c.o $(OUT)/obj/coverage/tests/unit/test.c.o $(OUT)/obj/coverage/ours.a
	@mkdir -p $(@D); echo '  link	$@'
	$(Q)gcc $(COVERAGE_LDFLAGS) -fsanitize=address -o $@ $^ $(LIBS)

$(OUT)/coverage/fuzz/%: $(OUT)/obj/coverage/tests/fuzz/%.c.o $(OUT)/obj/coverage/tests/fuzz/replay.c.o $(OUT)/obj/coverage/ours.a
	@mkdir -p $(@D); echo '  link	$@'
	$(Q)gcc $(COVERAGE_LDFLAGS) -fsanitize=address -o $@ $^ $(LIBS)

$(OUT)/fuzz/%: $(OUT)/obj/fuzz/tests/fuzz/%.c.o $(OUT)/obj/fuzz/ours.a
	@mkdir -p $(@D); echo '  link	$@'
	$(Q)clang $(SANITIZE) -fsanitize=fuzzer -L$(OUT)/debug/lib -o $@ $^ $(LIBS)

.PHONY: all install dist stage man html repro compile_commands.json clean distclean run shell bench peers test test-appliance test-asan test-aarch64 coverage \
	unit fuzz lint format-check stat help unit-programs fuzz-programs emulated-programs coverage-programs
.SECONDARY:
