/* In which ways does no answer come that anybody can use? */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "liar.h"

int lies_hang(struct liar *liar)
{
    (void)liar;
    for (;;)
        pause();
    return 1;
}

int lies_die(struct liar *liar)
{
    (void)liar;
    fprintf(stderr, "liar: I give up\n");
    _exit(3);
}

int lies_kill_self(struct liar *liar)
{
    (void)liar;
    return raise(SIGKILL);
}

/* What it was about to tell is in the store by now. */
void lies_die_recorded(struct liar *liar)
{
    (void)liar;
    raise(SIGKILL);
}

int lies_talk_nonsense(struct liar *liar)
{
    (void)liar;
    printf("\xff\xfe{]} ready ready ready\n");
    return 1;
}

int lies_close_stdout(struct liar *liar)
{
    (void)liar;
    fflush(stdout);
    close(STDOUT_FILENO);
    for (;;)
        pause();
    return 1;
}

int lies_flood(struct liar *liar)
{
    static char block[65536];
    (void)liar;
    memset(block, 'x', sizeof block);
    while (fwrite(block, 1, sizeof block, stdout) == sizeof block)
        ;
    _exit(4);
}
