# The libraries, from deps.lock to build/out/{musl,debug}/{lib,include}. Which
# sources: build/fetch; how each is built: build/dep. Here is only what waits
# for what, so that make can do them side by side. A library is built anew when
# its line in deps.lock, a patch of ours, or build/dep changes.

DEPS := attr acl zlib xz-utils libzstd libarchive bearssl cjson
MUSL_LIBS := $(OUT)/musl/stamp/kernel $(DEPS:%=$(OUT)/musl/stamp/%)
DEBUG_LIBS := $(DEPS:%=$(OUT)/debug/stamp/%)

$(OUT)/packages-%: build/packages
	@mkdir -p $(@D)
	$(Q)build/packages $*
	@touch $@

$(OUT)/src/fetched: build/deps.lock $(wildcard build/patches/*.patch) | $(OUT)/packages-build
	$(Q)build/fetch
	@touch $@

# build/fetch touches NAME.lock when it has brought another NAME.
$(OUT)/src/%.lock: $(OUT)/src/fetched ;

# The slowest first: libarchive waits for all that it reads.
$(OUT)/%/stamp/xz-utils: $(OUT)/src/xz-utils.lock build/dep
	+$(Q)build/dep $* xz-utils

$(OUT)/%/stamp/libzstd: $(OUT)/src/libzstd.lock build/dep
	+$(Q)build/dep $* libzstd

$(OUT)/%/stamp/attr: $(OUT)/src/attr.lock build/dep
	+$(Q)build/dep $* attr

$(OUT)/%/stamp/acl: $(OUT)/src/acl.lock build/dep $(OUT)/%/stamp/attr
	+$(Q)build/dep $* acl

$(OUT)/%/stamp/zlib: $(OUT)/src/zlib.lock build/dep
	+$(Q)build/dep $* zlib

$(OUT)/%/stamp/libarchive: $(OUT)/src/libarchive.lock build/dep \
		$(OUT)/%/stamp/acl $(OUT)/%/stamp/zlib $(OUT)/%/stamp/xz-utils $(OUT)/%/stamp/libzstd
	+$(Q)build/dep $* libarchive

$(OUT)/%/stamp/bearssl: $(OUT)/src/bearssl.lock build/dep
	+$(Q)build/dep $* bearssl

$(OUT)/%/stamp/cjson: $(OUT)/src/cjson.lock build/dep
	+$(Q)build/dep $* cjson

$(OUT)/musl/stamp/kernel: build/dep | $(OUT)/packages-build
	$(Q)build/dep musl kernel

$(OUT)/ca-bundle.der: $(OUT)/src/ca-certificates.lock build/ca-bundle
	@echo '  make	$@'
	$(Q)build/ca-bundle > $@
