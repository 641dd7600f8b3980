#!/bin/sh
# Runs fuzz targets: all, or those named as arguments. Each is given FUZZ_SECONDS
# (10) on what is in corpus/ and on what earlier runs have found, which stays in
# $BUILD/fuzz. With FUZZ_KEEP=1 what reaches further goes to corpus/, as few and
# small files as will do; so should, by hand, an input that fails, once it no
# longer does. The last lines of a run that fails say which input it was.
set -eu

sh spec/support/deps.sh clang libclang-rt-14-dev
out=${BUILD:-build}/fuzz
here=spec/fuzz
[ $# -gt 0 ] || set -- $(ls $here/*_fuzz.c | sed 's|.*/||; s|_fuzz.c$||')

# What a target stands on besides the core.
parts() {
    case $1 in
    http_*) printf 'csrc/mod/http/%s.c ' head scan target body text ;;
    ws) echo csrc/mod/ws/frame.c csrc/mod/ws/utf8.c -lwslay ;;
    esac
}

build() {
    clang -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -pthread \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -fno-omit-frame-pointer -Icsrc csrc/core/*.c "$here/$1_fuzz.c" $(parts "$1") -o "$out/$1_fuzz"
}

for target; do
    log=$out/$target.log
    corpus=$here/corpus/$target
    mkdir -p "$out/$target" "$corpus"
    build "$target"
    if ! "$out/${target}_fuzz" -max_total_time="${FUZZ_SECONDS:-10}" -timeout=10 \
        -print_final_stats=1 -artifact_prefix="$out/$target-" \
        "$out/$target" "$corpus" >"$log" 2>&1; then
        tail -40 "$log"
        exit 1
    fi
    if [ -n "${FUZZ_KEEP:-}" ]; then
        "$out/${target}_fuzz" -merge=1 -use_counters=0 "$corpus" "$out/$target" 2>>"$log"
    fi
    echo "fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs," \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1) edges," \
        "$(ls "$corpus" | wc -l) inputs kept; nothing found"
done
