# The libraries, from deps.lock to build/out/{musl,debug,ARCH/musl}/{lib,include}. Which
# sources: build/fetch; how each is built: build/dep. Here is only what waits
# for what, so that make can do them side by side. A library is built anew when
# its line in deps.lock, a patch of ours, or build/dep changes.

DEPS := attr acl zlib xz-utils libzstd libarchive bearssl cjson
MUSL_LIBS := $(OUT)/musl/stamp/kernel $(if $(CROSS),$(OUT)/musl/stamp/musl) $(DEPS:%=$(OUT)/musl/stamp/%)
DEBUG_LIBS := $(DEPS:%=$(OUT)/debug/stamp/%)

$(COMMON)/packages-%: build/packages
	@mkdir -p $(@D)
	$(Q)build/packages $*
	@touch $@

$(COMMON)/src/fetched: build/deps.lock $(wildcard build/patches/*.patch) | $(COMMON)/packages-build
	$(Q)build/fetch
	@touch $@

# build/fetch touches NAME.lock when it has brought another NAME.
$(COMMON)/src/%.lock: $(COMMON)/src/fetched ;

# As build/dep knows it: the folder of a stamp below build/out.
FLAVOUR = $(@:build/out/%/stamp/$(@F)=%)

# The slowest first: libarchive waits for all that it reads.
$(OUT)/%/stamp/xz-utils: $(COMMON)/src/xz-utils.lock build/dep
	+$(Q)build/dep $(FLAVOUR) xz-utils

$(OUT)/%/stamp/libzstd: $(COMMON)/src/libzstd.lock build/dep
	+$(Q)build/dep $(FLAVOUR) libzstd

$(OUT)/%/stamp/attr: $(COMMON)/src/attr.lock build/dep
	+$(Q)build/dep $(FLAVOUR) attr

$(OUT)/%/stamp/acl: $(COMMON)/src/acl.lock build/dep $(OUT)/%/stamp/attr
	+$(Q)build/dep $(FLAVOUR) acl

$(OUT)/%/stamp/zlib: $(COMMON)/src/zlib.lock build/dep
	+$(Q)build/dep $(FLAVOUR) zlib

$(OUT)/%/stamp/libarchive: $(COMMON)/src/libarchive.lock build/dep \
		$(OUT)/%/stamp/acl $(OUT)/%/stamp/zlib $(OUT)/%/stamp/xz-utils $(OUT)/%/stamp/libzstd
	+$(Q)build/dep $(FLAVOUR) libarchive

$(OUT)/%/stamp/bearssl: $(COMMON)/src/bearssl.lock build/dep
	+$(Q)build/dep $(FLAVOUR) bearssl

$(OUT)/%/stamp/cjson: $(COMMON)/src/cjson.lock build/dep
	+$(Q)build/dep $(FLAVOUR) cjson

$(OUT)/musl/stamp/kernel: build/dep | $(COMMON)/packages-build $(CROSS:%=$(COMMON)/packages-cross)
	$(Q)build/dep $(FLAVOUR) kernel

# With a cross compiler everything waits for the libc that it is to use.
ifneq ($(CROSS),)
$(OUT)/musl/stamp/musl: $(COMMON)/src/musl.lock build/dep $(OUT)/musl/stamp/kernel
	+$(Q)build/dep $(FLAVOUR) musl

$(DEPS:%=$(OUT)/musl/stamp/%): $(OUT)/musl/stamp/musl
endif

$(COMMON)/ca-bundle.der: $(COMMON)/src/ca-certificates.lock build/ca-bundle
	@echo '  make	$@'
	$(Q)build/ca-bundle > $@
