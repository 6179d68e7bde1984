"""``python api_server.py --bridge``: one printer of another farm, from the environment alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from core.config import DispatchConfig, FarmConfig, PrinterConfig
from core.errors import ConfigError
from core.secret import Secret

FOLDER = "jobs/bridge"
"""Where it keeps what it must remember, beside a farm's own ``jobs``."""
SOURCE = "--bridge"
_TEXTS = ("PRINTER_NAME", "WS_USER", "WS_PASS", "WS_TLS")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def bridge_config(environ: Mapping[str, str], data_dir: Path) -> FarmConfig:
    """WS_URL and PRINTER_ID; besides PRINTER_NAME, WS_USER, WS_PASS, WS_TLS (as "tls" of a
    printer). Raises ConfigError naming every variable that is missing or cannot be used.
    """
    url, printer_id = environ.get("WS_URL", "").strip(), environ.get("PRINTER_ID", "").strip()
    found = (_url(url), _printer_id(printer_id), *(_text(name, environ) for name in _TEXTS))
    problems = [problem for problem in found if problem]
    if problems:
        listed = "\n  ".join(problems)
        raise ConfigError(
            f"The bridge is told by the environment what to show:\n  {listed}",
            details={"problems": problems},
        )
    printer = PrinterConfig(
        id=printer_id,
        name=environ.get("PRINTER_NAME", "").strip() or printer_id,
        type="feed",
        model="",
        url=url,
        user=environ.get("WS_USER", ""),
        password=Secret(environ.get("WS_PASS", "")),
        tls=environ.get("WS_TLS", "").strip(),
    )
    return FarmConfig(
        printers=(printer,),
        dispatch=DispatchConfig(enabled=False),  # it has no printer of its own to send to
        data_dir=data_dir,
        source=SOURCE,
    )


def _url(url: str) -> str:
    example = "like ws://192.168.1.20:8000/ws/printer/{printer_id}"
    if not url:
        return f"WS_URL is missing: the other farm's address, {example}."
    try:
        parts = urlsplit(url if "://" in url else f"ws://{url}")
        usable = parts.scheme in ("ws", "wss", "http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        return f"WS_URL: must be an address {example}."
    if not usable:
        return f"WS_URL: must be an address {example}."
    if "@" in parts.netloc or parts.query or parts.fragment:
        return "WS_URL: must be only an address; WS_USER and WS_PASS are for the sign-in."
    return ""


def _text(name: str, environ: Mapping[str, str]) -> str:
    """Python keeps bytes that are no UTF-8 as halves of characters, which nothing can write."""
    try:
        environ.get(name, "").encode()
    except UnicodeEncodeError:
        return f"{name}: is not UTF-8; write its file or line in UTF-8."
    return ""


def _printer_id(printer_id: str) -> str:
    if not printer_id:
        return "PRINTER_ID is missing: the printer's id at the other farm."
    if not _ID.fullmatch(printer_id):
        return "PRINTER_ID: must be 1 to 64 letters, digits, '.', '_' or '-'."
    return ""
