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

# Time line: one typical cycle of each arm, one bar per agent, a colour for each phase.
# Data sets of NAME.dat: 0 rows, last ms, then how many bars of each kind; 1 headings (y, label);
# 2 agents (y, name); 3 ends of the cycles (ms, from y, to y); 4 .. 10 bars (from ms, to ms, from y, to y):
# start to main, main to own ready, start to seen, own ready to seen, seen to recorded, failed, cancelled.

stats ARG2 index 0 using 1 name 'ROWS' nooutput
stats ARG2 index 0 using 2 name 'RIGHT' nooutput
array bars[7]
do for [k = 1:7] {
    stats ARG2 index 0 using (column(2 + k)) name 'BARS' nooutput
    bars[k] = int(BARS_max)
}
rows = int(ROWS_max)
array phase[7] = ['start to main', 'own initialisation', 'start to ready', 'ready to seen', \
    'seen to recorded', 'failed', 'cancelled']
array paint[7] = [purple, blue, blue, olive, orange, red, grey]
row = rows > 60 ? 13 : 17
height = 132 + row * rows
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
set tmargin at screen 1 - 54.0 / height
set bmargin at screen 68.0 / height
set rmargin 3
set border 1
set xrange [0:RIGHT_max * 1.04]
set yrange [-rows + 0.3:0.7]
set grid noytics xtics
set ytics scale 0 noenhanced font ',' . (row > 15 ? '11' : '9')
set key at screen 0.5, screen 1 - 6.0 / height center top horizontal reverse Left samplen 1.2 \
    maxcols 5 width -1
set xlabel 'ms since the batch was asked for'
set style fill solid 0.85 noborder
plot ARG2 index 2 using (NaN):1:ytic(2) with points notitle, \
    for [k = 1:7] (bars[k] ? ARG2 : '/dev/null') index 3 + k \
        using (($1 + $2) / 2):(($3 + $4) / 2):1:2:3:4 with boxxyerror \
        fillstyle solid (k == 7 ? 0.35 : 0.85) noborder linecolor rgb paint[k] \
        title (bars[k] ? phase[k] : ''), \
    ARG2 index 3 using 1:2:(0):($3 - $2) with vectors nohead linecolor rgb grey linewidth 1.6 \
        title 'answered', \
    ARG2 index 1 using (0):1:2 with labels left offset 0.3, 0 noenhanced textcolor rgb grey notitle
