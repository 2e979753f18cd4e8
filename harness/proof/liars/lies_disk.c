/* What if starts are acknowledged before they are on the disk? Nothing else is wrong with these
 * liars, so only a power loss finds them out. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "liar.h"

#define NUMBER offsetof(struct seccomp_data, nr)
#define DONE   (SECCOMP_RET_ERRNO | 0) /* not carried out, and 0 is returned */

#define IF_CALL(number, then)                                                                      \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, (then))

/* As PRAGMA synchronous = OFF, for any spawner: it and all that it starts believe that they have
 * synced. See seccomp(2). */
void lies_never_sync(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER),
        IF_CALL(__NR_fsync, DONE),
        IF_CALL(__NR_fdatasync, DONE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
        perror("spawnbench-liar: seccomp");
        exit(2);
    }
}

/* The spawner is asked for less than the harness asked for. */
void lies_ask_normal(struct liar *liar)
{
    cJSON_ReplaceItemInObjectCaseSensitive(liar->message, "durability",
                                           cJSON_CreateString("normal"));
}
