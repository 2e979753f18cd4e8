/* Is it told right which of two processes began first, also where the clock is coarse? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cycle/birth.h"

static void births_are_compared_by_what_is_known(void **state)
{
    const struct birth request = {.order = 10, .ticks = 100}, coarse = {.ticks = 100};
    (void)state;
    assert_int_equal(birth_is_before(&(struct birth){9, 100}, &request), 1);
    assert_int_equal(birth_is_before(&(struct birth){11, 100}, &request), 0);
    assert_int_equal(birth_is_before(&(struct birth){9, 101}, &request), -1); /* contradictory */
    assert_int_equal(birth_is_before(&(struct birth){9, 99}, &coarse), 1);
    assert_int_equal(birth_is_before(&(struct birth){9, 100}, &coarse), 0);
    assert_int_equal(birth_is_before(&(struct birth){0, 0}, &request), -1);
    assert_int_equal(birth_is_before(&(struct birth){0, 0}, &(struct birth){0, 0}), -1);
}

/* Of children that were made one after the other none is called earlier, on either clock. */
static void no_child_is_older_than_one_made_before(void **state)
{
    struct birth request, coarse, born;
    (void)state;
    for (int i = 0; i < 200; i++) {
        pid_t pid;
        birth_now(&request);
        pid = fork();
        if (pid == 0)
            _exit(0);
        coarse = (struct birth){.ticks = request.ticks};
        assert_true(birth_of(&born, pid));
        assert_int_equal(birth_is_before(&born, &request), 0);
        assert_int_equal(birth_is_before(&born, &coarse), 0);
        waitpid(pid, NULL, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(births_are_compared_by_what_is_known),
        cmocka_unit_test(no_child_is_older_than_one_made_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
