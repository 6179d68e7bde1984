"""Every fault knob of a virtual printer: this file and http_knobs.py are the catalogue (B4).

Times named ``*_s`` are REAL seconds (the time scale does not shorten them), so that a test
knows exactly how long a fault lasts. Setting a knob takes effect at the next message.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal


@dataclass(slots=True, kw_only=True)
class MachineKnobs:
    """Plain fields: what every make has. Each make adds its own in a subclass."""

    choices: ClassVar[dict[str, tuple[Any, ...]]] = {}
    """Knobs that take one of some values only."""

    # --- machine --------------------------------------------------------------------------
    ignore_m104: bool = False
    """M104/M140 are acknowledged without effect (old P1 firmware); M109/M190 work."""
    air_print: bool = False
    """The job runs to its end with nothing extruded: hw_switch_state 0, tray_tar 255."""
    heater_power: float = 1.0
    """Factor on heating speed; 0 = heaters dead, temperatures never arrive."""
    # --- wire -----------------------------------------------------------------------------
    refuse_login: bool = False
    """Nobody gets in, whatever the code or key (CONNACK 5, FTPS 530, camera close, 401/403)."""
    refuse_connections: bool = False
    """TCP is accepted and closed at once (Bambu: MQTT)."""
    drop_every_s: float = 0.0
    """TCP is dropped this often; 0 = never."""
    camera_off: bool = False
    """The port closes connections at once; the HTTP camera answers 503."""
    camera_stall: bool = False
    """Connected, but no frame comes."""
    camera_fps: float = 1.0
    """Frames per second."""

    def set(self, **values: Any) -> None:
        """Set several by name, with the types checked.

        Raises KeyError for an unknown name, ValueError for a value of the wrong type.
        """
        for name, value in values.items():
            setattr(self, name, self._checked(name, value))

    @classmethod
    def names(cls) -> frozenset[str]:
        """The knobs of this make."""
        return frozenset(f.name for f in fields(cls))

    def _checked(self, name: str, value: Any) -> Any:
        if name not in self.names():
            raise KeyError(name)
        if name in self.choices:
            if value not in self.choices[name]:
                allowed = ", ".join(repr(choice) for choice in self.choices[name])
                raise ValueError(f"{name} is one of {allowed}")
            return value
        wanted = type(getattr(self, name))
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not wanted:
            raise ValueError(f"{name} wants {wanted.__name__}, not {value!r}")
        return value


@dataclass(slots=True, kw_only=True)
class Knobs(MachineKnobs):
    """A Bambu printer's. The first part acts in the brain, the second on the wire."""

    choices: ClassVar[dict[str, tuple[Any, ...]]] = {
        "ftps_require_session_reuse": (None, False, True),
        "camera_second_client": ("refuse", "kick"),
    }

    # --- commands -------------------------------------------------------------------------
    no_ack: bool = False
    """No answer to any command, although it is carried out."""
    ack_delay_s: float = 0.0
    """Answers leave this many seconds late (see VirtualPrinter.due_messages)."""
    fail_commands: str = ""
    """Comma-separated command names that answer "fail" and do nothing ("pause,ledctrl")."""
    dev_mode_off: bool = False
    """Developer Mode off: print.* is refused (A10), fun bit 29 set on newer models."""
    a1mini_cancel: bool = False
    """A project_file while busy also fails the running job (A1 mini)."""
    start_delay_s: float = 0.0
    """After an accepted project_file the old state stays this long (P1P: up to 135 s)."""
    finish_linger_s: float = 0.0
    """As start_delay_s, but only when the state is FINISH (H2D: about 50 s)."""
    bad_file: bool = False
    """Every started file "cannot be parsed": PREPARE, then FAILED with 0500-4003."""
    stop_goes_idle: bool = False
    """After a stop the state is IDLE, not FAILED (older P1 firmware)."""
    # --- reports --------------------------------------------------------------------------
    mute_pushes: bool = False
    """No pushes until pushing.start (P1/A1 fall silent like this)."""
    mute_all: bool = False
    """No pushes and no answers at all, TCP stays up; only clearing the knob helps."""
    push_interval_s: float = 0.0
    """Fixed seconds between pushes; 0 = the model's own rhythm."""
    wrong_typed_key: bool = False
    """A non-object beside "print" in every report ("t_utc": 123)."""
    wrong_types: bool = False
    """nozzle_temper "n/a", mc_percent null, ams a list: as a broken firmware would."""
    chamber_stuck_at_5: bool = False
    """The chamber sensor of X1/P2S/H2D shows 5 °C for ever (P1/A1 always do)."""
    sd_flicker: bool = False
    """Every other report clears home_flag bits 8–9 although the card is there."""
    wifi_rssi: int = 0
    """dBm, -30 … -95; 0 = the simulated walk around -48."""
    # --- machine --------------------------------------------------------------------------
    sd_missing: bool = False
    """No card: sdcard false, home_flag 8–9 = 0, FTPS 553, jobs end with 0500-C010."""
    sd_readonly: bool = False
    """Card write-protected: home_flag 8–9 = 3, FTPS 553."""
    sd_full: bool = False
    """FTPS answers 552 to uploads."""
    prepare_s: float = 30.0
    """SIMULATED seconds of PREPARE (download and parse)."""
    # --- wire: MQTT (acted on by the servers) -----------------------------------------------
    access_code: str = ""
    """A new access code ("changed code"); empty = the one of the spec."""
    max_clients: int = 0
    """MQTT client slots; 0 = the model's (4 on P1/A1, 8 on X1/H2)."""
    connack_delay_s: float = 0.0
    """Seconds before CONNACK."""
    latin1_payload: bool = False
    """Reports encoded latin-1 with a non-ASCII name in them (invalid UTF-8)."""
    truncate_json: bool = False
    """Reports cut in half."""
    trailing_nul: bool = False
    """Reports end with a NUL byte."""
    garbage_bytes: int = 0
    """Before every report a message of this many random bytes (1_000_000 = "1 MB garbage")."""
    null_reports: bool = False
    """Reports are the JSON text null."""
    tls13: bool = False
    """Offer TLS 1.3 (default is 1.2 only)."""
    ssdp: bool = True
    """Announce on loopback, when the farm runs an announcer."""
    # --- wire: FTPS -------------------------------------------------------------------------
    ftps_off: bool = False
    """Connections to the FTPS port are closed at once."""
    ftps_require_session_reuse: bool | None = None
    """Data connections without TLS resumption get 522; None = the model's habit."""
    ftps_close_notify: bool = False
    """Answer TLS close_notify on data connections (real printers do not)."""
    ftps_226_delay_s: float = 0.0
    """Seconds between the last byte and 226 (H2D: 30)."""
    ftps_never_226: bool = False
    """No 226 at all."""
    ftps_426_after_data: bool = False
    """426 although every byte arrived (P2S)."""
    ftps_truncate_at: int = 0
    """Keep only this many bytes of an upload, then answer 226; 0 = off (P2S: 458752)."""
    ftps_drop_at: int = 0
    """Cut the data and control connection after this many bytes; 0 = off."""
    ftps_pasv_zero: bool = False
    """227 says 0.0.0.0."""
    ftps_bytes_per_s: int = 0
    """Throughput limit; 0 = none."""
    ftps_refuse_prot_p: bool = False
    """PROT P is accepted but encrypted data connections fail (A1); PROT C works."""
    ftps_list_without_year: bool = False
    """LIST dates as "Nov 21 13:05"."""
    ftps_idle_drop_s: float = 0.0
    """Control connection closed after this idle time; 0 = 300."""
    ftps_single_transfer: bool = True
    """A second transfer at the same time is refused with 425."""
    # --- wire: camera -----------------------------------------------------------------------
    camera_second_client: Literal["refuse", "kick"] = "refuse"
    """What a second viewer meets: refused, or the first one is thrown out."""
    camera_single_record: bool = False
    """Header and JPEG in one TLS record (default: separate records)."""
    camera_partial_frames: bool = False
    """Frames arrive in many small pieces."""
    camera_zero_frame: bool = False
    """Every other frame has size 0."""
    camera_garbage_before_soi: bool = False
    """Some bytes before FF D8 inside the frame."""
    # --- wire: camera by RTSP (camera_off, camera_stall and camera_fps act there too) --------
    liveview_off: bool = False
    """LAN-only liveview is switched off at the screen: rtsp_url "disable", the port refuses."""
    rtsp_stall: bool = False
    """The server freezes: no answers and no pictures, TCP stays up."""
    rtsp_refuse: bool = False
    """Whoever signs in gets 503 Service Unavailable."""
    rtsp_drop: int = 0
    """Each connection is cut in the middle of its picture of this number; 0 = never."""
    rtsp_loss: int = 0
    """Every packet of this number is missing from the stream; 0 = none."""


KNOB_NAMES: frozenset[str] = Knobs.names()
