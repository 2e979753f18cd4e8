# History: the median of every run, in the order of time, and where its level changed; a panel for each
# arm and batch size. Data sets of NAME.dat: 0 panels, runs, open steps, accepted steps, other steps;
# 1 of each panel: low, high, unit, heading; 2 tics (run, label); from 3 on six for each panel: medians
# that count (run, median, lower, upper), those that do not, levels (from run, to run, level), open
# steps (run, change), accepted steps, other steps.

stats ARG2 index 0 using 1 name 'PANELS' nooutput
stats ARG2 index 0 using 2 name 'RUNS' nooutput
stats ARG2 index 0 using 3 name 'OPEN' nooutput
stats ARG2 index 0 using 4 name 'ACCEPTED' nooutput
stats ARG2 index 0 using 5 name 'OTHER' nooutput
panels = int(PANELS_max)
array low_of[panels]
array high_of[panels]
do for [p = 1:panels] {
    stats ARG2 index 1 every ::p-1::p-1 using 1 name 'LOW' nooutput
    stats ARG2 index 1 every ::p-1::p-1 using 2 name 'HIGH' nooutput
    low_of[p] = LOW_max
    high_of[p] = HIGH_max
}
high = panels > 2 ? 180 : panels > 1 ? 210 : 300
top = 54
height = top + panels * high + 48
set terminal svg size width, height font 'sans-serif,13' noenhanced
set output ARG1
set xrange [0.5:RUNS_max + 0.5]
set format y '%g'
set lmargin 10
set rmargin 7
set multiplot
do for [p = 1:panels] {
    low = low_of[p]
    above = high_of[p]
    set tmargin at screen 1 - (top + (p - 1) * high + 34) / (height + 0.0)
    set bmargin at screen 1 - (top + p * high - 24) / (height + 0.0)
    set ytics round_step((above - low) / 4)
    set yrange [low:above]
    if (p == 1) {
        set key at screen 0.5, screen 1 - 6.0 / height center top horizontal reverse Left \
            maxcols 3 samplen 2
    } else {
        unset key
    }
    set xlabel (p == panels ? 'run (month-day), in the order of time' : '')
    set xtics autofreq
    set format x ''
    if (p == panels) {
        set xtics ()
    }
    first = 3 + (p - 1) * 6
    plot for [k = 1:(p == panels)] ARG2 index 2 using 1:(NaN):xtic(2) with points notitle, \
        ARG2 index first + 2 using 1:3:($2 - $1):(0) with vectors nohead linecolor rgb orange \
            linewidth 2.4 title (OPEN_max + ACCEPTED_max + OTHER_max > 0 ? 'level' : ''), \
        ARG2 index first using 1:2:3:4 with yerrorbars pointtype 7 pointsize 0.5 linewidth 1.2 \
            linecolor rgb blue title 'median of a run, 95 % bounds', \
        ARG2 index first + 1 using 1:2 with points pointtype 6 pointsize 0.6 linecolor rgb grey \
            notitle, \
        ARG2 index first + 3 using 1:(low):(0):(above - low) with vectors nohead dashtype 1 \
            linewidth 2 linecolor rgb red title (OPEN_max > 0 ? 'slower, not accepted' : ''), \
        ARG2 index first + 4 using 1:(low):(0):(above - low) with vectors nohead dashtype 2 \
            linewidth 1.4 linecolor rgb grey title (ACCEPTED_max > 0 ? 'accepted step' : ''), \
        ARG2 index first + 5 using 1:(low):(0):(above - low) with vectors nohead dashtype 3 \
            linewidth 1.6 linecolor rgb green title (OTHER_max > 0 ? 'other step' : ''), \
        for [k = 3:5] ARG2 index first + k using 1:(low + 0.06 * (above - low)):2 with labels left \
            offset 0.4, 0 noenhanced textcolor rgb grey notitle, \
        ARG2 index 1 every ::p-1::p-1 using (0.5):(above):4 with labels left offset 0.3, 0.8 \
            noenhanced textcolor rgb grey notitle, \
        ARG2 index 1 every ::p-1::p-1 using (RUNS_max + 0.5):(above):3 with labels right \
            offset -0.3, 0.8 noenhanced textcolor rgb grey notitle
}
unset multiplot
