"""`python -m bench.conduct`: scripted abuses of the reviewers' desk, and a thousand sessions of people who work."""

from bench.page import table
from tests.unit.review.test_conduct import ABUSES, false_alarms, stopped_after

SESSIONS = 1_000


def main() -> None:
    found = {name: stopped_after(make()) for name, make in ABUSES.items()}
    rows = [[name, f"{one[0]:.1f} s" if one else "never", str(one[1]) if one else ""] for name, one in found.items()]
    alarms = false_alarms(SESSIONS)
    print(table(["abuse", "stopped after", "acts"], rows))
    in_time = sum(one is not None and one[0] <= 60 for one in found.values())
    print(f"{in_time} of {len(found)} are stopped within 60 s; {alarms} of {SESSIONS} sessions of people who work are.")
    raise SystemExit(0 if in_time >= 0.95 * len(found) and alarms <= 1 else 1)


if __name__ == "__main__":
    main()
