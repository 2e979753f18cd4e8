/* How can a process be left so that it is not seen? Below a helper, in another session, late. */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "liar.h"

#define GENERATIONS      3
#define DESCRIPTORS_MORE 40

static int to_helper = -1, from_helper = -1;

/* Neither the end of the liar's stdin nor its stdout may be held open by what is left. */
static void let_go(void)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; fd++)
        dup2(nothing, fd);
    prctl(PR_SET_PDEATHSIG, 0);
}

/* Not for ever: nothing is left for a day, whoever forgets it. */
static void stay(void)
{
    alarm(600);
    for (;;)
        pause();
}

static void leave_one(void)
{
    if (fork() != 0)
        return;
    setsid();
    stay();
}

static void open_more(void)
{
    for (int i = 0; i < DESCRIPTORS_MORE; i++)
        if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
            return;
}

/* What it leaves stays below it: it is a subreaper, as service managers are. */
static void help(int in, int out)
{
    char what;
    let_go();
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    while (read(in, &what, 1) == 1) {
        if (what == 'p')
            leave_one();
        else
            open_more();
        if (write(out, &what, 1) != 1)
            break;
    }
    _exit(0);
}

void left_start_helper(void)
{
    int down[2], up[2];
    if (pipe2(down, O_CLOEXEC) != 0 || pipe2(up, O_CLOEXEC) != 0)
        _exit(70);
    if (fork() == 0) {
        close(down[1]);
        close(up[0]);
        help(down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    to_helper = down[1];
    from_helper = up[0];
}

static void ask_helper(char what)
{
    if (write(to_helper, &what, 1) != 1 || read(from_helper, &what, 1) != 1)
        _exit(70);
}

void left_by_helper(struct liar *liar)
{
    (void)liar;
    ask_helper('p');
}

void left_open_in_helper(struct liar *liar)
{
    (void)liar;
    ask_helper('d');
}

void left_daemon(struct liar *liar)
{
    pid_t between = fork();
    (void)liar;
    if (between == 0) {
        let_go();
        setsid();
        if (fork() != 0)
            _exit(0);
        stay();
    }
    waitpid(between, NULL, 0);
}

/* Each starts the next one in a session of its own; the last one tells that all are there. */
static void generations(int ready)
{
    char byte = 1;
    let_go();
    signal(SIGTERM, SIG_IGN);
    for (int i = 1; i < GENERATIONS; i++) {
        setsid();
        if (fork() != 0)
            stay();
    }
    setsid();
    if (write(ready, &byte, 1) == 1)
        stay();
    _exit(70);
}

void left_generations(void)
{
    int ready[2];
    char byte;
    if (pipe2(ready, O_CLOEXEC) != 0)
        _exit(70);
    if (fork() == 0)
        generations(ready[1]);
    close(ready[1]);
    if (read(ready[0], &byte, 1) < 0)
        _exit(70);
}

void left_child(struct liar *liar)
{
    static const char *const sleeper[] = {"sleep", "600", NULL};
    struct process child;
    (void)liar;
    process_start(&child, sleeper, NULL, NULL, -1, NULL);
}

void left_zombie(struct liar *liar)
{
    static const char *const nothing[] = {"true", NULL};
    struct process child;
    (void)liar;
    process_start(&child, nothing, NULL, NULL, -1, NULL);
}

void left_descriptors(struct liar *liar)
{
    (void)liar;
    for (int i = 0; i < 10; i++)
        if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
            break;
}
