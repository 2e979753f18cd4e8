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
