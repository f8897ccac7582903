"""Reads a scenario's rounds, a line of JSON each, and prints each peer's medians and ranges, and ratios within the run."""

import json
import statistics
import sys

# Heading, width, decimals, and what it is of a round.
COLUMNS = [
    ("CPU us/req", 11, 2, lambda r: 1e6 * r["closed"]["cpu_s"] / r["closed"]["requests"]),
    ("requests/s", 11, 0, lambda r: r["closed"]["requests"] / r["closed"]["seconds"]),
    ("core used", 10, 2, lambda r: r["closed"]["cpu_s"] / r["closed"]["seconds"]),
    ("others", 7, 2, lambda r: (r["closed"]["server_core_s"] - r["closed"]["cpu_s"]) / r["closed"]["wall_s"]),
    ("load core", 10, 2, lambda r: r["closed"]["load_core_s"] / r["closed"]["wall_s"]),
    ("fixed CPU", 10, 2, lambda r: 1e6 * r["fixed"]["cpu_s"] / r["fixed"]["requests"]),
    ("p50 us", 8, 0, lambda r: r["fixed"]["p50_us"]),
    ("p99 us", 8, 0, lambda r: r["fixed"]["p99_us"]),
    ("p99.9 us", 9, 0, lambda r: r["fixed"]["p999_us"]),
    ("PSS MiB", 8, 1, lambda r: r["memory"]["pss"] / 1024),
    ("RSS MiB", 8, 1, lambda r: r["memory"]["rss"] / 1024),
]
CPU = COLUMNS[0][3]


def main(path, limited):
    """Everything about one scenario."""
    rounds = [json.loads(line) for line in open(path)]
    for one in rounds:
        judge(one, limited == "yes")
    peers = {}
    for one in sorted(rounds, key=lambda one: ["nginx", "haproxy", "bare", "convergence"].index(one["peer"])):
        peers.setdefault(one["peer"], []).append(one)
    print(f"{'median':24}" + "".join(f"{name:>{width}}" for name, width, _, _ in COLUMNS))
    for peer, mine in peers.items():
        print(f"{peer:24}" + "".join(cell(statistics.median(map(of, mine)), w, d) for _, w, d, of in COLUMNS))
        if len(mine) > 1:
            for word, pick in [("least", min), ("most", max)]:
                print(f"{'    ' + word:24}" + "".join(cell(pick(map(of, mine)), w, d) for _, w, d, of in COLUMNS))
    ours = peers.pop("convergence", None)
    if ours:
        for peer, theirs in peers.items():
            compare(peer, theirs, ours)
    late = max(one["fixed"]["late_p99_us"] for one in rounds)
    print(f"The load's own clock was late by at most {late:.0f} us in 99 of 100 requests of any round.")


def judge(one, limited):
    """A run in which requests fail, or are not limited where they have to be, is worth nothing."""
    closed, statuses = one["closed"], one["fixed"]["statuses"]
    refused = {"wrk": closed["refused"] / closed["requests"]}
    refused["fixed rate"] = statuses.get("429", 0) / one["fixed"]["requests"]
    others = set(statuses) - {"200", "429"}
    for load, share in refused.items():
        wanted = (0.48, 0.51) if limited else (0, 0)
        if not wanted[0] <= share <= wanted[1]:
            sys.exit(f"report.py: {share:.1%} of {one['peer']}'s requests were refused ({load})")
    if closed["failed"] or others:
        sys.exit(f"report.py: {one['peer']}: {closed['failed']} connections failed; statuses {statuses}")


def cell(value, width, decimals):
    """A number, right-aligned."""
    return f"{value:{width}.{decimals}f}"


def compare(peer, theirs, ours):
    """Our ratio to a peer, column by column; of the processor time also round by round, as the noise moves both."""
    medians = [statistics.median(map(of, ours)) / max(statistics.median(map(of, theirs)), 1e-9) for *_, of in COLUMNS]
    print(f"{'convergence to ' + peer:24}" + "".join(cell(m, w, 2) for m, (_, w, _, _) in zip(medians, COLUMNS)))
    by_round = {one["round"]: CPU(one) for one in theirs}
    each = ", ".join(f"{CPU(one) / by_round[one['round']]:.2f}" for one in ours)
    print(f"    CPU us/req, round by round: {each}")


main(*sys.argv[1:])
