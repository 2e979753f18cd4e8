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

# Modes: the shape of the spawn times where some fall into two heaps; a row for each arm, wide where
# many cycles are. Data sets of NAME.dat: 0 panels, arms, batch sizes; 1 of each panel: agents, from ms,
# to ms, logarithmic?; then for each panel the headings (y, label) and for each arm its outline (ms, y)
# and its modes or median (ms, y).

stats ARG2 index 0 using 1 name 'PANELS' nooutput
stats ARG2 index 0 using 2 name 'ARMS' nooutput
stats ARG2 index 0 using 3 name 'SIZES' nooutput
panels = int(PANELS_max)
arms = int(ARMS_max)
array facts[panels * 4]
do for [p = 1:panels] {
    do for [k = 1:4] {
        stats ARG2 index 1 every ::p-1::p-1 using (column(k)) name 'FACT' nooutput
        facts[4 * (p - 1) + k] = FACT_max
    }
}
row = arms > 4 ? 62 : 78
high = arms * row + (SIZES_max > 1 ? 90 : 40)
height = panels * high + (SIZES_max > 1 ? 42 : 68)
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
set border 1
unset key
unset ytics
set grid noytics xtics
set format x '%g'
set lmargin 3
set rmargin 3
set yrange [-arms + 0.55:0.75]
set multiplot
do for [p = 1:panels] {
    agents = int(facts[4 * p - 3])
    from = facts[4 * p - 2]
    to = facts[4 * p - 1]
    set tmargin at screen 1 - ((p - 1) * high + (SIZES_max > 1 ? 34 : 8)) / (height + 0.0)
    set bmargin at screen 1 - (p * high - (SIZES_max > 1 ? 30 : 4)) / (height + 0.0)
    unset label
    if (SIZES_max > 1) {
        set label 1 sprintf(agents == 1 ? '%d agent' : '%d agents', agents) at graph 0.005, \
            screen 1 - ((p - 1) * high + 18) / (height + 0.0) left textcolor rgb grey
    }
    unset logscale x
    set xtics autofreq
    if (facts[4 * p] > 0) {
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
    first = 2 + (p - 1) * (1 + 2 * arms)
    plot for [a = 0:arms-1] ARG2 index first + 1 + 2 * a using 1:2 with filledcurves closed \
            fillcolor rgb colour(a) fillstyle transparent solid 0.45 border linecolor rgb colour(a), \
        for [a = 0:arms-1] ARG2 index first + 2 + 2 * a using 1:($2 - 0.4):(0):(0.8) with vectors \
            nohead linecolor rgb colour(a) linewidth 2 dashtype 2, \
        ARG2 index first using (from):($1 + 0.5):2 with labels left offset 0.3, 0 noenhanced \
            textcolor rgb grey
}
unset multiplot
