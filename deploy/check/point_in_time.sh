# shellcheck shell=bash
# Point-in-time recovery with pgBackRest gives the rows of a moment back.

check_point_in_time() { attended env MEHVAR_ROOT="$MEHVAR_ROOT" deploy/check/point_in_time_trial.sh; }
