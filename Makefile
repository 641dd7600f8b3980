# Tidewire. `make run` shows it, `make test` tests it; see README.md.

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
LUA     ?= lua5.4
# SAN=address,undefined builds with those sanitizers; COVER=1 counts lines. The
# module is optimised as one program, unless LTO is empty.
LTO     ?= -flto=auto -ffat-lto-objects

VERSION  := $(shell sed -n 's/.*TW_VERSION "\(.*\)"/\1/p' csrc/tidewire.h)
# Asked for once and late: `deps` may have to install pkg-config first.
LUA_CFLAGS = $(eval LUA_CFLAGS := $(shell pkg-config --cflags lua5.4))$(LUA_CFLAGS)
LUA_LIBS   = $(eval LUA_LIBS := $(shell pkg-config --libs lua5.4))$(LUA_LIBS)
CFLAGS  ?= -O3 -g
WARN     = -Wall -Wextra -Werror
USE_LTO  = $(if $(SAN)$(COVER),,$(LTO))
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -fPIC -fvisibility=hidden -pthread -MMD -MP \
	$(WARN) $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) \
	$(if $(COVER),--coverage -O0) $(if $(USE_LTO),$(USE_LTO) -fno-plt)
ALL_LDFLAGS = -pthread -Wl,-z,now $(LDFLAGS) $(if $(SAN),-fsanitize=$(SAN)) $(if $(COVER),--coverage)

objects  = $(patsubst csrc/%.c,$(BUILD)/obj/%.o,$(wildcard $(1:%=csrc/%/*.c)))
PORTABLE = $(call objects,core loop)
LUAPART  = $(call objects,task bind)
# The optional modules: a folder of csrc/mod, a .so, the library it stands on.
LIBS_ws  = $(if $(filter ws,$(MODULES)),-lwslay -lnettle)
NEEDS_ws = -include wslay/wslay.h -include nettle/sha1.h
MODULES := http $(shell $(CC) -E $(NEEDS_ws) -x c /dev/null >/dev/null 2>&1 && echo ws)
MODPART  = $(call objects,$(MODULES:%=mod/%))
# What of them reads and writes bytes, and knows neither Lua nor sockets.
WIRE    := http/head http/scan http/target http/body http/text ws/frame ws/utf8
WIRE    := $(filter $(MODPART),$(WIRE:%=$(BUILD)/obj/mod/%.o))
CTESTS  := $(notdir $(basename $(wildcard spec/c/*_test.c spec/fuzz/*_fuzz.c)))
CTESTS  := $(addprefix $(BUILD)/test/,$(filter-out $(if $(filter ws,$(MODULES)),,ws_%),$(CTESTS)))
SUPPORT  = $(addprefix $(BUILD)/test/,$(notdir $(basename $(wildcard spec/support/*_host.c))) alarm.so plain_stream.so)

FOLDERS  = $(patsubst csrc/%/,obj/%,$(wildcard csrc/*/ csrc/mod/*/)) lib/tidewire bin test bench
$(shell mkdir -p $(FOLDERS:%=$(BUILD)/%))

# A thread may be in getaddrinfo when the last state is closed: the code it
# returns to must stay mapped, hence nodelete.
SO_FLAGS = -shared -Wl,-z,nodelete

OUT = $(abspath $(BUILD))
export LUA_PATH  = $(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;
export LUA_CPATH = $(OUT)/lib/?.so;;
export TIDEWIRE_BUILD = $(OUT)
export TIDEWIRE_LUA ?= $(LUA)
BUSTED = $(TIDEWIRE_LUA) spec/support/busted.lua

.PHONY: all run test test-browser test-kernel check specs gcstress lint san fuzz cover install clean env deps
# Several goals go one after another even with -j: some build in their recipe.
$(if $(word 2,$(MAKECMDGOALS)),$(eval .NOTPARALLEL:))

all: $(BUILD)/lib/tidewire/core.so $(MODULES:%=$(BUILD)/lib/tidewire/%_core.so) \
	$(BUILD)/lib/libtidewire.a $(BUILD)/bin/tidewire

$(PORTABLE) $(WIRE): $(BUILD)/obj/%.o: csrc/%.c
	$(CC) $(ALL_CFLAGS) -Icsrc -c $< -o $@

$(LUAPART) $(filter-out $(WIRE),$(MODPART)) $(BUILD)/obj/host/main.o: $(BUILD)/obj/%.o: csrc/%.c
	$(CC) $(ALL_CFLAGS) -Icsrc -I$(BUILD)/obj $(LUA_CFLAGS) -c $< -o $@

$(BUILD)/obj/bind/constants.o: $(BUILD)/obj/bind/constants.inc
$(BUILD)/obj/bind/constants.inc: csrc/bind/constants.awk csrc/bind/constants.def csrc/core/os_names.h \
	$(wildcard /usr/include/linux /usr/include/bluetooth)
	awk -v cc='$(CC) $(CFLAGS)' -v out=$@ -f $(filter %.awk %.def,$^)

$(BUILD)/lib/tidewire/core.so: $(PORTABLE) $(LUAPART)
	$(CC) $(CFLAGS) $(USE_LTO) $(ALL_LDFLAGS) $(SO_FLAGS) $^ -lm -o $@

$(BUILD)/lib/tidewire/%_core.so: $(MODPART) $(BUILD)/obj/core/buf.o
	$(CC) $(CFLAGS) $(USE_LTO) $(ALL_LDFLAGS) $(SO_FLAGS) $(filter %/buf.o $(BUILD)/obj/mod/$*/%,$^) $(LIBS_$*) -o $@

$(BUILD)/lib/libtidewire.a: $(PORTABLE) $(LUAPART)
	@rm -f $@ && ar qcs $@ $^

$(BUILD)/bin/tidewire: $(BUILD)/obj/host/main.o $(BUILD)/lib/libtidewire.a
	$(CC) $(ALL_LDFLAGS) -fno-lto $^ $(LUA_LIBS) -lm -o $@

# C unit tests see no Lua header; the test hosts embed the library.
vpath %.c spec/c spec/fuzz
$(filter %_fuzz,$(CTESTS)): spec/fuzz/replay.c
$(CTESTS): $(BUILD)/test/%: %.c $(PORTABLE) $(WIRE)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fno-lto -Icsrc -Ispec/c $(filter %.c %.o,$^) $(LIBS_ws) -o $@

$(BUILD)/test/%_host: spec/support/%_host.c $(BUILD)/lib/libtidewire.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fno-lto $(WRAP) -Icsrc -Ispec/support \
		$(LUA_CFLAGS) $(filter %.c,$^) $(filter %.a,$^) $(LUA_LIBS) -lm -o $@
$(BUILD)/test/%.so: spec/support/%.c
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fno-lto -shared -Icsrc $(LUA_CFLAGS) $< -o $@

# These two spoil things on purpose, one of them what libc gives the library.
$(BUILD)/test/fault_host $(BUILD)/test/gcstress_host: spec/support/fault_mem.c spec/support/fault_mem.h
$(BUILD)/test/fault_host: spec/support/fault_net.c spec/support/fault_files.c spec/support/fault_net.h
$(BUILD)/test/fault_host: WRAP = $(addprefix -Xlinker --wrap=,malloc calloc eventfd pthread_create)

include spec/bench/bench.mk
-include $(shell find $(BUILD)/obj $(BUILD)/test -name '*.d' 2>/dev/null)

run: deps
	@$(MAKE) --no-print-directory -s all && $(LUA) examples/demo.lua
test: deps
	@$(MAKE) --no-print-directory gcstress check

check: all $(CTESTS) $(SUPPORT)
	@for t in $(CTESTS); do $$t || exit 1; done
	@TIDEWIRE_BACKEND=poll $(BUSTED)
	@TIDEWIRE_BACKEND=epoll $(BUSTED)

# As in: make specs ARGS=spec/addr_spec.lua; gcstress collects at each request.
specs: all $(SUPPORT)
	@$(BUSTED) $(ARGS)
gcstress: TIDEWIRE_LUA = $(OUT)/test/gcstress_host
gcstress: all $(SUPPORT)
	@printf '%s\n' $(or $(ARGS),spec/*_spec.lua spec/regress/*_spec.lua) | xargs -n 1 -P $$(nproc) $(BUSTED)
test-kernel test-browser: deps
	@$(MAKE) --no-print-directory -s all $(SUPPORT)
	@sh spec/support/$(@:test-%=%)/run.sh $(ARGS)
lint:
	@sh spec/support/deps.sh lua-check clang-format
	@$(MAKE) --no-print-directory -s all
	@$(LUA) spec/support/lint.lua
	@luacheck -q lua examples spec
	@clang-format --dry-run -Werror $$(git ls-files 'csrc/*.[ch]' 'spec/*.[ch]')
san: deps
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/san SAN=address,undefined TIDEWIRE_LUA=$(OUT)/san/bin/tidewire check
fuzz:
	@BUILD=$(BUILD) sh spec/fuzz/run.sh $(ARGS)
cover: deps
	@rm -rf $(BUILD)/cover
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/cover COVER=1 check
	@$(LUA) spec/support/coverage.lua $(BUILD)/cover 95
deps:
	@sh spec/support/deps.sh

install: all
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin include lib/pkgconfig lib/lua/5.4/tidewire)
	install $(BUILD)/bin/tidewire $(DESTDIR)$(PREFIX)/bin
	install -m 644 csrc/tidewire.h $(DESTDIR)$(PREFIX)/include
	install -m 644 $(BUILD)/lib/libtidewire.a $(DESTDIR)$(PREFIX)/lib
	install $(BUILD)/lib/tidewire/*.so $(DESTDIR)$(PREFIX)/lib/lua/5.4/tidewire
	cd lua && find tidewire -name '*.lua' -exec install -D -m 644 {} $(abspath $(DESTDIR)$(PREFIX))/share/lua/5.4/{} \;
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' csrc/tidewire.pc.in \
		> $(DESTDIR)$(PREFIX)/lib/pkgconfig/tidewire.pc
env:
	@printf "export %s='%s'\n" LUA_PATH '$(LUA_PATH)' LUA_CPATH '$(LUA_CPATH)'
clean:
	rm -rf $(BUILD)
