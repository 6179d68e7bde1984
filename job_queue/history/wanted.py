"""Which records of the history somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass

from job_queue.history.attempts import Record, month_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records; times are epoch seconds of the end, ``since`` <= end < ``until``."""

    printer_id: str = ""
    result: str = ""
    since: float | None = None
    until: float | None = None
    text: str = ""  # in the file's or printer's name, the reason or who made it

    def takes(self, record: Record) -> bool:
        if self.printer_id and record.printer_id != self.printer_id:
            return False
        if self.result and record.result != self.result:
            return False
        if self.since is not None and record.ended_at < self.since:
            return False
        if self.until is not None and record.ended_at >= self.until:
            return False
        return not self.text or self.text.casefold() in _words(record)

    def takes_month(self, month: str) -> bool:
        """Whether one of its records may be wanted."""
        too_old = self.since is not None and month < month_of(self.since)
        return not too_old and not (self.until is not None and month > month_of(self.until))


def _words(record: Record) -> str:
    names = (record.file_name, record.printer, record.reason, record.text, record.created_by)
    return "\n".join(names).casefold()
