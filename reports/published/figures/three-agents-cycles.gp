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

# Cycles: every cycle in the order they ran, a panel for each arm, so that drift, bursts and failures
# are seen. Data sets of NAME.dat: 0 arms, batch sizes, cycles, warm-ups, failed; 1 of each arm: name, least ms, most ms;
# 2 where a new sitting begins; from 3 on three for each arm and batch size: counted cycles (cycle,
# ms), warm-ups (cycle, ms), failed cycles (cycle, NaN).

stats ARG2 index 0 using 1 name 'ARMS' nooutput
stats ARG2 index 0 using 2 name 'SIZES' nooutput
stats ARG2 index 0 using 3 name 'LAST' nooutput
stats ARG2 index 0 using 4 name 'WARM' nooutput
stats ARG2 index 0 using 5 name 'FAILED' nooutput
arms = int(ARMS_max)
sizes = int(SIZES_max)
array least_of[arms]
array most_of[arms]
do for [p = 1:arms] {
    stats ARG2 index 1 every ::p-1::p-1 using 2 name 'LEAST' nooutput
    stats ARG2 index 1 every ::p-1::p-1 using 3 name 'MOST' nooutput
    least_of[p] = LEAST_min
    most_of[p] = MOST_max
}
high = arms > 2 ? 170 : 210
top = 14 + 20 * ceil((sizes + (WARM_max > 0) + (FAILED_max > 0)) / 2.0)
height = top + arms * high + 48
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
set xrange [0:LAST_max + 1]
set format y '%g'
set lmargin 10
set rmargin 3
set multiplot
do for [p = 1:arms] {
    least = least_of[p]
    most = most_of[p]
    set tmargin at screen 1 - (top + (p - 1) * high + 32) / (height + 0.0)
    set bmargin at screen 1 - (top + p * high - 24) / (height + 0.0)
    wide = most / least > 2.5
    span = most - least + 0.004 * most
    low = wide ? least / 1.2 : least - 0.1 * span
    above = wide ? most * (most / least) ** 0.16 : most + 0.2 * span
    failed = wide ? most * (most / least) ** 0.1 : most + 0.13 * span
    unset logscale y
    set ytics round_step(span / 4)
    if (wide) {
        set logscale y
        set ytics autofreq
        set ytics ()
        do for [k = -3:7] {
            do for [s in (most / least < 6 ? fine : most / least < 60 ? coarse : '1')] {
                set ytics add (real(s) * 10.0 ** k)
            }
        }
    }
    set yrange [low:above]
    if (p == 1) {
        set key at screen 0.5, screen 1 - 6.0 / height center top horizontal reverse Left \
            maxcols 2 samplen 1.5
    } else {
        unset key
    }
    if (p == arms) {
        set xlabel 'cycle of the run, in the order they ran'
        set format x '%g'
    } else {
        set format x ''
    }
    set ylabel 'ms'
    first = 3 + (p - 1) * sizes * 3
    plot for [a = 0:sizes-1] ARG2 index first + 3 * a using 1:2 with points \
            pointtype shape(a) pointsize 0.4 linecolor rgb colour(a) title columnheader(2), \
        for [a = 0:sizes-1] ARG2 index first + 3 * a + 1 using 1:2 with points pointtype 6 \
            pointsize 0.5 linecolor rgb grey title (a == 0 && WARM_max > 0 ? 'warm-up, not counted' : ''), \
        for [a = 0:sizes-1] ARG2 index first + 3 * a + 2 using 1:(failed) with points pointtype 2 \
            pointsize 0.7 linewidth 1.6 linecolor rgb colour(a) notitle, \
        NaN with points pointtype 2 pointsize 0.7 linewidth 1.6 linecolor rgb grey title (FAILED_max > 0 ? 'failed' : ''), \
        ARG2 index 2 using 1:(low):(0):(above - low) with vectors nohead linecolor rgb grey \
            dashtype 3 linewidth 1.4 notitle, \
        ARG2 index 1 every ::p-1::p-1 using (0):(above):1 with labels left offset 0.3, 0.8 \
            noenhanced textcolor rgb grey notitle
}
unset multiplot
