#!/usr/bin/env bash
# installed.sh BUILD - is what BUILD installs complete? Installs it into a folder of its own and runs each command once
#
# The folders of the sources and of the build are hidden meanwhile under an empty file system in a mount namespace, so
# that nothing of them is reachable; without the right to mount (root or a user namespace) that is said and left out.
# A release build is searched for their paths, too (debug information always has them). Ends with 1 at the first error.
set -euo pipefail

fail() {
    echo "installed.sh: $*" >&2
    exit 1
}

# expect CODES WORD... - runs a command from where it is installed; fails, with all it said, when it ends otherwise
expect() {
    local codes=$1 code=0
    shift
    echo "+ $*"
    "$PREFIX/bin/$1" "${@:2}" >said 2>&1 || code=$?
    case " $codes " in
    *" $code "*) ;;
    *)
        cat said
        fail "'$*' ended with $code, expected one of: $codes"
        ;;
    esac
}

# Texts that a user, a tool or another program needs beside the programs.
check_files() {
    local share=$PREFIX/share file
    for file in man/man1/spawnbench.1 doc/spawnbench/{LICENSE,PROTOCOL.md} \
        spawnbench/{schema.sql,run.schema.json,audit.schema.json,scenarios/scenario.schema.json,scenarios/three-agents.json} \
        spawnbench/schemas/{bmf,github-action-benchmark,google-benchmark,hyperfine,trace}.schema.json; do
        [ -s "$share/$file" ] || fail "share/$file is not installed"
    done
}

check_paths() {
    local found
    grep -q '^CMAKE_BUILD_TYPE:[A-Z]*=Release$' "$BUILD/CMakeCache.txt" || return 0
    found=$(grep -rlaF -e "$BUILD" -e "$SOURCE" "$PREFIX" || true)
    [ -z "$found" ] || fail "these name the folder of the build or of the sources: $found"
}

# The reference, the reference with a liar before it, and the spawner that starts nothing.
write_scenario() {
    cat >two.json <<'JSON'
{"name": "two", "about": "does what is installed work?",
 "agents": [{"name": "a", "command": ["{agent}"], "times": 2}],
 "arms": [{"name": "sequential", "subject": ["{reference}", "--mode", "sequential"]},
          {"name": "parallel", "subject": ["{reference}", "--mode", "parallel"]}],
 "cycles": 5, "warmup": 1, "deadline": "60s"}
JSON
    sed -e 's/"name": "two"/"name": "liar"/' -e 's/"{reference}"/"{liar}", "loses-output", &/' two.json >liar.json
    sed -e 's/"name": "two"/"name": "null"/' -e 's/{reference}", "--mode", "[a-z]*"/{null}"/' two.json >null.json
}

run_commands() {
    write_scenario
    expect "0 1 3" spawnbench run --cycles 5 "$PREFIX/share/spawnbench/scenarios/three-agents.json"
    expect 0 spawnbench run two.json
    expect 4 spawnbench run liar.json
    expect "0 4" spawnbench run null.json
    expect 0 spawnbench list
    expect 0 spawnbench show two
    expect 0 spawnbench report two
    [ -s reports/benchmarks.md ] || fail "there is no reports/benchmarks.md"
    expect 0 spawnbench export --format json two
    expect 0 spawnbench history
    expect 0 spawnbench baseline save first two
    expect 0 spawnbench baseline list
    expect "0 1 3" spawnbench gate two.json --arm parallel --against '{reference} --mode parallel' --max-cycles 10
    expect "0 5" spawnbench doctor
    grep -q 'not beside' said && fail "doctor misses a program"
    expect 0 spawnbench audit results/spawnbench.sqlite
    expect 0 spawnbench audit --self-test --seeds 1
    expect 0 spawnbench faults "$PREFIX/share/spawnbench/scenarios/faults.json" \
        --fault write-full --fault busy-for-a-while --times 1 --prove controls
    expect 0 spawnbench faults two.json --fault power-loss --times 2 --prove nothing
    grep -q 'not beside' said && fail "the power cannot be cut: a program is missing"
    expect 0 spawnbench soak --cycles 4 --seed 1
    [ ! -e "$PREFIX/bin/spawnbench-micro" ] || expect 0 spawnbench-micro --benchmark_list_tests
}

# Inside the namespace: nothing of the sources or of the build is there any more.
hidden() {
    mount -t tmpfs none "$SOURCE"
    [ ! -e "$BUILD" ] || mount -t tmpfs none "$BUILD"
    if [ -e "$BUILD/CMakeCache.txt" ] || [ -e "$SOURCE/CMakeLists.txt" ]; then fail "the build could not be hidden"; fi
    cd "$PREFIX/../work"
    run_commands
}

main() {
    local build=$1
    BUILD=$(realpath "$build")
    SOURCE=$(realpath "$(dirname "$0")/../..")
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
    PREFIX=$WORK/prefix
    mkdir "$WORK/work"
    cmake --install "$BUILD" --prefix "$PREFIX" >/dev/null
    check_files
    check_paths
    export BUILD SOURCE PREFIX
    cp "$0" "$WORK/installed.sh"
    if unshare -m true 2>/dev/null; then
        unshare -m "$WORK/installed.sh" --hidden
    elif unshare -rm true 2>/dev/null; then
        unshare -rm "$WORK/installed.sh" --hidden
    else
        echo "not hidden: without the right to mount, the folders of the build and the sources stay reachable"
        cd "$WORK/work"
        run_commands
    fi
}

case ${1:?usage: installed.sh BUILD} in
--hidden) hidden ;;
*) main "$1" ;;
esac
