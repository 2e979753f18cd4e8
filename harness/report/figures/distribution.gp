# Distribution: how many of the cycles were done after how long, one curve per arm.
# Data sets of NAME.dat: 0 panels, arms, longest name, least ms, most ms; 1 agents of each panel;
# 2 limits of claims (ms, percent, label); from 3 on one curve for each panel and arm (ms, percent).

stats ARG2 index 0 using 1 name 'PANELS' nooutput
stats ARG2 index 0 using 2 name 'ARMS' nooutput
stats ARG2 index 0 using 3 name 'LONGEST' nooutput
stats ARG2 index 0 using 4 name 'LEAST' nooutput
stats ARG2 index 0 using 5 name 'MOST' nooutput
panels = int(PANELS_max)
arms = int(ARMS_max)
array agents[panels]
do for [p = 1:panels] {
    stats ARG2 index 1 every ::p-1::p-1 using 1 name 'AGENTS' nooutput
    agents[p] = AGENTS_max
}
high = panels > 1 ? 230 : 330
top = 22 + 20 * rows_for(arms, LONGEST_max)
height = top + panels * high + 12
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1

wide = MOST_max / LEAST_max > 4
if (wide) set logscale x
set xrange [wide ? LEAST_max / 1.08 : LEAST_max - 0.06 * (MOST_max - LEAST_max + 0.02 * MOST_max) : \
    wide ? MOST_max * 1.08 : MOST_max + 0.06 * (MOST_max - LEAST_max + 0.02 * MOST_max)]
set yrange [0:104]
set ytics (0, 25, 50, 75, 95, 100)
set format y '%g %%'
set format x '%g'
set lmargin 10
set rmargin 3
set multiplot
do for [p = 1:panels] {
    set tmargin at screen 1 - (top + (p - 1) * high + (panels > 1 ? 24 : 6)) / (height + 0.0)
    set bmargin at screen 1 - (top + p * high - 46) / (height + 0.0)
    if (panels > 1) {
        set label 1 sprintf('%d agents', agents[p]) at graph 0.005, graph 1.07 left textcolor rgb grey
    }
    if (p == 1) {
        set key at screen 0.5, screen 1 - 6.0 / height center top horizontal reverse Left \
            maxcols columns_for(LONGEST_max) samplen 3
    } else {
        unset key
    }
    set xlabel (p == panels ? 'spawn time, ms: until every agent is ready and recorded' . \
        (wide ? ' (logarithmic)' : '') : '')
    set ylabel 'cycles done'
    first = 3 + (p - 1) * arms
    plot for [a = 0:arms-1] ARG2 index first + a using 1:2 with steps \
            linecolor rgb colour(a) dashtype dash(a) linewidth 2.4 title columnheader(2), \
        ARG2 index 2 using 1:(0):(0):2 with vectors nohead linecolor rgb grey dashtype 2 \
            linewidth 1.4 notitle, \
        ARG2 index 2 using 1:2 with points pointtype 2 pointsize 0.9 linewidth 2 \
            linecolor rgb grey notitle, \
        ARG2 index 2 using 1:(6 + 8 * int($0)):3 with labels left offset 0.8, 0 noenhanced \
            textcolor rgb grey notitle
}
unset multiplot
