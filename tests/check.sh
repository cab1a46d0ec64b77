#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs every check and test, then prints one line: N passed, M failed. A check
# that is not a test runner counts as one; an ignored test counts as failed,
# because no test here has a reason to be ignored.
#
#   tests/check.sh            all of it (make check installs what it needs)
#   tests/check.sh fmt unit   only these
set -uo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

logs=${CARGO_TARGET_DIR:-target}/check
mkdir -p "$logs"
passed=0
failed=0

# report NAME STATUS SECONDS GOOD BAD
report() {
    passed=$((passed + $4))
    failed=$((failed + $5))
    if [ "$2" = 0 ] && [ "$5" = 0 ]; then
        printf 'check: %-12s ok      %4d passed              %4d s\n' "$1" "$4" "$3"
    else
        printf 'check: %-12s FAILED  %4d passed, %4d failed %4d s\n' "$1" "$4" "$5" "$3"
        tail -n 200 "$logs/$1.log"
        echo "check: whole log: $logs/$1.log"
    fi
}

# one NAME COMMAND...: runs a check that passes or fails as a whole.
one() {
    local name=$1 start=$SECONDS status=0
    shift
    "$@" >"$logs/$name.log" 2>&1 </dev/null || status=$?
    report "$name" "$status" $((SECONDS - start)) $((status == 0)) $((status != 0))
}

# tests NAME COMMAND...: runs cargo test and sums its own counts.
tests() {
    local name=$1 start=$SECONDS status=0 good bad
    shift
    "$@" >"$logs/$name.log" 2>&1 </dev/null || status=$?
    good=$(sum "$logs/$name.log" passed)
    bad=$(($(sum "$logs/$name.log" failed) + $(sum "$logs/$name.log" ignored)))
    # It did not compile, crashed, or tested nothing at all.
    if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ "$good" = 0 ]; }; then bad=1; fi
    report "$name" "$status" $((SECONDS - start)) "$good" "$bad"
}

# sum LOG WORD: adds up the numbers before WORD in all lines like "test result:
# ok. 3 passed; 0 failed; ...".
sum() {
    awk -v word="$2" '/^test result: / {
        for (i = 2; i <= NF; i++) if ($i ~ "^" word) total += $(i - 1)
    } END { print total + 0 }' "$1"
}

shell_scripts() {
    git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
        [ -f "$file" ] || continue
        case $file in
        *.sh) printf '%s\0' "$file" ;;
        *)
            if head -n 1 "$file" | grep -qaE '^#!.*[/ ](ba|da|a|)sh( |$)'; then
                printf '%s\0' "$file"
            fi
            ;;
        esac
    done
}

run_fmt() { cargo fmt --all --check && (cd tests/libbpf && cargo fmt --check); }

# Not --all-targets: the program has its own panic handler, so it cannot be
# built as a test. --test '*' includes the tests that run only when they are
# named.
run_clippy() {
    cargo clippy --locked --release --workspace --lib --bins --test '*' -- -D warnings &&
        cargo clippy --locked --release --workspace --tests -- -D warnings
}

# With private items, where a link to one is good, and without, where it leads nowhere.
run_rustdoc() {
    RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc --locked --release \
        --workspace --no-deps --document-private-items &&
        RUSTDOCFLAGS='-D warnings' cargo doc --locked --release --workspace --no-deps
}

run_shellcheck() { shell_scripts | xargs -0 shellcheck; }

# Every file that can contain a comment names its licence near its top.
run_spdx() {
    local file bad=0
    while IFS= read -r -d '' file; do
        case $file in LICENSE | *.lock | *.gitignore | *.md | *.bin | *.json) continue ;; esac
        [ -f "$file" ] || continue
        head -n 5 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0' || {
            echo "$file: no SPDX line in its first 5 lines"
            bad=1
        }
    done < <(git ls-files -z --cached --others --exclude-standard)
    return "$bad"
}

step() {
    case $1 in
    fmt) one fmt run_fmt ;;
    clippy) one clippy run_clippy ;;
    shellcheck) one shellcheck run_shellcheck ;;
    spdx) one spdx run_spdx ;;
    rustdoc) one rustdoc run_rustdoc ;;
    docs) one docs make -s docs-check ;;
    size) one size make -s size ;;
    repro) one repro tests/repro.sh ;;
    unit) tests unit cargo test --locked --release --workspace --no-fail-fast ;;
    units) one units tests/units.sh ;;
    checkpatch | sparse | analyzer) one "$1" tests/static.sh "$1" ;;
    # Tests whose names begin with long_ or more_ are for make check-all.
    vm)
        tests vm cargo test --locked --release --test vm -- \
            --test-threads=2 --skip ::long_ --skip ::more_
        ;;
    *)
        echo "check: no step '$1': ${steps[*]}" >&2
        exit 2
        ;;
    esac
}

steps=(fmt shellcheck spdx units checkpatch sparse analyzer clippy rustdoc size repro docs unit vm)
[ $# -gt 0 ] || set -- "${steps[@]}"
for name; do
    step "$name"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
