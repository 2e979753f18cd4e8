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
