# shellcheck shell=bash
# The tests of the wrapper under ThreadSanitizer; any report is a failure.

# The whole package is built once more, beside the usual build. What the sanitizer cannot see of Swift's runtime,
# which is built without it, thread_sanitizer.c tells it; no report is suppressed.
check_thread_sanitizer() {
    local scratch=$MEHVAR_ROOT/.build/thread-sanitizer log runtime bin
    log=$MEHVAR_ROOT/.build/mehvar-sanitize.log runtime=$scratch/thread_sanitizer.so
    mkdir -p "$scratch"
    local build=(swift build --package-path "$MEHVAR_ROOT" --scratch-path "$scratch" --sanitize=thread --build-tests)
    build_watched "$log" "${build[@]}" || {
        build_errors "$log"
        fail "the build failed; all of it is in $log"
    }
    bin=$("${build[@]}" --show-bin-path)
    clang -O2 -Wall -Wextra -Werror -shared -fPIC -o "$runtime" "$MEHVAR_ROOT/deploy/check/thread_sanitizer.c"
    # One test at a time: with the sanitizer each takes many times longer, and those that wait for another's part would
    # give up.
    attended env LD_PRELOAD="$runtime" TSAN_OPTIONS=exitcode=66 \
        "$bin/mehvarPackageTests.xctest" --testing-library swift-testing --no-parallel --filter '^PostgresTests\.'
}
