# shellcheck shell=bash
# kill -9 of the worker while it sends, then another run: everything is sent exactly once and the figures are the same.

# kill_worker_while_sending HOME: as soon as the first messages are in the outbox. Prints how many were there.
kill_worker_while_sending() {
    python3 -B - "$1" <<'END'
import os, signal, sys, time
from pathlib import Path
home, deadline = Path(sys.argv[1]), time.monotonic() + 300
while time.monotonic() < deadline:
    try:
        count = len(os.listdir(home / "outbox" / "new"))
    except FileNotFoundError:
        count = 0
    if count >= 20:
        os.kill(int((home / "pids" / "worker").read_text().split()[0]), signal.SIGKILL)
        print(len(os.listdir(home / "outbox" / "new")))
        sys.exit()
    time.sleep(0.002)
sys.exit("no message came into the outbox")
END
}

check_killed_worker() {
    local home report attempt count killer
    for attempt in 1 2 3; do
        home=$SCRATCH/killed-worker-$attempt
        report=$SCRATCH/killed-$attempt.json
        homes+=("$home")
        cluster_start "$home" throwaway
        kill_worker_while_sending "$home" >"$report.count" &
        killer=$!
        if run_main_job "$home" "$report.first" 2>"$report.log"; then
            cat "$report.log" >&2
            fail "the main job succeeded without a worker"
        fi
        wait "$killer" || { cat "$report.log" >&2 && return 1; }
        count=$(cat "$report.count")
        say "killed after $count messages"
        run_main_job "$home" "$report"
        compare_figures "$home" "$report"
        if [ "$count" -lt "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["sent"])' "$report")" ]; then return 0; fi
        say "all had been sent before the worker was killed: again"
    done
    fail "the worker was never killed while it was sending"
}
