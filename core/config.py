"""The farm's settings as frozen data. loader: core/config_file.py (JSON, env and arguments)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.alert_config import AlertsConfig, DefectConfig, FeedConfig, MetricsConfig, MqttConfig
from core.camera_config import CamerasConfig, PrusaConnectConfig, RigConfig, TimelapseConfig
from core.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterConfig:
    """One entry of ``printers``. Ports and options that an adapter does not know stay unused."""

    id: str
    name: str
    type: str  # a key of printers/adapters.py
    model: str  # as the owner wrote it: "X1C", "P1S", "A1 mini", "H2D"
    host: str = ""  # printer_ip
    serial: str = ""
    access_code: Secret = field(default_factory=lambda: Secret(""))
    url: str = ""
    api_key: Secret = field(default_factory=lambda: Secret(""))
    user: str = ""  # with ``password``: HTTP digest, PrusaLink's other way to sign in
    password: Secret = field(default_factory=lambda: Secret(""))
    tls: str = ""
    """Of an https url: "" pins the certificate on first use, "system" asks the system's
    authorities, anything else is the path of a file with the authority's certificate."""
    mqtt_port: int = 8883
    ftps_port: int = 990
    camera_port: int = 6000
    rtsp_port: int = 322
    tags: tuple[str, ...] = ()
    group: str = ""
    nozzle_mm: float | None = None
    build_plate: str = ""  # what lies on its bed, as slicers name it: "Textured PEI Plate"
    circuit: str = ""  # a name of dispatch.heating.circuits
    heating_w: float | None = None  # at full power; None = by its model
    simulate: bool = False
    camera_enabled: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    """Adapter options by name, e.g. url_form for Bambu's project_file, ftps_protect."""
    problems: tuple[str, ...] = ()
    """What is wrong with this entry. Not empty: shown as misconfigured; the others run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendKey:
    """A key with which a slicer may send files, and nothing else."""

    name: str  # shown to people: "Workshop PC"
    sha256: str  # lower-case hex of the key's own bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    host: str = "127.0.0.1"
    port: int = 8000
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    send_keys: tuple[SendKey, ...] = ()  # besides those that were made in the panel
    user: str = ""  # DASH_USER
    password: Secret = field(default_factory=lambda: Secret(""))  # DASH_PASS
    no_auth: bool = False  # --no-auth-i-know

    @property
    def auth_required(self) -> bool:
        return bool(self.user) and bool(self.password)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatingConfig:
    """Limits of what heats at once; without any, everything may."""

    most: int | None = None  # printers
    circuits: Mapping[str, float] = field(default_factory=dict)  # name -> watts

    @property
    def limits(self) -> bool:
        return self.most is not None or bool(self.circuits)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchConfig:
    enabled: bool = True
    interval_s: float = 5.0
    auto_assign: bool = True
    require_bed_clear: bool = True  # false is read, said to be without effect, and never obeyed
    max_uploads: int = 4
    heating: HeatingConfig = field(default_factory=HeatingConfig)
    prestage: tuple[str, ...] = ()  # makes, models or "simulated" whose next file is sent ahead
    clear_s: float = 900.0  # 10–86400, a person's way to a bed, until the farm has learned it


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicerConfig:
    enabled: bool = False
    preferred: str = "auto"  # or "orca", "bambu", "prusa", "cura"
    orca_paths: tuple[str, ...] = ()  # programs, or folders they lie in; besides tools/ and PATH
    bambu_paths: tuple[str, ...] = ()
    prusa_paths: tuple[str, ...] = ()
    cura_paths: tuple[str, ...] = ()
    cura_definitions: tuple[str, ...] = ()  # folders with *.def.json, besides the usual ones
    timeout_s: float = 600.0  # 10–7200, one slicing
    memory_mb: int = 4096  # 256–65536, one slicing
    model_mb: int = 200  # 1–2000, one model to slice


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    upload_mb: int = 256  # 1–4096, one file


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationConfig:
    """How the simulated printers behave (entries with "simulate": true, and --demo N)."""

    time_scale: float = 30.0  # simulated seconds per real second, 1–1000
    control_port: int = 0  # HTTP control port of the fault knobs, 0 = none


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmConfig:
    printers: tuple[PrinterConfig, ...] = ()
    server: ServerConfig = field(default_factory=ServerConfig)
    dispatch: DispatchConfig = field(default_factory=DispatchConfig)
    slicer: SlicerConfig = field(default_factory=SlicerConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    simulation: SimulationConfig = field(default_factory=SimulationConfig)
    cameras: CamerasConfig = field(default_factory=CamerasConfig)
    timelapse: TimelapseConfig = field(default_factory=TimelapseConfig)
    prusa_connect: PrusaConnectConfig = field(default_factory=PrusaConnectConfig)
    rigs: tuple[RigConfig, ...] = ()
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    ai: DefectConfig = field(default_factory=DefectConfig)
    mqtt: MqttConfig = field(default_factory=MqttConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    feed: FeedConfig = field(default_factory=FeedConfig)
    data_dir: Path = Path("jobs")
    source: str = ""  # the file it came from, "" = none
    notes: tuple[str, ...] = ()  # for the operator: ignored old keys, demo mode
