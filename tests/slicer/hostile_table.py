"""Every hostile file with its refusal, its time and its memory.

``python -m tests.slicer.hostile_table [FILE.md]``: prints the table, or writes it to a file; ends
with 1 when a file was taken, or cost more than hostile.SECONDS or hostile.MEMORY_BYTES.
"""

from __future__ import annotations

import contextlib
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.slicer.hostile import CASES, MEMORY_BYTES, SECONDS, Case

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file."""

    code: str  # "" = taken, "crashed" = its reader did not live
    text: str
    error: str  # the error's class
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0  # highest RSS above what the reader had before


class Reader:
    """The worker process; one file at a time, each once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Case, Outcome] = {}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.slicer.hostile_worker"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def read(self, case: Case) -> Outcome:
        if case not in self._known:
            self._known[case] = self._read(case)
        return self._known[case]

    def _read(self, case: Case) -> Outcome:
        assert self._child.stdin is not None and self._child.stdout is not None
        path = self.folder / "hostile"
        path.write_bytes(case.make())
        order = json.dumps({"path": str(path), "model": case.is_model})
        self._child.stdin.write(order + "\n")
        self._child.stdin.flush()
        answer = json.loads(self._child.stdout.readline())
        path.unlink()
        return Outcome(**answer)

    def stop(self) -> None:
        with self._child:
            assert self._child.stdin is not None
            self._child.stdin.close()


@contextlib.contextmanager
def reader() -> Iterator[Reader]:
    """A Reader with a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        found = Reader(Path(folder))
        try:
            yield found
        finally:
            found.stop()


def _row(case: Case, found: Outcome) -> str:
    size = len(case.make()) / 1e6
    said = found.text.replace("|", "\\|")
    return (
        f"| {case.id} | {size:.3f} | `{found.code}` | {found.cpu_s:.2f} | "
        f"{found.peak_bytes / 1e6:.1f} | {said} |"
    )


def _table(outcomes: dict[Case, Outcome]) -> list[str]:
    reasons = {(found.code, found.text) for found in outcomes.values()}
    worst_s = max(found.cpu_s for found in outcomes.values())
    worst = max(found.peak_bytes for found in outcomes.values())
    return [
        "# Hostile files",
        "",
        "Every broken or hostile file of the tests (`tests/slicer/hostile.py`), read as an upload",
        "is, in a child whose address space may grow by 64 MB. Made by",
        "`python -m tests.slicer.hostile_table docs/hostile-files.md`; `part` is the file's name.",
        "",
        f"{len(outcomes)} files, {len(reasons)} different reasons, "
        f"{len({code for code, _ in reasons})} codes. "
        f"At most {worst_s:.2f} s of processor time and {worst / 1e6:.1f} MB "
        f"(Python {platform.python_version()}, {platform.system()}).",
        "",
        "| file | MB | code | CPU s | peak RSS + MB | what the operator reads |",
        "|---|---|---|---|---|---|",
        *(_row(case, found) for case, found in outcomes.items()),
        "",
    ]


def main() -> int:
    with reader() as worker:
        outcomes = {case: worker.read(case) for case in CASES}
    text = "\n".join(_table(outcomes))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    bad = [
        case.id
        for case, found in outcomes.items()
        if found.code != case.code or found.cpu_s > SECONDS or found.peak_bytes > MEMORY_BYTES
    ]
    for name in bad:
        sys.stderr.write(f"not as it should be: {name}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
