# shellcheck shell=bash
# The main job on a database of its own, twice, and its figures against the tables.

# run_main_job HOME REPORT: deploy/run on that home, whose cluster is a throwaway one that stays up.
run_main_job() {
    cluster_start "$1" throwaway
    attended env MEHVAR_HOME="$1" MEHVAR_PORT="$(free_port)" "$MEHVAR_ROOT/deploy/run" --once --json >"$2"
}

# compare_figures HOME REPORT: what was reported, what is in the tables and in the outbox.
compare_figures() {
    cluster_start "$1" throwaway
    cluster_psql mehvar -At -f "$MEHVAR_ROOT/deploy/check/figures.sql" >"$2.tables"
    python3 -B "$MEHVAR_ROOT/deploy/check/figures.py" "$2" "$2.tables" "$1/outbox"
}

# without_times REPORT: it, but for how long the steps took.
without_times() {
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); del d["seconds"]; print(json.dumps(d, sort_keys=True))' "$1"
}

check_end_to_end() {
    local home=$SCRATCH/end-to-end report=$SCRATCH/report.json
    homes+=("$home")
    run_main_job "$home" "$report"
    compare_figures "$home" "$report"
    say "once more, on what is there"
    run_main_job "$home" "$report.again"
    compare_figures "$home" "$report.again"
    [ "$(without_times "$report")" = "$(without_times "$report.again")" ] || fail "a second run has other figures"
}
