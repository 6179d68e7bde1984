"""HTTP to one print server: what was certainly not sent, what may have been, what was refused.

requests carries it, with its doors closed: no redirects (they would carry the key elsewhere), no
cookies, no proxies or netrc of the environment, certificates only as trust.py says, and bodies
that end at a limit.
"""

from __future__ import annotations

import http.cookiejar
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPDigestAuth

from core.errors import (
    ConfigError,
    FarmError,
    StorageError,
    UploadCancelled,
)
from core.secret import Secret
from printers.base import Progress
from printers.lan.address import Address
from printers.lan.http_answers import Answered, Malformed, NoAnswer, NotReached, Reply, words_of
from printers.lan.http_pools import BEFORE_SENDING, POOLS
from printers.lan.outage import outage_of
from printers.lan.trust import Trust
from printers.lan.upload_body import UploadBody

CONNECT_TIMEOUT_S = 4.0
WHOLE_ANSWER_S = 30.0
"""An answer that trickles in must not hold a printer's thread for ever."""
_CHUNK = 64 * 1024


class _Pinned(HTTPAdapter):
    """Connections that use exactly our TLS context: requests would add public authorities."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        super().__init__(pool_connections=1, pool_maxsize=4, max_retries=0)

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, found = super().build_connection_pool_key_attributes(request, verify, cert)
        pool: dict[str, Any] = {**found}
        context = self._trust.context()
        if context is not None:
            for key in ("ca_certs", "ca_cert_dir", "ca_cert_data", "cert_file", "key_file"):
                pool.pop(key, None)
            pool["cert_reqs"] = "CERT_REQUIRED"
            pool["ssl_context"] = context
            if not self._trust.checks_name:
                pool["assert_hostname"] = False
        return host, pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context says it all."""


class _Signed(AuthBase):
    """Digest with the challenge already learnt: a streamed body must not be sent a second time,
    which the library would try after a 401."""

    def __init__(self, digest: HTTPDigestAuth) -> None:
        self._digest: Any = digest  # its state per thread has no public name

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        self._digest.init_per_thread_state()
        header = None
        if self._digest._thread_local.chal:  # noqa: SLF001
            header = self._digest.build_digest_header(request.method, request.url)
        if header:
            request.headers["Authorization"] = header
        return request


class HttpClient:
    """Thread-safe. ``headers`` is asked at every request (keys); nothing of it is logged."""

    def __init__(
        self,
        name: str,
        address: Address,
        trust: Trust,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        digest: tuple[str, Secret] | None = None,
    ) -> None:
        self._name = name
        self._address = address
        self._trust = trust
        self._headers = headers
        self._digest: HTTPDigestAuth | None = None
        if digest is not None:
            self._digest = HTTPDigestAuth(digest[0], digest[1].reveal())
        self._session = self._new_session()

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        session.mount(f"{self._address.scheme}://", _Pinned(self._trust))
        return session

    def close(self) -> None:
        """Drop the pooled connections."""
        self._session.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 8.0,
        once: bool = False,
        max_bytes: int = 8_000_000,
    ) -> Reply:
        """Send and read the whole answer. ``path`` is quoted; ``timeout`` s of silence.

        ``once``: on a new connection, so that an idle one that has died cannot make it uncertain
        whether anything was sent. Raises NotReached, NoAnswer, Answered, Malformed.
        """
        with self._session_for(once) as session, self._barrier():
            response = session.request(
                method,
                self._address.url(path),
                params=dict(params) if params else None,
                json=json,
                data=data,
                headers={**self._headers(), **(headers or {})},
                auth=self._digest,
                timeout=(CONNECT_TIMEOUT_S, timeout),
                allow_redirects=False,
                stream=True,
            )
            with response:
                return self._read(response, max_bytes)

    def upload(
        self,
        method: str,
        path: str,
        body: UploadBody,
        *,
        headers: Mapping[str, str] | None = None,
        stall_s: float = 30.0,
    ) -> Reply:
        """Stream an opened body on a connection of its own; ``stall_s``: longest silence.

        Raises as request, and UploadCancelled.
        """
        if self._digest is not None:
            self._warm_up(path)
        sent = {**self._headers(), **(headers or {}), "Content-Type": body.content_type}
        with self._session_for(once=True) as session, self._named(), self._barrier():
            response = session.request(
                method,
                self._address.url(path),
                data=body.data,
                headers=sent,
                auth=_Signed(self._digest) if self._digest else None,
                timeout=(CONNECT_TIMEOUT_S, stall_s),
                allow_redirects=False,
                stream=True,
            )
            with response:
                return self._read(response, 1_000_000)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """A body does not know whose it is; the sentence for a person does."""
        try:
            yield
        except UploadCancelled as error:
            raise UploadCancelled(f"The upload to {self._name} was cancelled.") from error

    def _warm_up(self, path: str) -> None:
        """Learn the digest's challenge first: a streamed body cannot be sent twice."""
        try:
            self.request("GET", path, max_bytes=1_000_000)
        except (Answered, Malformed):
            return  # any answer carries the challenge; the upload itself tells what is wrong

    def download(
        self,
        path: str,
        target: Path,
        progress: Progress | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> None:
        """Fetch into ``target``, which appears only when it is whole. Raises StorageError too."""
        part = target.with_name(f"{target.name}.part")
        try:
            with self._session_for(once=True) as session, self._barrier():
                response = session.get(
                    self._address.url(path),
                    headers={**self._headers(), **(headers or {})},
                    auth=self._digest,
                    timeout=(CONNECT_TIMEOUT_S, timeout),
                    allow_redirects=False,
                    stream=True,
                )
                with response:
                    if response.status_code >= 300:
                        self._read(response, 100_000)
                    self._store(response, part, progress)
            part.replace(target)
        except OSError as error:
            raise StorageError(f"The farm cannot write {target.name}: {error}.") from error
        finally:
            part.unlink(missing_ok=True)

    def _store(self, response: requests.Response, part: Path, progress: Progress | None) -> None:
        announced = response.headers.get("Content-Length", "")
        total = int(announced) if announced.isdecimal() else 0
        received = 0
        with part.open("wb") as file:
            for piece in response.iter_content(_CHUNK):
                file.write(piece)
                received += len(piece)
                if progress is not None:
                    progress(received, max(total, received))
        if total and received < total and "Content-Encoding" not in response.headers:
            raise NoAnswer(f"{self._name} broke off after {received} of {total} bytes.")

    @contextmanager
    def _session_for(self, once: bool) -> Iterator[requests.Session]:
        if not once:
            yield self._session
            return
        with self._new_session() as session:
            yield session

    @contextmanager
    def _barrier(self) -> Iterator[None]:
        """The library's exceptions become ours, sorted by what may have been sent."""
        try:
            yield
        except FarmError:
            raise
        except (UnicodeError, requests.exceptions.InvalidHeader):
            # not chained: the library's words would show the key
            raise ConfigError(
                f"The key or name that signs in to {self._name} holds characters that cannot be "
                "sent. Copy it again."
            ) from None
        except requests.exceptions.ConnectTimeout as error:
            raise self._not_reached(TimeoutError(str(error))) from error
        except (requests.exceptions.SSLError, requests.exceptions.ConnectionError) as error:
            cause = _root(error)
            if _was_connecting(error):
                raise self._not_reached(cause) from error
            raise NoAnswer(f"{self._name} broke the connection off without an answer.") from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise NoAnswer(f"{self._name} did not answer in time or not whole.") from error

    def _not_reached(self, cause: Exception) -> NotReached:
        return NotReached(outage_of(cause, self._name).text, cause)

    def _read(self, response: requests.Response, max_bytes: int) -> Reply:
        pieces: list[bytes] = []
        size = 0
        patience_ends = time.monotonic() + WHOLE_ANSWER_S
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            if time.monotonic() > patience_ends:
                raise NoAnswer(f"{self._name} answers so slowly that the farm gave up waiting.")
            size += len(piece)
            if size > max_bytes:
                raise Malformed(f"{self._name} sent an answer of more than {max_bytes} bytes.")
            pieces.append(piece)
        body = b"".join(pieces)
        status = response.status_code
        if 200 <= status < 300:
            return Reply(status, response.headers, body, self._name)
        kind = response.headers.get("Content-Type", "")
        text = words_of(body, kind, self._headers().values())
        shown = text or f"HTTP {status}"
        end = "" if shown.endswith((".", "!", "?")) else "."
        raise Answered(f"{self._name} refused: {shown}{end}", status, text)


def _inside(error: BaseException) -> Iterator[BaseException]:
    """The library's wrappers, from the outermost to the socket's own error."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        inner = getattr(seen, "reason", None)
        if not isinstance(inner, BaseException):
            first = seen.args[0] if seen.args else None
            inner = first if isinstance(first, BaseException) else None
        seen = inner if inner is not None else seen.__cause__ or seen.__context__


def _root(error: BaseException) -> Exception:
    """The socket's own error inside the library's wrappers."""
    best: Exception = OSError(str(error))
    for seen in _inside(error):
        if isinstance(seen, (ssl.SSLError, socket.gaierror, TimeoutError, ConnectionError)):
            best = seen
    return best


def _was_connecting(error: BaseException) -> bool:
    """Whether the connection had not been made yet (nothing can have been sent). TLS can also
    break later, when the server may have acted already."""
    if isinstance(error, requests.exceptions.SSLError):
        return any(BEFORE_SENDING in getattr(e, "__notes__", ()) for e in _inside(error))
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(
        reason,
        (urllib3.exceptions.NewConnectionError, urllib3.exceptions.NameResolutionError),
    )
