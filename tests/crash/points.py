"""Where a server can be made to die: right before and right after every write of the start protocol
and every effect on the printer. Used in a child process of the tests only (forked.py).

CRASH_AT names the point; the process gets SIGKILL there, once. FATE "lost" lets the start never
leave; the other fates are the printer's (simulator's knobs).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import bench.quick_server
from core.errors import PrinterTimeout
from job_queue.starting.cleanup import Sweeper
from job_queue.starting.start import StartRun
from job_queue.store.base import JobStore
from printers.base import Printer
from printers.fleet import Fleet

BEFORE_START = (
    "before claimed", "after claimed", "after uploading", "mid upload", "after upload",
    "after uploaded", "after last look", "before starting",
)  # fmt: skip
"""Nothing has been asked of the printer but to keep a file: all fates of a start are one here."""
AFTER_INTENT = (
    "after starting", "after publish", "before echo", "after echo", "before end", "after end",
    "after bed", "after removal",
)  # fmt: skip
AHEAD = threading.local()
"""``start`` is True in the thread of a start whose file was sent ahead."""
_ECHO = frozenset({"printing", "paused"})
_END = frozenset({"finished", "failed", "cancelled", "needs_human"})


def die_at(point: str) -> None:
    """The end, if this is the point: no handler runs, nothing is flushed."""
    if os.environ.get("CRASH_AT") == point:
        os.kill(os.getpid(), signal.SIGKILL)


def arm() -> None:
    """Put the hooks in. They do nothing but where CRASH_AT says."""
    _around(JobStore, "transaction", _transaction)
    _around(JobStore, "transaction", _record_of_ahead)
    _around(StartRun, "_is_there", _is_there)
    _around(StartRun, "_publish", _publish)
    _around(Fleet, "upload", _upload)
    _around(StartRun, "_last_look", _last_look)
    _around(Fleet, "start_print", _start_print)
    _around(Sweeper, "_remove", _remove)


def _around(owner: type, name: str, make: Callable[[Any], Any]) -> None:
    setattr(owner, name, make(getattr(owner, name)))


def _transaction(original: Any) -> Any:
    @contextmanager
    def transaction(self: JobStore) -> Iterator[Any]:
        before = self.view()
        with original(self) as tx:
            yield tx
            news = _news(before.jobs, tx.jobs)
            _die("before", news)
        _die("after", news)
        for name, record in self.view().printers.items():
            known = before.bed(name)
            cleared = record.bed is not None and record.bed.clear and record.bed is not known
            if cleared and any(job.attempts or job.state.has_ended for job in before.jobs.values()):
                die_at("after bed")

    return transaction


def _record_of_ahead(original: Any) -> Any:
    """What is written about a file that is sent ahead of its start."""

    @contextmanager
    def transaction(self: JobStore) -> Iterator[Any]:
        before = self.view()
        with original(self) as tx:
            yield tx
            news = _ahead_news(before, tx)
            _die("before", news)
        _die("after", news)

    return transaction


def _ahead_news(before: Any, after: Any) -> set[str]:
    old = {item.remote_name: item.staged for item in before.cleanup if item.staged}
    new = {item.remote_name: item.staged for item in after.cleanup if item.staged}
    found = {"ready" if staged.ready else "reserved"
             for name, staged in new.items() if staged != old.get(name)}  # fmt: skip
    for job_id, job in after.jobs.items():
        known = before.jobs.get(job_id)
        if job.staged and (known is None or known.state is not job.state):
            word = {"claimed": "taken", "starting": "intent ahead"}.get(job.state.value)
            found |= {word} if word else set()
    return found


def _is_there(original: Any) -> Any:
    def is_there(self: StartRun) -> bool:
        found = bool(original(self))
        die_at("after proof")
        return found

    return is_there


def _publish(original: Any) -> Any:
    def publish(self: StartRun, before: Any) -> None:
        AHEAD.start = self._job.staged
        original(self, before)

    return publish


def _news(before: Any, after: Any) -> set[str]:
    """The states that jobs come into with this write."""
    return {
        job.state.value
        for job_id, job in after.items()
        if job_id not in before or before[job_id].state is not job.state
    }


def _die(when: str, states: set[str]) -> None:
    for state in states:
        die_at(f"{when} {state}")
    if states & _ECHO:
        die_at(f"{when} echo")
    if states & _END:
        die_at(f"{when} end")


def _upload(original: Any) -> Any:
    def upload(
        self: Fleet, printer_id: str, source: Any, name: str, progress: Any, stop: Any
    ) -> int:
        what = "ahead" if threading.current_thread().name.startswith("stage:") else "upload"

        def told(sent: int, total: int) -> None:
            if sent * 3 > total:
                die_at(f"mid {what}")
            progress(sent, total)

        size = original(self, printer_id, source, name, told, stop)
        die_at(f"after {what}")
        return int(size)

    return upload


def _last_look(original: Any) -> Any:
    def last_look(self: StartRun) -> None:
        original(self)
        die_at("after last look")

    return last_look


def _start_print(original: Any) -> Any:
    def start_print(self: Fleet, printer_id: str, command: Any) -> Any:
        ahead = bool(getattr(AHEAD, "start", False))
        point = "after publish ahead" if ahead else "after publish"
        met = ahead or "AHEAD" not in os.environ
        if met and os.environ.pop("FATE", "") == "lost":  # the first one only
            die_at(point)
            raise PrinterTimeout("The network swallowed it.")
        try:
            return original(self, printer_id, command)
        finally:
            die_at(point)

    return start_print


def _remove(original: Any) -> Any:
    """The file has gone from the printer, and the to-do is still on the list."""
    hooked: set[type] = set()

    def remove(self: Sweeper, item: Any) -> None:
        owner = type(self._fleet.adapter(item.printer_id))
        if owner not in hooked:
            hooked.add(owner)
            _around(owner, "delete_remote", _delete)
        original(self, item)

    return remove


def _delete(original: Any) -> Any:
    def delete_remote(self: Printer, path: str) -> None:
        try:
            original(self, path)
        finally:
            die_at("after removal")

    return delete_remote


def main(arguments: list[str]) -> int:
    """The real server with the hooks in."""
    bench.quick_server.hasten()
    if careless := os.environ.get("CARELESS"):
        from tests.crash.careless import forget

        forget(careless)
    arm()
    return int(sys.modules["api_server"].main(arguments))
