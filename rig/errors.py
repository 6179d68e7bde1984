"""What may go wrong, in sentences for the person beside the rig."""

from __future__ import annotations


class RigError(Exception):
    """Base; its text is for people."""


class SettingsError(RigError):
    """config.json cannot be used; ``problems`` has every mistake, with its path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CameraFailed(RigError):
    """No pictures now; the feed tries again."""


class BuildFailed(RigError):
    """The video was not made; its frames are kept."""


class SensorFailed(RigError):
    """The sensor gave no value this time."""
