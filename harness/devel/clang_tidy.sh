#!/usr/bin/env bash
# clang_tidy.sh BUILD - what clang-tidy says of every C file that BUILD compiles, by the checks of .clang-tidy
#
# Works with what gcc was told, too: clang is asked to ignore warnings that only gcc knows. Files that are compiled for
# several programs are read once. Before that each check has to report the error that is planted for it below.
# Ends with 0, with 1 when there is something to mend, and with 77 (skipped) without clang-tidy 14: other versions
# find other things.
set -euo pipefail
build=$(realpath "${1:?usage: clang_tidy.sh BUILD}")
cd "$(dirname "$0")/../.."

if ! clang-tidy --version 2>/dev/null | grep -q 'version 14\.'; then
    echo "skipped: clang-tidy 14 is not installed"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# One line for each check, or more where a check is known for more than one kind of error.
cat >"$scratch/planted.c" <<'PLANTED'
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string.h> /* readability-duplicate-include */
extern int declared;
extern int declared; /* readability-redundant-declaration */
struct pair { int first; double second; };
long widened(int n, int m) { return n * m; } /* bugprone-implicit-widening-of-multiplication-result */
void endless(int n) { int i = 0; while (i < n) puts("x"); } /* bugprone-infinite-loop */
double half(int n) { return 1.0 * (n / 2); } /* bugprone-integer-division */
#define TWICE(x) x * 2 /* bugprone-macro-parentheses */
long cast(int n) { return (long)(n * 1000); } /* bugprone-misplaced-widening-cast */
#define TWO(a) puts(a); puts(a)
void both(int n) { if (n) TWO("a"); } /* bugprone-multiple-statement-macro */
void open(char *to, const char *from) { memcpy(to, from, strlen(from)); puts(to); } /* bugprone-not-null-terminated-result */
bool posix(pthread_t t) { return pthread_kill(t, 0) < 0; } /* bugprone-posix-return */
int again(bool b) { if (b) { if (b) return 1; } return 0; } /* bugprone-redundant-branch-condition */
static void handler(int n) { printf("%d", n); } /* bugprone-signal-handler */
void handle(void) { signal(SIGINT, handler); }
size_t size(struct pair *p) { return sizeof(p); } /* bugprone-sizeof-expression */
bool same(struct pair *p, struct pair *q) { return memcmp(p, q, sizeof *p) == 0; } /* bugprone-suspicious-memory-comparison */
void fill(char *p) { memset(p, 512, 3); } /* bugprone-suspicious-memset-usage */
const char *const list[] = {"a", "b", "c" "d", "e", "f", "g", "h", "i", "j", "k"}; /* bugprone-suspicious-missing-comma */
void semicolon(int n) { if (n); puts("x"); } /* bugprone-suspicious-semicolon */
int compare(const char *p) { return strcmp(p, "x") == -1; } /* bugprone-suspicious-string-compare */
void once(void) { do { continue; } while (false); } /* bugprone-terminating-continue */
int small(long n) { int k = 0; for (short i = 0; i < n; i++) k += i; return k; } /* bugprone-too-small-loop-variable */
int number(const char *p) { return atoi(p); } /* cert-err34-c */
int chance(void) { return rand(); } /* cert-msc30-c */
bool less(int n) { return n < n; } /* misc-redundant-expression */
void call(void (*f)(void)) { if (!f) f(); } /* clang-analyzer-core.CallAndMessage */
int divide(int n) { return n == 0 ? 10 / n : 1; } /* clang-analyzer-core.DivideZero */
size_t length(const char *p) { return p ? 1 : strlen(p); } /* clang-analyzer-core.NonNullParamChecker */
int null(int n) { int *p = NULL; if (n) p = &n; return *p; } /* clang-analyzer-core.NullDereference */
int *stack(void) { int n = 3, *k = &n; return k; } /* clang-analyzer-core.StackAddressEscape */
int unset(int n) { int x; if (n > 2) x = 3; return x + 1; } /* clang-analyzer-core.UndefinedBinaryOperatorResult */
int subscript(int n) { int x[4] = {0}, y; if (n) y = 1; return x[y]; } /* clang-analyzer-core.uninitialized.ArraySubscript */
int assign(void) { int x, y; y = x; return y; } /* clang-analyzer-core.uninitialized.Assign */
int branch(int n) { int x; if (n) x = 1; if (x) return 1; return 0; } /* clang-analyzer-core.uninitialized.Branch */
int returned(int n) { struct pair p; if (n) p.first = 1; return p.first; } /* clang-analyzer-core.uninitialized.UndefReturn */
int dead(int n) { n = 3; n = 4; return n; } /* clang-analyzer-deadcode.DeadStores */
void copy(char *to, const char *from) { strcpy(to, from); } /* clang-analyzer-security.insecureAPI.strcpy */
int leak(int n) { char *q = malloc(10); if (!q || n) return 1; free(q); return 0; } /* clang-analyzer-unix.Malloc */
void twice(char *p, int n) { free(p); if (n) free(p); } /* clang-analyzer-unix.Malloc */
int *one(void) { return malloc(sizeof(char)); } /* clang-analyzer-unix.MallocSizeof */
PLANTED
planted=$(grep -oP '/\* \K[a-z]+-[\w.-]+(?= \*/)' "$scratch/planted.c" | sort)
checks=$(sed -n 's/^  //p' .clang-tidy | tr ',' '\n' | grep '^[a-z]' | sort)
said=$(clang-tidy --config-file=.clang-tidy --quiet "$scratch/planted.c" -- 2>/dev/null || true)
seen=$(awk -F: -v file="$scratch/planted.c" 'NR == FNR { line[FNR] = $0; next }
    $1 == file && match($0, /\[[a-z]+-[^],]*/) {
        name = substr($0, RSTART + 1, RLENGTH - 1)
        if (index(line[$2], "/* " name " */") && !told[name, $2]++) print name
    }' "$scratch/planted.c" - <<<"$said" | sort)
if ! diff <(echo "$planted") <(echo "$seen") || ! diff <(sort -u <<<"$planted") <(echo "$checks"); then
    echo "clang_tidy.sh: a check does not report the error that is planted for it, or there is none for it (diff above)" >&2
    exit 1
fi

# The compile commands, each file once. Assertions tell the analyzer what cannot be.
awk -v root="$PWD/" '
    /^\{/ { entry = ""; file = "" }
    /^  "file"/ { split($0, part, "\""); file = part[4] }
    { entry = entry $0 "\n" }
    /^\}/ && index(file, root) == 1 && file ~ /\.c$/ && !seen[file]++ { add(entry) }
    END { print "]" }
    function add(text) {
        sub(/\},?\n$/, "}", text)
        gsub(/ -DNDEBUG/, "", text)
        gsub(/ -fno-tree-loop-distribute-patterns/, "", text) # only gcc knows it, and clang refuses it
        printf "%s%s", any++ ? ",\n" : "[\n", text
    }
' "$build/compile_commands.json" >"$scratch/compile_commands.json"
grep -oP '^  "file": "\K[^"]+' "$scratch/compile_commands.json" >"$scratch/files"
[ -s "$scratch/files" ] || { echo "clang_tidy.sh: no C file is compiled in '$build'" >&2; exit 1; }
echo "$(wc -l <"$scratch/files") files, $(wc -l <<<"$checks") checks, each of which reports its planted error"
xargs -a "$scratch/files" -d '\n' -P "$(nproc)" -n 8 clang-tidy -p "$scratch" --quiet 2>&1 | sed '/warnings\? generated\.$/d'
