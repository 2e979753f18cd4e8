/* folder - folders of ours below one that the user gave.
 *
 * The user's own folder may be a link. What lies below it may come from a checkout: there a link is
 * never followed, and nothing is written into a folder that was there before where it must be ours.
 */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "base/err.h"

/*
 * folder_make_below - TOP/BELOW, each missing part of it made
 *
 * top    : followed where it is a link
 * below  : one or more names with a slash between
 * out    : TOP/BELOW, the caller frees it; NULL on error
 * errors : ERR_SYSTEM; ERR_UNFIT where a part of BELOW is a link or no folder
 */
int folder_make_below(char **out, const char *top, const char *below, struct err *err);

/*
 * folder_make_fresh - a folder that was not there: PARENT/NAME, or PARENT/NAME-2, NAME-3, ...
 *
 * name   : where a subject's old files may lie
 * out    : the name that was free, the caller frees it; NULL on error
 * errors : ERR_SYSTEM
 */
int folder_make_fresh(char **out, const char *parent, const char *name, struct err *err);

#endif
