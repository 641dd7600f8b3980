#!/bin/sh
# `make test-browser`: the examples in a real browser, Debian's chromium, which is
# installed if it is missing. What it showed is kept under build/browser.
set -eu

sh spec/support/deps.sh chromium chromium-driver lua-cjson
mkdir -p "$TIDEWIRE_BUILD/browser"
rm -f "$TIDEWIRE_BUILD"/browser/*.png
lua5.4 spec/support/busted.lua "${@:-spec/browser/browser_spec.lua}"
ls "$TIDEWIRE_BUILD"/browser/*.png
