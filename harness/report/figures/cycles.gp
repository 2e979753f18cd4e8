# Cycles: every cycle in the order they ran, so that drift, bursts and failures are seen.
# Data sets of NAME.dat: 0 panels, arms, longest name, least ms, most ms; 1 agents of each panel;
# 2 where a new sitting begins; 3 number of cycles; from 4 on three for each panel and arm: counted cycles
# (cycle, ms), warm-ups (cycle, ms), failed cycles (cycle, NaN).

stats ARG2 index 0 using 1 name 'PANELS' nooutput
stats ARG2 index 0 using 2 name 'ARMS' nooutput
stats ARG2 index 0 using 3 name 'LONGEST' nooutput
stats ARG2 index 0 using 4 name 'LEAST' nooutput
stats ARG2 index 0 using 5 name 'MOST' nooutput
stats ARG2 index 3 using 1 name 'LAST' nooutput
panels = int(PANELS_max)
arms = int(ARMS_max)
array agents[panels]
do for [p = 1:panels] {
    stats ARG2 index 1 every ::p-1::p-1 using 1 name 'AGENTS' nooutput
    agents[p] = AGENTS_max
}
high = panels > 1 ? 210 : 330
top = 22 + 20 * rows_for(arms + 1, LONGEST_max)
height = top + panels * high + 12
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
wide = MOST_max / LEAST_max > 4
if (wide) set logscale y
low = wide ? LEAST_max / 1.25 : LEAST_max - 0.15 * (MOST_max - LEAST_max + 0.02 * MOST_max)
above = wide ? MOST_max * 1.5 : MOST_max + 0.2 * (MOST_max - LEAST_max + 0.02 * MOST_max)
failed = wide ? MOST_max * 1.35 : MOST_max + 0.14 * (MOST_max - LEAST_max + 0.02 * MOST_max)
set yrange [low:above]
set xrange [0:LAST_max + 1]
set format y '%g'
set lmargin 10
set rmargin 3
set multiplot
do for [p = 1:panels] {
    set tmargin at screen 1 - (top + (p - 1) * high + (panels > 1 ? 24 : 6)) / (height + 0.0)
    set bmargin at screen 1 - (top + p * high - 46) / (height + 0.0)
    if (panels > 1) {
        set label 1 sprintf('%d agents', agents[p]) at graph 0.005, graph 1.08 left textcolor rgb grey
    }
    if (p == 1) {
        set key at screen 0.5, screen 1 - 6.0 / height center top horizontal reverse Left \
            maxcols columns_for(LONGEST_max) samplen 1.5
    } else {
        unset key
    }
    set xlabel (p == panels ? 'cycle, in the order they ran' : '')
    set ylabel 'spawn time, ms' . (wide ? ' (log.)' : '')
    first = 4 + (p - 1) * arms * 3
    plot for [a = 0:arms-1] ARG2 index first + 3 * a using 1:2 with points \
            pointtype shape(a) pointsize 0.45 linecolor rgb colour(a) title columnheader(2), \
        for [a = 0:arms-1] ARG2 index first + 3 * a + 1 using 1:2 with points pointtype 6 \
            pointsize 0.55 linecolor rgb grey title (a == 0 ? 'warm-up, not counted' : ''), \
        for [a = 0:arms-1] ARG2 index first + 3 * a + 2 using 1:(failed) with points pointtype 2 \
            pointsize 0.8 linewidth 2 linecolor rgb colour(a) notitle, \
        ARG2 index 2 using 1:(low):(0):(above - low) with vectors nohead linecolor rgb grey \
            dashtype 3 linewidth 1.4 notitle
}
unset multiplot
