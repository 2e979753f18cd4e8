# What single tests need beyond the rule. The rule: the label given where the test is added, a time
# limit of 300 s, and other tests beside it. A test takes at most 20 s with sanitizers on two quiet
# cores; one that takes longer is split, or asks less and has a sibling with the label slow.
#
# Labels: unit, cli, self. Beside one of them "long": the slow third, left out in a hurry; "speed": it
# measures, so it is asked in a release build; "release": it is asked there too, as sanitizers change what
# it sees (memory, optimised code, what is installed). study: simulations and trials of verdicts in their
# short form, which sanitizers do not change. slow: up to hours, by hand.
#
#   ./run quick     dev  -LE 'slow|study|speed|long'
#   ./run test      dev  -LE 'slow|study|speed'      and release  -L 'study|speed|release' -LE slow; fuzzers
#   ./run extra     dev  -L speed -LE slow           and the project's gate on itself
set(SPAWNBENCH_TEST_TABLE
  # name                              labels      limit in s; serial: alone, as it measures
  "audit/honest_cycles_thousand       slow        1800"
  "audit/sound_thousand               slow        1800"
  "cli/calibrate                      cli,speed   300"
  "cli/cmd_export                     cli,release 300"
  "cli/cmd_faults                     cli,long    300"
  "cli/cmd_gate                       cli,speed   300  serial"
  "cli/cmd_run                        cli,long    300"
  "cli/cmd_soak                       cli,long    300"
  "cli/faults_survived                cli,long    300"
  "cli/faults_survived_sequential     cli,long    300"
  "cli/gate_self_test                 cli,speed   300  serial"
  "cli/golden                         cli,release 300"
  "cli/installed                      cli,long,release 900"
  "cli/killed                         cli,long    300"
  "cli/killed_many                    slow        3600"
  "cli/self_test                      cli,long    300"
  "cli/surroundings                   cli,long    300"
  "devel/clang_tidy                   self,long   1800"
  "judge/stats/check/vector_check     unit,long   300"
  "proof/crash/controls               unit,long   300"
  "proof/crash/faults_full            slow        3600"
  "proof/crash/faults_short           unit,long   300"
  "proof/crash/injected               unit,long   300"
  "proof/crash/kill_full              slow        3600"
  "proof/crash/walk                   unit,long   300"
  "proof/crash/walk_full              slow        7200"
  "proof/crash/walk_short             unit,long,release 300"
  "proof/damage/damage                unit,long   300"
  "proof/damage/damage_many           slow        1800"
  "proof/faults_long                  slow        7200"
  "proof/liars/held_up               unit,long   300"
  "proof/liars/liars                  unit,long   300"
  "proof/power/cuts                   unit,long   300"
  "proof/power/cuts_many              slow        1800"
  "proof/power/verdicts               unit,long   300"
  "proof/soak_long                    slow        7200"
  "reference/spawner/protocol         unit,long   300"
  "reference/spawner/stress           unit,long,release 300"
  "reference/spawner/writers          unit,long   300"
  "study/simulate                     slow,study  7200"
  "study/simulate_sees_misses         study       300"
  "study/simulate_short               study       300"
  "study/trials                       slow,study  7200"
  "study/trials/real                  unit,speed  300"
  "study/trials_see_misses            study       300"
  "study/trials_short                 study       300"
)

# Test programs that are asked a second time, with an argument.
set(SPAWNBENCH_TEST_VARIANTS
  # name                              program               argument
  "audit/honest_cycles_thousand       audit/honest_cycles   1000"
  "audit/sound_thousand               audit/sound           1000"
  "cli/faults_survived_sequential     cli/faults_survived   sequential"
  "cli/killed_many                    cli/killed            300"
  "proof/damage/damage_many           proof/damage/damage   10"
  "proof/power/cuts_many              proof/power/cuts      200"
)

# test_rules(NAME LABEL) - set what the table says of a test, or the rule; call it after add_test
function(test_rules name label)
  set(limit 300)
  set(serial OFF)
  foreach(row IN LISTS SPAWNBENCH_TEST_TABLE)
    separate_arguments(row UNIX_COMMAND "${row}")
    list(GET row 0 key)
    if(key STREQUAL name)
      list(GET row 1 label)
      list(GET row 2 limit)
      string(REPLACE "," ";" label "${label}")
      if("serial" IN_LIST row)
        set(serial ON)
      endif()
      set_property(GLOBAL APPEND PROPERTY SPAWNBENCH_TEST_ROWS_USED ${name})
    endif()
  endforeach()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${limit} LABELS "${label}" RUN_SERIAL ${serial})
endfunction()

# test_variants(NAME TARGET LABEL) - add the variants of a test, whose program is TARGET
function(test_variants name target label)
  foreach(row IN LISTS SPAWNBENCH_TEST_VARIANTS)
    separate_arguments(row UNIX_COMMAND "${row}")
    list(GET row 1 program)
    if(program STREQUAL name)
      list(GET row 0 variant)
      list(GET row 2 argument)
      add_test(NAME ${variant} COMMAND ${target} ${argument})
      test_rules(${variant} ${label})
      set_tests_properties(${variant} PROPERTIES SKIP_RETURN_CODE 77)
      set_property(GLOBAL APPEND PROPERTY SPAWNBENCH_TEST_ROWS_USED ${variant})
    endif()
  endforeach()
endfunction()

# test_rules_check() - a row that no test asked for is a mistake, usually a test that was renamed
function(test_rules_check)
  get_property(used GLOBAL PROPERTY SPAWNBENCH_TEST_ROWS_USED)
  foreach(row IN LISTS SPAWNBENCH_TEST_TABLE SPAWNBENCH_TEST_VARIANTS)
    separate_arguments(row UNIX_COMMAND "${row}")
    list(GET row 0 key)
    if(NOT key IN_LIST used)
      message(FATAL_ERROR "harness/devel/tests.cmake: there is no test '${key}'")
    endif()
  endforeach()
endfunction()
