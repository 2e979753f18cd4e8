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
