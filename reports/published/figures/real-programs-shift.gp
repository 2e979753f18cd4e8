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

# Shift: the ratio of two arms' quantiles from the fastest cycles to the slowest, a panel for each
# comparison. Data sets of NAME.dat: 0 panels, claims; 1 of each panel: low, high, logarithmic?, claimed least,
# claimed most, heading; from 2 on one curve for each panel (percent, ratio, lower, upper).

stats ARG2 index 0 using 1 name 'PANELS' nooutput
stats ARG2 index 0 using 2 name 'CLAIMS' nooutput
panels = int(PANELS_max)
array facts[panels * 3]
do for [p = 1:panels] {
    do for [k = 1:3] {
        stats ARG2 index 1 every ::p-1::p-1 using (column(k)) name 'FACT' nooutput
        facts[3 * (p - 1) + k] = FACT_max
    }
}
high = panels > 1 ? 200 : 280
top = 54
height = top + panels * high + 48
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
set xrange [2:98]
set xtics (5, 25, 50, 75, 95)
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
            maxcols 2 samplen 3
    } else {
        unset key
    }
    set format x (p == panels ? '%g %%' : '')
    set xlabel (p == panels ? 'quantile of each arm: the fastest cycles left, the slowest right' : '')
    set ylabel 'ratio of quantiles'
    same = low < 1 && above > 1
    plot ARG2 index 1 + p using 1:3:4 with filledcurves fillcolor rgb blue \
            fillstyle transparent solid 0.2 noborder title '95 % bounds', \
        ARG2 index 1 + p using 1:2 with linespoints linecolor rgb blue linewidth 2 pointtype 7 \
            pointsize 0.5 title 'ratio of the quantiles', \
        ARG2 index 1 every ::p-1::p-1 using (2):4:(96):(0) with vectors nohead \
            linecolor rgb grey dashtype 2 linewidth 1.8 title (CLAIMS_max > 0 ? 'claimed' : ''), \
        ARG2 index 1 every ::p-1::p-1 using (2):5:(96):(0) with vectors nohead \
            linecolor rgb grey dashtype 2 linewidth 1.8 notitle, \
        (same ? 1 : NaN) with lines linecolor rgb grey dashtype 3 linewidth 1.4 \
            title (same ? 'equally fast' : ''), \
        ARG2 index 1 every ::p-1::p-1 using (2):(above):6 with labels left offset 0.3, 0.8 \
            noenhanced textcolor rgb grey notitle
}
unset multiplot
