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

# Distribution: how many of the cycles were done after how long, one curve per arm.
# Data sets of NAME.dat: 0 panels, arms, longest name; 1 of each panel: agents, from ms, to ms,
# logarithmic?, closer look?; 2 limits of claims (ms, percent, label); from 3 on three for each panel
# and arm: the curve (ms, percent), its band of doubt as a closed line (ms, percent), what claims say
# (from ms, to ms, percent, caps at both ends: ms, NaN where it is open).

stats ARG2 index 0 using 1 name 'PANELS' nooutput
stats ARG2 index 0 using 2 name 'ARMS' nooutput
stats ARG2 index 0 using 3 name 'LONGEST' nooutput
panels = int(PANELS_max)
arms = int(ARMS_max)
array facts[panels * 5]
do for [p = 1:panels] {
    do for [k = 1:5] {
        stats ARG2 index 1 every ::p-1::p-1 using (column(k)) name 'FACT' nooutput
        facts[5 * (p - 1) + k] = FACT_max
    }
}
high = panels > 1 ? 240 : 330
top = 14 + 20 * rows_for(arms, LONGEST_max)
height = top + panels * high + 48
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
set yrange [0:104]
set ytics (0, 25, 50, 75, '' 95, 100)
set format y '%g %%'
set format x '%g'
set lmargin 10
set rmargin 3
set multiplot
do for [p = 1:panels] {
    from = facts[5 * p - 3]
    to = facts[5 * p - 2]
    wide = int(facts[5 * p - 1])
    closer = int(facts[5 * p])
    middle = wide ? sqrt(from * to) : (from + to) / 2
    set tmargin at screen 1 - (top + (p - 1) * high + (panels > 1 ? 38 : 10)) / (height + 0.0)
    set bmargin at screen 1 - (top + p * high - 24) / (height + 0.0)
    unset label
    if (panels > 1 && !closer && facts[6] != facts[1]) {
        set label 1 sprintf(facts[5 * p - 4] == 1 ? '%d agent' : '%d agents', facts[5 * p - 4]) at graph 0.005, graph 1.07 left \
            textcolor rgb grey
    }
    if (closer) {
        set label 1 'closer: the arms with a claimed limit' at graph 0.005, graph 1.07 left \
            textcolor rgb grey
    }
    if (p == 1) {
        set key at screen 0.5, screen 1 - 6.0 / height center top horizontal reverse Left \
            maxcols columns_for(LONGEST_max) samplen 3
    } else {
        unset key
    }
    unset logscale x
    set xtics autofreq
    if (wide) {
        set logscale x
        set xtics ()
        do for [k = -3:7] {
            do for [s in steps_for(from, to)] {
                set xtics add (real(s) * 10.0 ** k)
            }
        }
    }
    set xrange [from:to]
    set xlabel (p == panels ? 'spawn time, ms' : '')
    set ylabel 'cycles done'
    first = 3 + (p - 1) * arms * 3
    plot for [a = 0:arms-1] ARG2 index first + 3 * a + 1 using 1:2 with filledcurves closed \
            fillcolor rgb colour(a) fillstyle transparent solid 0.2 noborder notitle, \
        for [a = 0:arms-1] ARG2 index first + 3 * a using 1:2 with steps \
            linecolor rgb colour(a) dashtype dash(a) linewidth 2.4 title columnheader(2), \
        for [a = 0:arms-1] ARG2 index first + 3 * a + 2 using 1:3:($2 - $1):(0) with vectors \
            nohead linecolor rgb colour(a) linewidth 1.4 notitle, \
        for [a = 0:arms-1] for [k = 4:5] ARG2 index first + 3 * a + 2 using k:($3 - 4):(0):(8) \
            with vectors nohead linecolor rgb colour(a) linewidth 1.8 notitle, \
        ARG2 index 2 using 1:(0):(0):2 with vectors nohead linecolor rgb grey dashtype 2 \
            linewidth 1.4 notitle, \
        ARG2 index 2 using 1:2 with points pointtype 2 pointsize 0.9 linewidth 2 \
            linecolor rgb grey notitle, \
        ARG2 index 2 using ($1 < middle ? $1 : NaN):(6 + 9 * int($0)):3 with labels left \
            offset 0.8, 0 noenhanced textcolor rgb grey notitle, \
        ARG2 index 2 using ($1 < middle ? NaN : $1):(6 + 9 * int($0)):3 with labels right \
            offset -0.8, 0 noenhanced textcolor rgb grey notitle
}
unset multiplot
