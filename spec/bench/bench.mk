# `make bench`, and the peers it compares with. Those that are not installed are
# not built, and skipped by name.

BENCHES = $(filter-out %/load,$(patsubst spec/%,$(BUILD)/%,$(basename \
	$(wildcard spec/bench/*.c spec/bench/*.go))))

$(BUILD)/bench/%: spec/bench/%.c spec/bench/bench.h
	$(CC) -std=gnu11 -D_GNU_SOURCE -O2 $(WARN) $(filter %.c,$^) $(LIBS) -o $@
$(addprefix $(BUILD)/bench/,echo_load web_load): spec/bench/load.c spec/bench/load.h
$(BUILD)/bench/echo_uv: LIBS = $$(pkg-config --cflags --libs libuv)
$(BUILD)/bench/http_parse: $(WIRE)
$(BUILD)/bench/http_parse: LIBS = -Icsrc $(WIRE) $(if $(wildcard /usr/include/http_parser.h),-lhttp_parser)
$(BUILD)/bench/%: spec/bench/%.go
	GO111MODULE=off GOPATH=/usr/share/gocode go build -o $@ $<

.PHONY: bench bench-deps
bench: deps
	@$(MAKE) --no-print-directory -s all
	-@$(MAKE) --no-print-directory -s -k $(BENCHES) 2>$(BUILD)/bench-peers.log
	-@$(BUILD)/bench/http_parse
	@for b in run tasks echo udp transfer http websocket; do $(LUA) spec/bench/$$b.lua || exit 1; done
bench-deps:
	@sh spec/support/deps.sh lua-socket python3 coreutils util-linux socat libuv1-dev \
		golang-go lua-luv lua-cqueues lua-copas lua5.1 python3-gevent \
		wrk nginx libnginx-mod-http-lua nodejs node-ws golang-github-gorilla-websocket-dev lua-http
