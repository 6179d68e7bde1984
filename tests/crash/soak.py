"""``python -m tests.crash.soak --kills 2000``: many farms, each killed again and again; a table.

``make soak SOAK=2000`` runs it. Ends with 1 when any promise was broken; the folders of such farms
are kept, the others removed.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash.kills import Outcome, killed

KILLS_PER_FARM = 20
"""Few enough that all of a farm's ended jobs stay on record, enough that one state follows from
many restarts."""
KINDS = (
    "double start", "uncleared bed", "unapproved start", "lost job", "lost copies", "false done",
    "false 'not started'", "print without a job", "doubt without evidence", "unsettled",
)  # fmt: skip


def soak(
    kills: int, at_once: int, seed: int, folder: Path, per_farm: int = KILLS_PER_FARM
) -> Iterator[Outcome]:
    """Outcomes as farms end. The same seeds make the same plans, though not the same races."""
    sizes = [per_farm] * (kills // per_farm)
    if kills % per_farm:
        sizes.append(kills % per_farm)
    with ThreadPoolExecutor(at_once) as pool:
        runs = [
            pool.submit(killed, folder / f"farm-{number}", number, size)
            for number, size in zip(itertools.count(seed), sizes, strict=False)
        ]
        for number, run in zip(itertools.count(seed), runs, strict=False):
            outcome = run.result()
            if not outcome.violations:
                shutil.rmtree(folder / f"farm-{number}", ignore_errors=True)
            yield outcome


def table(outcomes: Sequence[Outcome], seconds: float) -> str:
    """As Markdown."""
    ends: Counter[str] = sum((one.ends for one in outcomes), Counter())
    at: Counter[str] = sum((one.at for one in outcomes), Counter())
    answers: Counter[str] = sum((one.answers for one in outcomes), Counter())
    unseen: Counter[str] = sum((one.pessimism for one in outcomes), Counter())
    missed: Counter[str] = sum((one.missed for one in outcomes), Counter())
    broken = Counter(text.split(":")[0] for one in outcomes for text in one.violations)
    restarts = sorted(s for one in outcomes for s in one.restarts_s)
    rows: list[tuple[str, object]] = [
        ("farms, of six printers each", len(outcomes)),
        ("SIGKILL", sum(one.kills for one in outcomes)),
        ("of these while it was starting", sum(one.during_boot for one in outcomes)),
        ("prints that people began at a printer meanwhile", sum(one.foreign for one in outcomes)),
        *((f"of these over before the farm was back: {make}", missed[make])
          for make in sorted(missed)),
        *((f"jobs in flight when it died: {state}", at[state]) for state in sorted(at)),
        ("restart to first answer, median / worst, s",
         f"{statistics.median(restarts):.2f} / {restarts[-1]:.2f}"),
        ("copies asked for and acknowledged", sum(one.copies for one in outcomes)),
        ("physical starts counted at the printers", sum(one.prints for one in outcomes)),
        *((f"copies in the end: {state}", ends[state]) for state in sorted(ends)),
        *((f"doubts answered by people: {word}", answers[word]) for word in sorted(answers)),
        *((f"printed well, but told as failed, {word}", unseen[word]) for word in sorted(unseen)),
        *((f"**{kind}**", f"**{broken[kind]}**") for kind in KINDS),
        ("time, s", round(seconds)),
    ]  # fmt: skip
    lines = ["| what | count |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.crash.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--farms", type=int, default=5, help="at the same time")
    parser.add_argument("--seed", type=int, default=1, help="of the first farm")
    wanted = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    began, outcomes = time.monotonic(), []
    for outcome in soak(wanted.kills, wanted.farms, wanted.seed, folder):
        outcomes.append(outcome)
        done = sum(one.kills for one in outcomes)
        sys.stderr.write(
            f"seed {outcome.seed}: {done} of {wanted.kills} kills, {outcome.took_s:.0f} s, "
            f"{len(outcome.violations)} broken promises\n"
        )
        for text in outcome.violations:
            sys.stderr.write(f"  {text}\n")
    sys.stdout.write(table(outcomes, time.monotonic() - began) + "\n")
    broken = any(one.violations for one in outcomes)
    if broken:
        sys.stderr.write(f"The farms that broke a promise are kept in {folder}.\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
