"""``python -m simulator``: simulated printers in a process of their own.

Prints one line of JSON when all ports listen, and ends when its standard input closes or at
SIGTERM. ``--specs-from-stdin`` reads one line of JSON first: a list of objects with id, name, type,
model, serial, access_code, api_key, user, password, tls, flavour and scenario, all but id optional.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from core.jsonio import JSONDecodeError, dumps, loads
from simulator.bambu.report_json import ReportForm
from simulator.demo import demo_specs, spec_from_entry
from simulator.farm import SimulatedFarm
from simulator.specs import KINDS, PrinterSpec

_DEFAULT_COUNT = 8
_ENDPOINT = (
    "kind", "serial", "host", "mqtt_port", "ftps_port", "camera_port", "rtsp_port",
    "access_code", "url", "api_key", "user", "password", "ca_file",
)  # fmt: skip
"""What the ready line tells of a printer besides its spec."""


def main() -> int:
    args = _arguments()
    logging.basicConfig(
        level=args.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        specs = _specs(args)
        farm = _farm(specs, args)
        farm.start()
    except (ValueError, KeyError, OSError) as error:
        sys.stderr.write(f"The simulated printers cannot start: {error}\n")
        return 2
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    if not args.no_stdin:
        threading.Thread(target=_watch_stdin, args=(end,), name="stdin", daemon=True).start()
    try:
        sys.stdout.buffer.write(dumps(_ready_line(farm, specs)) + b"\n")
        sys.stdout.buffer.flush()
        end.wait()
    finally:
        farm.stop()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--count", type=int, default=_DEFAULT_COUNT, help="demo printers (8)")
    parser.add_argument("--specs-from-stdin", action="store_true", help="one JSON line first")
    parser.add_argument("--time-scale", type=float, default=1.0, help="simulated s per real s")
    parser.add_argument("--control-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--data-dir", type=Path, help="keeps the certificates over restarts")
    parser.add_argument("--scenario", default="", help="all demo printers in this scenario")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this; repeatable")
    parser.add_argument("--ssdp-port", type=int, help="announce to this loopback port (2021)")
    parser.add_argument("--no-stdin", action="store_true", help="do not end with standard input")
    parser.add_argument("--log-level", default="warning")
    bench = parser.add_argument_group("for benchmarks")
    bench.add_argument("--hz", type=float, default=0.0, help="reports at this fixed rate")
    bench.add_argument("--pad-bytes", type=int, default=0, help="pad reports to this size")
    bench.add_argument("--compact", action="store_true", help="reports without indentation")
    bench.add_argument(
        "--stamp",
        action="store_true",
        help="moment of sending in the job's numbers (simulator/stamp.py)",
    )
    return parser.parse_args()


def _specs(args: argparse.Namespace) -> list[PrinterSpec]:
    if args.specs_from_stdin:
        try:
            entries = loads(os.fsencode(sys.stdin.readline()))
        except JSONDecodeError as error:
            raise ValueError(f"standard input holds no JSON line ({error})") from error
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise ValueError("standard input must hold a JSON list of objects")
        return [spec_from_entry(entry, index + 1) for index, entry in enumerate(entries)]
    # names pass through a farm only while something is printing
    scenario = args.scenario or ("printing" if args.stamp else "")
    kinds = args.kind or (("bambu",) if args.hz or args.stamp else KINDS)
    return demo_specs(args.count, scenario, kinds)


def _farm(specs: list[PrinterSpec], args: argparse.Namespace) -> SimulatedFarm:
    return SimulatedFarm(
        specs,
        time_scale=args.time_scale,
        host=args.host,
        data_dir=args.data_dir,
        control_port=args.control_port,
        report_hz=args.hz,
        form=ReportForm(compact=args.compact, pad_bytes=args.pad_bytes, stamp=args.stamp),
        ssdp_port=args.ssdp_port,
    )


def _watch_stdin(end: threading.Event) -> None:
    """The parent's life line: end-of-file means that the parent is gone."""
    while os.read(sys.stdin.fileno(), 4096):
        continue
    end.set()


def _ready_line(farm: SimulatedFarm, specs: list[PrinterSpec]) -> dict[str, Any]:
    endpoints = farm.endpoints
    return {
        "ready": True,
        "control": farm.control_url,
        "printers": [
            {
                "id": spec.id,
                "name": spec.name,
                "model": spec.model,
                **{name: getattr(endpoints[spec.id], name) for name in _ENDPOINT},
            }
            for spec in specs
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
