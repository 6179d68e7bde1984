"""What one report alone does not show: how long something lasts, and what came before."""

from __future__ import annotations

from collections import deque

from printers.moonraker.client import Timing
from printers.moonraker.layout import own_name
from printers.moonraker.parse_job import ACTIVE
from printers.moonraker.picture import Picture, Sensed
from printers.moonraker.values import dicts, name, numbers, text

_Z_SAMPLES = 4  # at about four reports a second: a hop over the part is shorter


class Sense:
    """Fed with every picture, in the printer's thread."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self.reset()

    def reset(self) -> None:
        """A new session, or a new Klipper: nothing before it proves anything."""
        self.pause_asked = False  # set from any thread
        self._asked_pause = False
        self._print = ""  # print_stats.state as last seen
        self._file = ""
        self._moving_since: float | None = None
        self._calm = True  # has stood still since its last job
        self._cancelled_at: float | None = None
        self._ran_out = ""  # the sensor behind this pause, remembered until it ends
        self._back = False
        self._z: deque[float] = deque(maxlen=_Z_SAMPLES)
        self._ids: dict[str, int] = {}

    def look(self, picture: Picture, now: float) -> Sensed:
        """``now``: monotonic s."""
        state = picture.print_state
        if state != self._print:
            self._changed(state, now)
        self._look_at_file(picture)
        self._look_at_motion(picture, now)
        self._look_at_filament(picture, state)
        cancelled = self._cancelled_at
        return Sensed(
            asked_pause=self._asked_pause,
            moving=self._moving_since is not None
            and now - self._moving_since >= self._timing.moving,
            ran_out=self._ran_out,
            filament_back=self._back,
            cancelled=cancelled is not None and now - cancelled < self._timing.cancelled,
            z=min(self._z, default=None),
            object_ids=self._ids,
        )

    @property
    def is_restless(self) -> bool:
        """Time alone will change what is sensed."""
        return self._moving_since is not None or self._cancelled_at is not None

    def _changed(self, state: str, now: float) -> None:
        was_active = self._print in ACTIVE
        self._asked_pause = state == "paused" and self.pause_asked
        if state != "printing" or self._print == "paused":
            self.pause_asked = False
        if was_active and state == "cancelled":
            self._cancelled_at = now
        elif state != "standby":  # some cancel macros also forget the file at once
            self._cancelled_at = None
        if state not in ACTIVE and (was_active or (not self._print and state != "standby")):
            self._calm = False  # the motion that still shows is the ended job's
        self._print = state

    def _look_at_file(self, picture: Picture) -> None:
        file = name(picture.object("print_stats").get("filename"))
        if file != self._file:
            self._file = file
            self._z.clear()
            self._ids = {}
        position = numbers(picture.object("gcode_move").get("gcode_position"), 3)
        if position is not None:
            self._z.append(position[2])
        listed = [
            own
            for entry in dicts(picture.object("exclude_object").get("objects"))
            if (own := name(entry.get("name")))
        ]
        if any(own not in self._ids for own in listed):
            fresh = dict(self._ids)
            for own in listed:
                fresh.setdefault(own, len(fresh) + 1)
            self._ids = fresh

    def _look_at_motion(self, picture: Picture, now: float) -> None:
        """idle_timeout says Printing for any motion, and a moment longer than a job (4.13)."""
        moves = text(picture.object("idle_timeout").get("state")) == "Printing"
        if self._print in ACTIVE or not moves:
            self._calm = self._calm or not moves
            self._moving_since = None
        elif self._calm and self._moving_since is None:
            self._moving_since = now

    def _look_at_filament(self, picture: Picture, state: str) -> None:
        empty = own_name(found) if (found := empty_sensor(picture)) else ""
        if state != "paused":
            self._ran_out, self._back = "", False
        elif empty:
            self._ran_out, self._back = empty, False
        else:
            self._back = bool(self._ran_out)


def empty_sensor(picture: Picture) -> str:
    """The first enabled filament sensor that sees none, "" = all see some."""
    for section in picture.layout.filament:
        raw = picture.object(section)
        if raw.get("filament_detected") is False and raw.get("enabled") is not False:
            return section
    return ""
