"""Getting to know one run of Klipper: what it is, what it has, and a subscription to that.

Each step is asked for once; answers about an earlier run are void.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from printers.moonraker.client import Session
from printers.moonraker.history import newest
from printers.moonraker.layout import Layout, layout_of
from printers.moonraker.rpc import Answer, Then
from printers.moonraker.values import dicts, mapping, names, text

STEPS = ("printer.objects.list", "printer.objects.subscribe")


class Target(Protocol):
    """Who is told. All calls come from the session's thread."""

    def learned(self, **changes: Any) -> None:
        """Fields of the Picture."""
        ...

    def found_webcams(self, webcams: tuple[Mapping[str, Any], ...]) -> None: ...
    def subscribed(self, status: object, state: str) -> None:
        """The full state; from now on only changes come. ``state``: what Moonraker says."""
        ...


class Setup:
    """One per session."""

    def __init__(
        self,
        session: Session,
        target: Target,
        guard: Callable[[Then], Then],
        light_pin: str,
    ) -> None:
        self._session = session
        self._target = target
        self._guard = guard
        self._light_pin = light_pin
        self.run = 0
        self.moonraker = ""  # its version
        self.components: tuple[str, ...] = ()

    def learn_server(self, info: Mapping[str, Any]) -> None:
        """From server.info."""
        self.moonraker = text(info.get("moonraker_version"), 60)
        self.components = names(info.get("components"))

    def forget(self) -> None:
        """Klipper is gone: what is still being answered is about the old one."""
        self.run += 1

    def begin(self, state: str) -> None:
        """Ask for everything, unless that is under way."""
        if self._session.calls.is_open(*STEPS):
            return
        self.run += 1
        run = self.run
        self._ask("printer.info", self._on_info)
        self._ask("printer.objects.list", lambda answer: self._on_list(answer, run, state))
        if "history" in self.components:
            self._ask("server.history.list", self._on_history, {"limit": 1, "order": "desc"})
        if "webcam" in self.components:
            self._ask("server.webcams.list", self._on_webcams)

    def _ask(self, method: str, then: Then, params: Mapping[str, Any] | None = None) -> None:
        self._session.ask(method, params, then=self._guard(then))

    def _on_info(self, answer: Answer) -> None:
        info = mapping(answer.result)
        version = text(info.get("software_version"), 60)
        klipper = (text(info.get("app"), 40) or "Klipper") if answer.ok else ""
        parts = [" ".join(filter(None, (klipper, "" if version == "?" else version)))]
        parts.append(f"Moonraker {self.moonraker}" if self.moonraker else "")
        self._target.learned(firmware=", ".join(filter(None, parts)))

    def _on_list(self, answer: Answer, run: int, state: str) -> None:
        if not answer.ok or run != self.run:
            return  # asked again with the next server.info
        layout = layout_of(names(mapping(answer.result).get("objects")), self._light_pin)
        if "configfile" in layout.listed:
            wanted = {"objects": {"configfile": ["settings"]}}
            self._ask("printer.objects.query", self._on_settings, wanted)
        self._ask(
            STEPS[1],
            lambda found: self._on_subscribed(found, run, state, layout),
            {"objects": layout.subscription()},
        )

    def _on_settings(self, answer: Answer) -> None:
        status = mapping(mapping(answer.result).get("status"))
        if answer.ok:
            self._target.learned(
                settings=mapping(mapping(status.get("configfile")).get("settings"))
            )

    def _on_subscribed(self, answer: Answer, run: int, state: str, layout: Layout) -> None:
        if answer.ok and run == self.run:
            self._target.learned(layout=layout, objects={})
            self._target.subscribed(mapping(answer.result).get("status"), state)

    def _on_history(self, answer: Answer) -> None:
        if answer.ok:
            self._target.learned(last=newest(answer.result))

    def _on_webcams(self, answer: Answer) -> None:
        if answer.ok:
            self._target.found_webcams(tuple(dicts(mapping(answer.result).get("webcams"))))
