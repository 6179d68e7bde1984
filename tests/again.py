"""What failed while many tests ran beside each other runs once more, alone.

Most tests wait for real processes over real sockets, and many run at once: on a machine that is
busy with something else a few may not get their turn in time. What fails alone too is broken, and
the run stays red. What passes is printed as shaky, with its first failure still above: it waits
for time where it should wait for an event, which is a defect of that test.

``python -m tests.again [pytest's options]`` after a run that ended with exit code 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")
MOST = 12
"""So many at once are no coincidence."""


def failed() -> list[str]:
    """The ids of the tests that failed last; none where no run has left any."""
    try:
        return sorted(json.loads(FAILED.read_text("utf-8")))
    except FileNotFoundError:
        return []


def main(options: list[str]) -> int:
    """The exit code of the second run; 1 where there is nothing it could tell."""
    shaky = failed()
    if not 0 < len(shaky) <= MOST:
        _say(f"{len(shaky)} tests failed: nothing can be learned from running them alone.")
        return 1
    _say(f"\n{len(shaky)} tests failed and run once more, alone.")
    again = ["-q", "--last-failed", "--last-failed-no-failures=none", *options]
    code = subprocess.run([sys.executable, "-m", "pytest", *again]).returncode
    if code == 0:
        _say("\n  ".join(["SHAKY, failed in a crowd and passed alone:", *shaky]))
    return code


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
