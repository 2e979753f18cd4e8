/* scratch - the files and the noise of trials: databases that may go,
 * warnings said once too often. */
#ifndef PROOF_CRASH_SCRATCH_H
#define PROOF_CRASH_SCRATCH_H

/* scratch_remove - a database and all that may lie beside it, as far as it is there */
void scratch_remove(const char *database);

/* scratch_hush, scratch_speak - nothing is said on stderr in between: the store warns at each
 * opening, thousands of times here. What hush returns is for speak. */
int scratch_hush(void);
void scratch_speak(int kept);

#endif
