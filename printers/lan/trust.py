"""Which certificate an https print server must show: a remembered one, or an authority's.

Home servers are mostly self-signed, so the certificate seen first is remembered and from then on
only that one is accepted; a changed one is named to the operator, never ignored.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from core.config import PrinterConfig
from core.errors import ConfigError, PrinterOffline, Unusable
from printers.lan.address import Address
from printers.lan.certificates import Certificate, IdentityChanged, Pin, require_shown
from printers.lan.dialer import Dialer
from printers.lan.outage import outage_of


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

    def explained(self, error: Exception, dialer: Dialer) -> Exception:
        """Another certificate than the remembered one is more than a failed handshake."""
        if not isinstance(error, ssl.SSLCertVerificationError):
            return error
        try:
            self.explain(dialer)
        except (IdentityChanged, OSError) as better:
            return better
        return error

    def confirm(self, sha256: str) -> None:
        """A person trusts the certificate with this fingerprint: remember it, durably.

        Raises Unusable where no certificate is remembered, PrinterOffline when nobody answers,
        Blocked when another one is shown now, StorageError.
        """
        if self._pin is None:
            raise Unusable(self._why_none())
        try:
            presented = self._pin.look(Dialer(self._address.host), self._address.port)
        except OSError as error:
            raise PrinterOffline(outage_of(error, self._name).text) from error
        require_shown(presented, sha256, self._name)
        self._pin.replace(presented)

    def _why_none(self) -> str:
        if not self._address.secure:
            return f"{self._name} is reached without TLS, so it shows no certificate."
        return (
            f'The setting "tls" of {self._name} says which certificates it may show, so none is '
            "remembered. Change that setting instead."
        )

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
