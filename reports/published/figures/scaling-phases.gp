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

# Phases: where the time of a typical agent goes; one bar for each arm, a panel for each batch size.
# Data sets of NAME.dat: 0 panels, arms, batch sizes, then how many parts of each kind; 1 of each panel:
# agents, last ms; then for each panel the bars' ends (ms, y, label) and their parts (from ms, to ms, from y,
# to y): sent to start, start to main, main to own ready, own ready to seen, start to seen, seen to recorded.

stats ARG2 index 0 using 1 name 'PANELS' nooutput
stats ARG2 index 0 using 2 name 'ARMS' nooutput
stats ARG2 index 0 using 3 name 'SIZES' nooutput
panels = int(PANELS_max)
arms = int(ARMS_max)
array parts[6]
do for [k = 1:6] {
    stats ARG2 index 0 using (column(3 + k)) name 'PARTS' nooutput
    parts[k] = int(PARTS_max)
}
array agents[panels]
array right[panels]
do for [p = 1:panels] {
    stats ARG2 index 1 every ::p-1::p-1 using 1 name 'AGENTS' nooutput
    stats ARG2 index 1 every ::p-1::p-1 using 2 name 'RIGHT' nooutput
    agents[p] = int(AGENTS_max)
    right[p] = RIGHT_max
}
array phase[6] = ['sent to start', 'start to main', 'own initialisation', 'ready to seen', \
    'start to ready', 'seen to recorded']
array paint[6] = [grey, purple, blue, olive, blue, orange]
row = arms > 4 ? 40 : 46
high = arms * row + (SIZES_max > 1 ? 84 : 34)
top = 54
height = top + panels * high + (SIZES_max > 1 ? 42 : 68)
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
set border 1
unset ytics
set grid noytics xtics
set format x '%g'
set lmargin 3
set rmargin 3
set yrange [-arms + 0.5:0.55]
set style fill solid 0.85 noborder
set multiplot
do for [p = 1:panels] {
    set tmargin at screen 1 - (top + (p - 1) * high + (SIZES_max > 1 ? 28 : 0)) / (height + 0.0)
    set bmargin at screen 1 - (top + p * high - (SIZES_max > 1 ? 30 : 4)) / (height + 0.0)
    unset label
    if (SIZES_max > 1) {
        set label 1 sprintf(agents[p] == 1 ? '%d agent' : '%d agents', agents[p]) at graph 0.005, \
            screen 1 - (top + (p - 1) * high + 16) / (height + 0.0) left textcolor rgb grey
    }
    if (p == 1) {
        set key at screen 0.5, screen 1 - 6.0 / height center top horizontal reverse Left \
            samplen 1.2 maxcols 5 width -1
    } else {
        unset key
    }
    set xrange [0:right[p] * 1.04]
    set xlabel (p == panels ? 'ms since the batch was asked for' : '')
    first = 2 + (p - 1) * 7
    plot for [k = 1:6] ARG2 index first + k using (($1 + $2) / 2):(($3 + $4) / 2):1:2:3:4 \
            with boxxyerror fillstyle solid (k == 1 ? 0.35 : 0.85) noborder linecolor rgb paint[k] \
            title (parts[k] ? phase[k] : ''), \
        ARG2 index first using (0):($2 + 0.3):3 with labels left offset 0.3, 0 noenhanced \
            textcolor rgb grey notitle
}
unset multiplot
