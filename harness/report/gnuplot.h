/* gnuplot - one picture from one script and one data file, drawn without a shell; private to this
 * room.
 *
 * Data never becomes code: scripts are fixed and embedded, names reach gnuplot as text columns of
 * a data file, files are named by us and begin with "./". See the notes in style.gp.
 */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include "base/err.h"
#include "base/text.h"

#define GNUPLOT_TROUBLE_BYTES 300

/*
 * gnuplot_draw - FOLDER/BASE.svg from FOLDER/BASE.gp and FOLDER/BASE.dat
 *
 * base    : a plain name; the old picture stays until the new one is whole, and goes when there is
 *           none
 * trouble : GNUPLOT_TROUBLE_BYTES; why there is no picture: gnuplot is missing, complains or hangs
 * returns : 0 drawn, else -1
 */
int gnuplot_draw(const char *folder, const char *base, char *trouble);

/* gnuplot_write - FOLDER/BASE.dat, and FOLDER/BASE.gp: style.gp and then the script
 * errors : ERR_SYSTEM */
int gnuplot_write(const char *folder, const char *base, const struct text *data, const char *script,
                  struct err *err);

#endif
