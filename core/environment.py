"""Where settings come from: arguments win over the environment, the environment over the file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.bridge_environment import with_environment
from core.bridge_mode import FOLDER as BRIDGE_FOLDER
from core.bridge_mode import bridge_config
from core.config import FarmConfig, PrinterConfig
from core.config_file import read_config
from core.errors import ConfigError
from core.secret import Secret

VERSION = "0.1.0"
_DEMO = (
    ("bambu", "X1C", "busy_farm"), ("prusalink", "MK4", "printing"), ("bambu", "P1S", "idle"),
    ("bambu", "P1P", "fault_hms"), ("bambu", "A1", "paused_filament"),
    ("octoprint", "Ender 3", "printing"), ("moonraker", "Voron 2.4", "printing"),
    ("bambu", "H2D", "busy_farm"), ("octoprint", "MK3S", "idle"), ("bambu", "X1C", "idle"),
    ("moonraker", "Voron 0.2", "idle"), ("prusalink", "MK3S", "idle"), ("bambu", "P2S", "printing"),
    ("bambu", "A1 mini", "finished"),
)  # fmt: skip
_NAMES = (
    "Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Juniper", "Larch", "Maple", "Oak", "Rowan",
    "Spruce", "Willow", "Yew", "Aspen", "Beech",
)  # fmt: skip


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line. Ends the process with a usage text when it cannot be understood."""
    parser = argparse.ArgumentParser(prog="api_server.py", description="Serve the print farm.")
    parser.add_argument("--host", help="address to listen on (env HOST)")
    parser.add_argument("--port", type=int, help="port to listen on, 0 = a free one (env PORT)")
    parser.add_argument("--config", help="configuration file (env FARM_CONFIG)")
    parser.add_argument("--data-dir", help="jobs, files, certificates (env FARM_DATA_DIR)")
    parser.add_argument("--demo", type=int, metavar="N", help="N simulated printers, no config")
    parser.add_argument(
        "--bridge", action="store_true",
        help="show one printer of another farm: WS_URL and PRINTER_ID in the environment",
    )  # fmt: skip
    parser.add_argument(
        "--no-auth-i-know", action="store_true", help="serve other machines without a password"
    )
    return parser.parse_args(argv)


def load_settings(args: argparse.Namespace, environ: Mapping[str, str], root: Path) -> FarmConfig:
    """The whole configuration from arguments(), environment and file.

    All relative paths are anchored to ``root``. Raises ConfigError.
    """
    usual = BRIDGE_FOLDER if args.bridge else "jobs"
    data_dir = root / (args.data_dir or environ.get("FARM_DATA_DIR") or usual)
    if args.bridge and (args.config or args.demo is not None):
        raise ConfigError("--bridge takes no --config and no --demo: it shows one printer.")
    if args.bridge:
        config = bridge_config(environ, data_dir)
    elif args.demo is not None:
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
    return with_environment(replace(config, server=server), environ)


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


def demo_config(count: int, data_dir: Path) -> FarmConfig:
    """``count`` simulated printers of mixed makes, as --demo asks for (1–500)."""
    if not 1 <= count <= 500:
        raise ConfigError(f"--demo takes 1 to 500 printers, not {count}.")
    printers = []
    for index in range(count):
        kind, model, scenario = _DEMO[index % len(_DEMO)]
        lap, tree = divmod(index, len(_NAMES))
        name = _NAMES[tree] + (f" {lap + 1}" if lap else "")
        printers.append(
            PrinterConfig(
                id=name.lower().replace(" ", "-"),
                name=name,
                type=kind,
                model=model,
                simulate=True,
                options={"scenario": scenario},
            )
        )
    return FarmConfig(printers=tuple(printers), data_dir=data_dir, source="--demo")
