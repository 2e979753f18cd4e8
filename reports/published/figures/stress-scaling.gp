# What all figures of spawnbench share. Draw one again by hand:
#
#     gnuplot -d -c ./NAME.gp ./NAME.svg ./NAME.dat
#
# The script is fixed. Numbers and names come from NAME.dat alone, as columns that are never run as
# code: keep it so (no eval, no macros, no double-quoted data, file names that begin with "./").
# Colours have about the same contrast on white and on near-black, so that the picture can be shown
# on both; each line has a dash and a point of its own as well, since colour alone is not enough.

set encoding utf8
set datafile separator "\t"
set datafile commentschars ''
grey = '#757b85'
blue = '#2a7fc1'
orange = '#cf5f12'
green = '#1a936f'
purple = '#b0639b'
olive = '#917a1c'
red = '#cc4a5a'
array colours[5] = [blue, orange, green, purple, olive]
array points[8] = [7, 5, 9, 11, 13, 15, 6, 4]
colour(arm) = colours[int(arm) % 5 + 1]
shape(arm) = points[int(arm) % 8 + 1]
dash(arm) = int(arm) % 4 + 1
set dashtype 1 solid
set dashtype 2 (12, 5)
set dashtype 3 (3, 4)
set dashtype 4 (14, 4, 3, 4)
set border 3 linecolor rgb grey linewidth 1
set tics nomirror out textcolor rgb grey scale 0.6
set grid linecolor rgb '#a0757b85' dashtype 3 linewidth 0.7
set xlabel textcolor rgb grey
set ylabel textcolor rgb grey
set key noenhanced textcolor rgb grey

# The legend stands above everything, in as many columns as the names leave room for.
width = 780
columns_for(longest) = longest < 14 ? 4 : longest < 22 ? 3 : longest < 32 ? 2 : 1
rows_for(arms, longest) = ceil(arms / (columns_for(longest) + 0.0))

# Steps of a logarithmic axis that covers less than two decades or more.
fine = '1 1.5 2 3 5 7'
coarse = '1 2 5'
steps_for(least, most) = most / least < 20 ? fine : most / least < 400 ? coarse : '1'

# A step for about n tics of a linear axis: 1, 2 or 5 times a power of ten.
power(x) = 10.0 ** floor(log10(x))
round_step(x) = (x < 1.5 * power(x) ? 1 : x < 3.5 * power(x) ? 2 : x < 7.5 * power(x) ? 5 : 10) * power(x)

# Scaling: median spawn time against the number of agents, with its 95 % bounds, the law that fits
# with its band, and the least time that agents and cores allow.
# Data sets of NAME.dat: 0 arms, longest name, least ms, most ms, whether there is a least time;
# 1 the numbers of agents; from 2 on for each arm its medians (agents, median ms, lower ms, upper
# ms); behind them for each arm the law (agents, ms, lower ms, upper ms), NaN where none fits; at
# last the least time (agents, ms).

stats ARG2 index 0 using 1 name 'ARMS' nooutput
stats ARG2 index 0 using 2 name 'LONGEST' nooutput
stats ARG2 index 0 using 3 name 'LEAST' nooutput
stats ARG2 index 0 using 4 name 'MOST' nooutput
stats ARG2 index 0 using 5 name 'LIMIT' nooutput
stats ARG2 index 1 using 1 name 'AGENTS' nooutput
arms = int(ARMS_max)
limit = int(LIMIT_max)
longest = limit && LONGEST_max < 14 ? 14 : LONGEST_max
top = 14 + 20 * rows_for(arms + limit, longest)
height = top + 350
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
set tmargin at screen 1 - (top + 14.0) / height
set bmargin at screen 66.0 / height
set lmargin 10
set rmargin 3
wide = MOST_max / LEAST_max > 2.5
far = AGENTS_max / AGENTS_min > 2.5
if (wide) {
    set logscale y
    set ytics ()
    do for [k = -3:7] {
        do for [s in steps_for(LEAST_max, MOST_max)] {
            set ytics add (real(s) * 10.0 ** k)
        }
    }
}
if (far) set logscale x 2
set yrange [wide ? LEAST_max / 1.25 : 0 : wide ? MOST_max * 1.6 : MOST_max * 1.2]
set xrange [far ? AGENTS_min / 1.15 : AGENTS_min - 0.6 : far ? AGENTS_max * 1.5 : AGENTS_max * 1.2 + 0.6]
set format y '%g'
set xlabel 'agents in the batch' . (far ? ' (logarithmic)' : '')
set ylabel 'spawn time, ms' . (wide ? ' (logarithmic)' : '')
set key at screen 0.5, screen 1 - 6.0 / height center top horizontal reverse Left \
    maxcols columns_for(longest) samplen 3
set style fill noborder
plot ARG2 index 1 using 1:(NaN):xtic(1) with points notitle, \
    for [a = 0:arms-1] ARG2 index 2 + arms + a using 1:3:4 with filledcurves \
        fillcolor rgb colour(a) fillstyle transparent solid 0.22 noborder notitle, \
    for [a = 0:arms-1] ARG2 index 2 + arms + a using 1:2 with lines linecolor rgb colour(a) \
        dashtype 1 linewidth 0.9 notitle, \
    for [i = 1:limit] ARG2 index 2 + 2 * arms using 1:2 with linespoints linecolor rgb grey \
        dashtype 3 linewidth 1.8 pointtype 2 pointsize 0.5 notitle, \
    for [a = 0:arms-1] ARG2 index 2 + a using 1:2 with linespoints linecolor rgb colour(a) \
        dashtype dash(a) linewidth 2 pointtype shape(a) pointsize 0.7 title columnheader(2), \
    for [a = 0:arms-1] ARG2 index 2 + a every ::1 using 1:3:(0):($4 - $3) with vectors heads \
        size screen 0.004, 90 linecolor rgb colour(a) linewidth 1.6 notitle, \
    for [i = 1:limit] NaN with linespoints linecolor rgb grey dashtype 3 linewidth 1.8 \
        pointtype 2 pointsize 0.5 title 'least possible'
