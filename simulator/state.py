"""What a virtual printer knows about its job and its health: plain mutable data."""

from __future__ import annotations

from dataclasses import dataclass, field

BUSY = frozenset({"PREPARE", "SLICING", "RUNNING", "PAUSE"})
SPEEDS = {1: 50, 2: 100, 3: 124, 4: 166}  # level -> percent (A4.1; 1, 3 and 4 unverified)

CANCELLED = 50348044  # 0300-400C
NOT_PARSED = 83902467  # 0500-4003
BUSY_REFUSED = 83902468  # 0500-4004
STORAGE_ERROR = 83935248  # 0500-C010
NO_MAPPING = 134184978  # 07FF-8012
BAD_MAPPING = 117473298  # 0700-8012
RUNOUT = 134184977  # 07FF-8011, of the external spool
AMS_RUNOUT = 117473297  # 0700-8011, of the first AMS; the others add their number << 16
UNSIGNED = 84033543  # 0502-4007
LEVELLING_FAILED = 50348034  # 0300-4002, the simulator's hard failure
LEVELLING_HMS = (0x0300_0D00, 0x0002_0001)  # comes with it and goes with its acknowledgement


@dataclass(slots=True)
class Part:
    """What stands on the bed: its name chooses the shape; ``done`` 0 … 1."""

    name: str
    color: str
    done: float = 0.0


@dataclass(slots=True)
class JobInfo:
    """The job fields of the report (A4.1). ``stage`` None = idle."""

    gcode_state: str = "IDLE"
    file: str = ""  # name on the storage
    plate: int = 1
    subtask_name: str = ""
    ids: dict[str, str] = field(
        default_factory=lambda: {
            "project_id": "0",
            "profile_id": "0",
            "task_id": "0",
            "subtask_id": "0",
        }
    )
    print_type: str = "idle"
    prepare_percent: int = 0
    percent: int = 0
    minutes: int = 0
    layer: int = 0
    layers: int = 0
    line: int = 0
    stage: int | None = None
    stages: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    objects: tuple[int, ...] = ()
    speed_level: int = 2
    started_at: int = 0
    mapping: list[int] = field(default_factory=list)
    timelapse: bool = False

    @property
    def busy(self) -> bool:
        """In one of the printing states."""
        return self.gcode_state in BUSY


@dataclass(slots=True)
class Health:
    """Errors as the report shows them (A5)."""

    print_error: int = 0
    hms: list[dict[str, int]] = field(default_factory=list)
    fail_reason: int = 0

    @property
    def mc_code(self) -> int:
        """mc_print_error_code: the low half of print_error."""
        return self.print_error & 0xFFFF

    def forgive(self, hms: tuple[int, int]) -> None:
        """Drop one HMS entry; the others stay until their cause is gone."""
        self.hms = [one for one in self.hms if (one["attr"], one["code"]) != hms]

    def add_hms(self, attr: int, code: int) -> None:
        """Add an entry once."""
        entry = {"attr": attr, "code": code}
        if entry not in self.hms:
            self.hms = [*self.hms, entry]

    def drop_hms(self, attr: int, code: int) -> None:
        """Remove an entry."""
        self.hms = [e for e in self.hms if e != {"attr": attr, "code": code}]


@dataclass(slots=True)
class Options:
    """Settings a client can switch (print_option, ipcam, xcam, accessories)."""

    auto_recovery: bool = True
    auto_switch_filament: bool = True
    filament_tangle_detect: bool = False
    sound_enable: bool = True
    nozzle_blob_detect: bool = False
    air_print_detect: bool = False
    recording: bool = False
    timelapse: bool = False
    resolution: str = "1080p"
    print_halt_sensitivity: str = "medium"
    xcam: dict[str, bool] = field(
        default_factory=lambda: {
            "printing_monitor": True,
            "spaghetti_detector": True,
            "print_halt": True,
            "first_layer_inspector": True,
            "buildplate_marker_detector": True,
            "allow_skip_parts": False,
        }
    )
    nozzle_diameter: float = 0.4
    nozzle_type: str = ""
    airduct_mode: int = 0
