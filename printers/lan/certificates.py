"""Who answers at a printer's address: its certificate, pinned on first use.

Credentials travel in the first packet, so the check comes before it: one TLS handshake without
any credential, and from then on only exactly this certificate is accepted, in every handshake.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import Blocked, StorageError
from core.files import write_durably
from printers.lan.dialer import Dialer

_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME: a pin is an identity, and a small server without a battery clock
must not lose its whole farm after a power cut."""

_COMMON_NAME = bytes.fromhex("0603550403")  # OID 2.5.4.3
_SEQUENCE = 0x30


@dataclass(frozen=True, slots=True)
class Certificate:
    """A printer's leaf certificate."""

    der: bytes
    sha256: str  # of the DER, hex, lower case
    common_name: str  # "" = none readable

    @property
    def pem(self) -> str:
        return ssl.DER_cert_to_PEM_cert(self.der)


class IdentityChanged(Exception):
    """Another certificate than the pinned one answers."""

    def __init__(self, pinned: Certificate, presented: Certificate) -> None:
        super().__init__(f"pinned {pinned.sha256}, presented {presented.sha256}")
        self.pinned = pinned
        self.presented = presented


def require_shown(presented: Certificate, confirmed: str, printer: str) -> None:
    """A person confirmed the SHA-256 of what was shown to them; raises Blocked when another
    certificate answers by now."""
    if presented.sha256 != confirmed.replace(":", "").strip().lower():
        raise Blocked(
            f"{printer} now shows the certificate {presented.sha256}, not the one you "
            "confirmed. Look again before you trust it.",
            code="certificate_differs",
        )


def certificate(der: bytes) -> Certificate:
    """Describe a DER certificate; one that cannot be read has no common name."""
    return Certificate(der, hashlib.sha256(der).hexdigest(), common_name(der))


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """(tag, start of content, end) of the DER element at ``at``. Raises IndexError."""
    tag, first = der[at], der[at + 1]
    if first < 0x80:
        return tag, at + 2, at + 2 + first
    count = first & 0x7F
    start = at + 2 + count
    return tag, start, start + int.from_bytes(der[at + 2 : start], "big")


def common_name(der: bytes) -> str:
    """The subject's common name, "" when there is none.

    Only the path to the subject is walked; a certificate library would cost 11 MB for this.
    """
    try:
        _, at, _ = _element(der, 0)  # Certificate
        _, at, _ = _element(der, at)  # tbsCertificate
        if der[at] == 0xA0:  # version
            at = _element(der, at)[2]
        for _ in range(4):  # serial number, signature algorithm, issuer, validity
            at = _element(der, at)[2]
        tag, start, end = _element(der, at)
        found = der.find(_COMMON_NAME, start, end)
        if tag != _SEQUENCE or found < 0:
            return ""
        _, start, end = _element(der, found + len(_COMMON_NAME))
        return der[start:end].decode("utf-8", "replace")
    except IndexError:
        return ""


def pinned_context(
    pin: Certificate, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
) -> ssl.SSLContext:
    """Accepts exactly this leaf. No CA bundle is loaded: 25 kB and 0.2 ms instead of 880 and 30."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # self-signed names mean nothing; the pin is the identity
    context.verify_mode = ssl.CERT_REQUIRED
    flags = int(context.verify_flags) | ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    context.verify_flags = ssl.VerifyFlags(flags & ~ssl.VERIFY_X509_STRICT)
    context.maximum_version = newest
    context.load_verify_locations(cadata=pin.der)
    return context


def look(
    dialer: Dialer, port: int, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
) -> Certificate:
    """Who answers there now: a handshake and nothing else. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent over this connection
    context.maximum_version = newest
    sock = dialer.open_tls(port, context)
    try:
        der = sock.getpeercert(binary_form=True)
    finally:
        sock.close()
    if not der:
        raise ssl.SSLError("the printer presented no certificate")
    return certificate(der)


class Pin:
    """One printer's pinned certificate. Reading is for any thread, checking for its own."""

    def __init__(
        self,
        path: Path,
        accept: Callable[[Certificate], None] | None = None,
        newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    ) -> None:
        """``accept`` may refuse a certificate seen for the first time, by raising."""
        self._path = path
        self._accept = accept
        self._newest = newest
        self._pin: Certificate | None = None
        self._context: ssl.SSLContext | None = None
        self._loaded = False
        self._saved = False

    @property
    def pin(self) -> Certificate | None:
        return self._pin

    @property
    def context(self) -> ssl.SSLContext | None:
        """For all of a printer's ports alike; None until it has been seen once."""
        return self._context

    def check(self, dialer: Dialer, port: int) -> ssl.SSLContext:
        """The pinned context, after a first look where there is no pin yet.

        Raises what ``accept`` raises, OSError, StorageError (the stored pin is damaged).
        """
        if not self._loaded:
            self._load()
        if self._context is None:
            presented = self.look(dialer, port)
            if self._accept is not None:
                self._accept(presented)
            return self._take(presented)
        return self._context

    def look(self, dialer: Dialer, port: int) -> Certificate:
        """Who answers there now. Raises OSError."""
        return look(dialer, port, self._newest)

    def explain(self, dialer: Dialer, port: int) -> None:
        """After a failed verification: raises IdentityChanged if another certificate answers."""
        presented = self.look(dialer, port)
        if self._pin is not None and presented.sha256 != self._pin.sha256:
            raise IdentityChanged(self._pin, presented)

    def replace(self, presented: Certificate) -> None:
        """Trust another certificate from now on, durably. Raises StorageError."""
        self._take(presented)
        self.save()

    def save(self) -> None:
        """Make the pin durable; a no-op when it is. Called after the session is up, so that a
        hundred printers do not queue for the disk first. Raises StorageError."""
        if self._pin is not None and not self._saved:
            write_durably(self._path, self._pin.pem.encode())
            self._saved = True

    def _take(self, presented: Certificate) -> ssl.SSLContext:
        context = pinned_context(presented, self._newest)
        self._context = context
        self._pin = presented
        self._saved = False
        return context

    def _load(self) -> None:
        if not self._path.exists():
            self._loaded = True
            return
        try:
            self._take(certificate(ssl.PEM_cert_to_DER_cert(self._path.read_text("ascii"))))
        except (OSError, ValueError) as error:
            raise StorageError(
                f"The stored certificate {self._path} cannot be read ({error}). "
                "Delete the file and the farm will look at the printer's certificate again."
            ) from error
        self._loaded = self._saved = True
