"""Where settings come from: arguments win over the environment, the environment over the file."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.config import FarmConfig, PrinterConfig, ServerConfig
from core.config_file import read_config
from core.errors import ConfigError
from core.secret import Secret

_DEMO = (
    ("X1C", "busy_farm"), ("P1S", "preparing"), ("P1S", "idle"), ("P1P", "fault_hms"),
    ("A1", "paused_filament"), ("A1 mini", "busy_farm"), ("H2D", "busy_farm"),
    ("P2S", "printing"), ("A1 mini", "finished"), ("X1C", "idle"), ("P1S", "busy_farm"),
    ("A1", "idle"),
)  # fmt: skip
_NAMES = (
    "Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Juniper", "Larch", "Maple", "Oak", "Rowan",
    "Spruce", "Willow", "Yew", "Aspen", "Beech",
)  # fmt: skip


def load_settings(args: Any, environ: Mapping[str, str], root: Path) -> FarmConfig:
    """The whole configuration. ``args`` has host, port, config, data_dir, demo, no_auth_i_know.

    All relative paths are anchored to ``root``. Raises ConfigError.
    """
    data_dir = root / (args.data_dir or environ.get("FARM_DATA_DIR") or "jobs")
    if args.demo is not None:
        config = demo_config(args.demo, data_dir)
    else:
        path = _config_path(args.config or environ.get("FARM_CONFIG"), root)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
        config = read_config(content, path.name, data_dir)
    server = replace(
        config.server,
        host=args.host or environ.get("HOST") or config.server.host,
        port=_port(args.port, environ.get("PORT"), config.server.port),
        user=environ.get("DASH_USER", ""),
        password=Secret(environ.get("DASH_PASS", "")),
        no_auth=bool(args.no_auth_i_know),
    )
    refuse_open_bind(server)
    return replace(config, server=server)


def _config_path(named: str | None, root: Path) -> Path:
    if named:
        return root / named
    own = root / "config.json"
    return own if own.exists() else root / "config.example.json"


def _port(argument: int | None, environment: str | None, configured: int) -> int:
    if argument is not None:
        port = argument
    elif environment:
        if not environment.isdecimal():
            raise ConfigError(f"PORT must be a number, not {environment!r}.")
        port = int(environment)
    else:
        port = configured
    if not 0 <= port <= 65535:
        raise ConfigError(f"The port must be 0 to 65535, not {port}.")
    return port


def is_loopback(host: str) -> bool:
    """Whether a bind address is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_open_bind(server: ServerConfig) -> None:
    """Raises ConfigError when other machines could reach the farm without a password."""
    if bool(server.user) != bool(server.password):
        raise ConfigError("Set both DASH_USER and DASH_PASS, or neither.")
    if not (is_loopback(server.host) or server.auth_required or server.no_auth):
        raise ConfigError(
            f"Listening on {server.host} would let everybody in the network control the printers. "
            "Set DASH_USER and DASH_PASS, or start with --no-auth-i-know."
        )


def demo_config(count: int, data_dir: Path) -> FarmConfig:
    """``count`` simulated printers of mixed models, as --demo asks for (1–500)."""
    if not 1 <= count <= 500:
        raise ConfigError(f"--demo takes 1 to 500 printers, not {count}.")
    printers = []
    for index in range(count):
        model, scenario = _DEMO[index % len(_DEMO)]
        lap, tree = divmod(index, len(_NAMES))
        name = _NAMES[tree] + (f" {lap + 1}" if lap else "")
        printers.append(
            PrinterConfig(
                id=name.lower().replace(" ", "-"),
                name=name,
                type="bambu",
                model=model,
                simulate=True,
                options={"scenario": scenario},
            )
        )
    return FarmConfig(printers=tuple(printers), data_dir=data_dir, source="--demo")
