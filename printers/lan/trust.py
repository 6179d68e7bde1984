"""Which certificate an https print server must show: a remembered one, or an authority's.

Home servers are mostly self-signed, so the certificate seen first is remembered and from then on
only that one is accepted; a changed one is named to the operator, never ignored.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from core.config import PrinterConfig
from core.errors import ConfigError, PrinterOffline
from printers.lan.address import Address
from printers.lan.certificates import Certificate, Pin
from printers.lan.dialer import Dialer


class Trust:
    """One printer's rule. Raises ConfigError when the owner's authority file cannot be used."""

    def __init__(self, config: PrinterConfig, address: Address, data_dir: Path) -> None:
        self._name = config.name
        self._address = address
        self._authority: ssl.SSLContext | None = None
        self._pin: Pin | None = None
        if not address.secure:
            return
        if config.tls:
            self._authority = _authority(config)
            return
        safe = re.sub(r"[^A-Za-z0-9_-]", "_", f"{config.id}-{address.host}-{address.port}")
        self._pin = Pin(data_dir / "certificates" / f"{safe}.pem")

    @property
    def pinned(self) -> Certificate | None:
        """The remembered certificate, if that is the rule and one has been seen."""
        return self._pin.pin if self._pin else None

    def context(self) -> ssl.SSLContext | None:
        """None for plain http. Raises PrinterOffline while nothing has been remembered yet."""
        if self._authority is not None or self._pin is None:
            return self._authority
        if self._pin.context is None:
            raise PrinterOffline(
                f"{self._name} has not been seen yet, so its certificate is not known."
            )
        return self._pin.context

    @property
    def checks_name(self) -> bool:
        """Whether the certificate must name the host: with an authority, not with a pin."""
        return self._authority is not None

    def check(self, dialer: Dialer) -> None:
        """The first look, where one is needed. Raises OSError, StorageError."""
        if self._pin is not None:
            self._pin.check(dialer, self._address.port)

    def explain(self, dialer: Dialer) -> None:
        """After a failed verification: raises IdentityChanged when another certificate answers."""
        if self._pin is not None:
            self._pin.explain(dialer, self._address.port)

    def presented(self, dialer: Dialer) -> Certificate:
        """Who answers now. Raises OSError."""
        pin = self._pin or Pin(Path("unused"))
        return pin.look(dialer, self._address.port)

    def replace(self, certificate: Certificate) -> None:
        """Remember another one from now on, durably. Raises StorageError."""
        if self._pin is not None:
            self._pin.replace(certificate)

    def save(self) -> None:
        """Make the memory durable. Raises StorageError."""
        if self._pin is not None:
            self._pin.save()


def _authority(config: PrinterConfig) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if config.tls == "system" else config.tls)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f'The setting "tls" of {config.name} names {config.tls!r}, which cannot be read as a '
            f'certificate ({error.strerror or error}). Leave it empty, or write "system".'
        ) from error
