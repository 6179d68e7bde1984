"""Sends requests over the printer's session and waits for its answers (bambu-lan A3.1)."""

from __future__ import annotations

import time
from collections.abc import Iterable

from core.errors import PrinterOffline, PrinterRejected, PrinterTimeout
from printers.bambu.link import Link
from printers.bambu.payloads import Request
from printers.bambu.pending import Answer, Pending
from printers.bambu.refusals import sentence


class Commander:
    """For any thread. Never sends anything twice."""

    def __init__(self, name: str, link: Link, pending: Pending) -> None:
        self._name = name
        self._link = link
        self._pending = pending

    def tell(self, request: Request) -> None:
        """Send without waiting for an answer. Raises PrinterOffline."""
        self._publish(request, self._pending.number())

    def ask(self, request: Request, timeout: float) -> Answer:
        """Send and wait. Raises PrinterOffline (not sent), PrinterTimeout (nothing is known)."""
        waiter = self._pending.open(request.section, request.command, self._pending.number())
        try:
            self._publish(request, waiter.key[2])
            answer = waiter.wait(timeout)
        finally:
            self._pending.close(waiter)
        if answer is None:
            raise PrinterTimeout(
                f"{self._name} did not answer within {timeout:.0f} s. Whether it acted is not "
                "known; watch its state.",
                details={"command": request.command},
            )
        if answer.lost:
            raise PrinterTimeout(
                f"The connection to {self._name} broke before it answered. Whether it acted is "
                "not known.",
                details={"command": request.command},
            )
        return answer

    def order(self, requests: Iterable[Request], timeout: float) -> None:
        """Send one after the other; the first refusal ends it. Raises also PrinterRejected."""
        end = time.monotonic() + timeout
        for request in requests:
            if not request.answered:
                self.tell(request)
                continue
            answer = self.ask(request, max(0.1, end - time.monotonic()))
            if not answer.ok:
                raise PrinterRejected(
                    sentence(self._name, answer),
                    details={"command": request.command, "printer_code": answer.code},
                )

    def _publish(self, request: Request, sequence: str) -> None:
        session = self._link.session
        if session is None or not session.is_up:
            raise PrinterOffline(f"{self._name} is not connected. Nothing was sent.")
        session.send(request.section, {**request.body, "sequence_id": sequence})
