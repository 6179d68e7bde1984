"""Which prints begin and end a recording."""

from __future__ import annotations

AT_REST = frozenset({"idle", "finished", "failed"})
"""Words of the farm's that mean a print is over. Offline and unknown never do."""


class Following:
    """``how``: "off", "end" (the button starts, the end of the print builds) or "print"."""

    def __init__(self, how: str) -> None:
        self.ends = how != "off"
        self._starts = how == "print"
        self._over = ""

    def begins(self, state: str, job: str) -> bool:
        """Whether to start now. Not again for a print whose recording a person has ended."""
        if state in AT_REST:
            self._over = ""
        return self._starts and state == "printing" and bool(job) and job != self._over

    def over(self, job: str) -> None:
        self._over = job
