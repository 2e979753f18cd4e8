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

# Ratios: how much faster, pair by pair, in the order they ran; a panel for each comparison.
# Data sets of NAME.dat: 0 panels, pairs, minutes, failed pairs, sittings, blocks in a step, claims,
# pairs of which only the least and the most are shown; 1 of each panel: low, high, logarithmic?, median, lower, upper, claimed least, claimed most, pairs, heading;
# from 2 on four for each panel: pairs (pair, ratio), medians of blocks (from pair, ratio), failed pairs
# (pair, -1 below or 1 above), where a new sitting begins (pair).

stats ARG2 index 0 using 1 name 'PANELS' nooutput
stats ARG2 index 0 using 2 name 'PAIRS' nooutput
stats ARG2 index 0 using 3 name 'MINUTES' nooutput
stats ARG2 index 0 using 4 name 'FAILED' nooutput
stats ARG2 index 0 using 5 name 'SITTINGS' nooutput
stats ARG2 index 0 using 6 name 'TOGETHER' nooutput
stats ARG2 index 0 using 7 name 'CLAIMS' nooutput
stats ARG2 index 0 using 8 name 'STRETCH' nooutput
panels = int(PANELS_max)
together = int(TOGETHER_max)
stretch = int(STRETCH_max)
array facts[panels * 3]
do for [p = 1:panels] {
    do for [k = 1:3] {
        stats ARG2 index 1 every ::p-1::p-1 using (column(k)) name 'FACT' nooutput
        facts[3 * (p - 1) + k] = FACT_max
    }
}
lasted = 'pair of cycles, in the order they ran, ' . (MINUTES_max < 3 ? \
    sprintf(60 * MINUTES_max < 10 ? '%.1f s in all' : '%.0f s in all', 60 * MINUTES_max) : sprintf('%.0f minutes in all', MINUTES_max))
high = panels > 1 ? 210 : 300
top = 54 + 20 * (FAILED_max > 0 && SITTINGS_max > 0)
height = top + panels * high + 48
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
set xrange [0.5:PAIRS_max + 0.5]
if (PAIRS_max < 8) set xtics 1
set format y '%gx'
set lmargin 10
set rmargin 3
set multiplot
do for [p = 1:panels] {
    low = facts[3 * p - 2]
    above = facts[3 * p - 1]
    wide = int(facts[3 * p])
    set tmargin at screen 1 - (top + (p - 1) * high + 34) / (height + 0.0)
    set bmargin at screen 1 - (top + p * high - 24) / (height + 0.0)
    unset logscale y
    set ytics round_step((above - low) / 4)
    if (wide) {
        set logscale y
        set ytics autofreq
        set ytics ()
        do for [k = -6:7] {
            do for [s in steps_for(low, above)] {
                set ytics add (real(s) * 10.0 ** k)
            }
        }
    }
    set yrange [low:above]
    if (p == 1) {
        set key at screen 0.5, screen 1 - 6.0 / height center top horizontal reverse Left \
            maxcols 3 samplen 2
    } else {
        unset key
    }
    set format x (p == panels ? '%g' : '')
    set xlabel (p == panels ? lasted : '')
    set ylabel 'ratio'
    first = 2 + (p - 1) * 4
    plot ARG2 index 1 every ::p-1::p-1 using (PAIRS_max / 2.0 + 0.5):(sqrt($5 * $6)):(0.5):(PAIRS_max + 0.5):5:6 \
            with boxxyerror fillstyle transparent solid 0.2 noborder linecolor rgb green notitle, \
        ARG2 index first using 1:2 with points pointtype 7 \
            pointsize (stretch > 1 ? 0.2 : 0.4) linecolor rgb blue \
            title (stretch > 1 ? sprintf('least and most of %d pairs', stretch) : 'pair'), \
        ARG2 index first + 1 using 1:2 with steps linecolor rgb orange linewidth 1.8 \
            title (together > 1 ? sprintf('median of %d blocks', together) : 'median of a block'), \
        ARG2 index 1 every ::p-1::p-1 using (0.5):4:(PAIRS_max):(0) with vectors nohead \
            linecolor rgb green dashtype 4 linewidth 1.8 title 'median, 95 % bounds', \
        ARG2 index 1 every ::p-1::p-1 using (0.5):7:(PAIRS_max):(0) with vectors nohead \
            linecolor rgb grey dashtype 2 linewidth 1.8 title (CLAIMS_max > 0 ? 'claimed' : ''), \
        ARG2 index 1 every ::p-1::p-1 using (0.5):8:(PAIRS_max):(0) with vectors nohead \
            linecolor rgb grey dashtype 2 linewidth 1.8 notitle, \
        ARG2 index first + 2 using 1:($2 > 0 ? above : low) with points pointtype 2 pointsize 0.7 \
            linewidth 1.6 linecolor rgb red title (FAILED_max > 0 ? 'failed' : ''), \
        ARG2 index first + 3 using 1:(low):(0):(above - low) with vectors nohead linecolor rgb grey \
            dashtype 3 linewidth 1.4 title (SITTINGS_max > 0 ? 'another sitting' : ''), \
        ARG2 index 1 every ::p-1::p-1 using (0.5):(above):10 with labels left offset 0.3, 0.8 \
            noenhanced textcolor rgb grey notitle
}
unset multiplot
