"""The certificates of the simulated printers.

A real printer shows a leaf with CN = serial and **no** subject alternative name, signed by a Bambu
device CA that no system trusts (bambu-lan A2). Here a CA of our own, plainly called simulated,
signs the leaves. All leaves share one RSA-2048 key, because making a key takes 50 ms and more and a
hundred printers must start in well under two seconds; a rotated certificate gets a key of its own,
as after a board swap.
"""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

CA_NAME = "BBL CA (simulated)"
_LIFETIME = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Identity:
    """Where one printer's leaf and key lie, and the SHA-256 of the leaf's DER form in hex."""

    certificate: Path
    key: Path
    sha256: str


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _process_keys() -> dict[str, rsa.RSAPrivateKey]:
    """One pair per process, so that many short-lived farms in one test run are cheap."""
    return {"ca": _new_key(), "leaf": _new_key()}


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Simulated printers"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


class CertificateAuthority:
    """Issues leaves into ``folder`` and finds them again, so that pins outlive a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._ca_key = self._load_key("ca-key.pem", "ca")
        self._leaf_key = self._load_key("leaf-key.pem", "leaf")
        self._ca = self._load_ca()

    @property
    def ca_file(self) -> Path:
        return self._folder / "ca.pem"

    def identity(self, serial: str, address: str = "") -> Identity:
        """The printer's present leaf; issued at the first call.

        ``address`` becomes its subject alternative name, as a print server's certificate has one.
        """
        path = self._folder / f"{serial}.pem"
        own_key = self._folder / f"{serial}-key.pem"
        if not path.exists():
            self._issue(serial, self._leaf_key, path, address)
        key = own_key if own_key.exists() else self._folder / "leaf-key.pem"
        return Identity(path, key, _fingerprint(path))

    def rotate(self, serial: str, address: str = "") -> Identity:
        """A new leaf with a new key, as after a factory reset or a board swap (bambu-lan A2)."""
        key = _new_key()
        own_key = self._folder / f"{serial}-key.pem"
        self._write_private(own_key, _pem(key))
        self._issue(serial, key, self._folder / f"{serial}.pem", address)
        return self.identity(serial)

    def _load_key(self, file_name: str, purpose: str) -> rsa.RSAPrivateKey:
        path = self._folder / file_name
        if path.exists():
            loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
            if not isinstance(loaded, rsa.RSAPrivateKey):
                raise TypeError(f"{path} does not hold an RSA key")
            return loaded
        key = _process_keys()[purpose]
        self._write_private(path, _pem(key))
        return key

    @staticmethod
    def _write_private(path: Path, content: bytes) -> None:
        path.touch(mode=0o600)
        path.write_bytes(content)

    def _load_ca(self) -> x509.Certificate:
        if self.ca_file.exists():
            return x509.load_pem_x509_certificate(self.ca_file.read_bytes())
        builder = self._builder(_name(CA_NAME), self._ca_key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        certificate = builder.sign(self._ca_key, hashes.SHA256())
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate

    def _builder(self, subject: x509.Name, key: rsa.RSAPublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name(CA_NAME))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _LIFETIME)
        )

    def _issue(self, serial: str, key: rsa.RSAPrivateKey, path: Path, address: str) -> None:
        builder = self._builder(_name(serial), key.public_key())
        if address:
            names = [x509.IPAddress(ipaddress.ip_address(address)), x509.DNSName("localhost")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        leaf = builder.sign(self._ca_key, hashes.SHA256())
        chain = (leaf, self._ca)
        path.write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in chain))


def _fingerprint(path: Path) -> str:
    first = path.read_text("ascii").split("-----END CERTIFICATE-----")[0]
    der = ssl.PEM_cert_to_DER_cert(first + "-----END CERTIFICATE-----\n")
    return hashlib.sha256(der).hexdigest()


def server_context(identity: Identity, *, tls13: bool = False) -> ssl.SSLContext:
    """A printer's TLS: 1.2 only as measured on X1C and H2D; ``tls13`` adds 1.3 (P2S)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    set_tls13(context, tls13)
    return context


def set_tls13(context: ssl.SSLContext, allowed: bool) -> None:
    """Let the next connections use TLS 1.3, or not."""
    context.maximum_version = ssl.TLSVersion.TLSv1_3 if allowed else ssl.TLSVersion.TLSv1_2
