"""What the relay changes in the conversation: addresses, numbers, and who signs in."""

from __future__ import annotations

from dataclasses import dataclass

from cameras.frames import CameraFailed
from cameras.sources.rtsp.messages import Message
from cameras.sources.sign_in import SignIn

_NEEDED = frozenset({"DESCRIBE", "SETUP", "PLAY"})
"""Without these there is no picture; a camera may refuse the others."""
_MOST_TRIES = 3
_REFUSALS = {
    403: ("auth", "Camera refuses to show its picture to this user"),
    404: ("not_found", "There is no video at the camera's address"),
    453: ("busy", "Camera shows its picture to too many others already"),
    454: ("lost", "Camera connection was lost"),
    461: ("protocol", "Camera does not send its video over this connection (TCP)"),
    503: ("busy", "Camera is busy"),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request under way."""

    number: str  # ffmpeg's CSeq
    message: Message
    tries: int  # how often it has been sent signed


class Conversation:
    """Used by one thread. ``local`` is the relay's address, ``remote`` the camera's."""

    def __init__(self, local: str, remote: str, sign_in: SignIn, refused: str) -> None:
        """``refused``: what to tell when the camera takes no password of ours."""
        self._local = local
        self._remote = remote
        self._sign_in = sign_in
        self._refused = refused
        self._count = 0
        self._asked: dict[str, _Asked] = {}

    def asked(self, message: Message) -> bytes:
        """ffmpeg's message as the camera is to see it."""
        if not message.method:  # it answers a request of the camera
            return message.encode()
        uri = message.uri
        if uri.startswith(self._local):
            uri = self._remote + uri.removeprefix(self._local)
        message.start = f"{message.method} {uri} RTSP/1.0"
        return self._send(message.get("CSeq"), message)

    def answered(self, message: Message) -> tuple[bytes, bytes]:
        """(what ffmpeg gets, what the camera gets) for the camera's message.

        Raises CameraFailed for an answer after which there will be no picture.
        """
        if message.method:  # the camera's own request
            return message.encode(), b""
        asked = self._asked.pop(message.get("CSeq"), None)
        if asked is None:
            return message.encode(), b""
        if message.status == 401:
            return b"", self._sign(asked, message)
        _judge(asked.message.method, message.status)
        message.set("CSeq", asked.number)
        return message.encode(), b""

    def _sign(self, asked: _Asked, refusal: Message) -> bytes:
        """The same request again, signed; once, or again when only the nonce had grown old."""
        challenges = refusal.all("WWW-Authenticate")
        stale = any("stale=true" in c.lower().replace('"', "") for c in challenges)
        spent = asked.tries >= (_MOST_TRIES if stale else 1)
        if spent or not self._sign_in.learn(challenges):
            raise CameraFailed(self._refused, code="auth")
        return self._send(asked.number, asked.message, asked.tries)

    def _send(self, number: str, message: Message, tries: int = 0) -> bytes:
        self._count += 1
        signed = self._sign_in.header(message.method, message.uri)
        message.set("CSeq", str(self._count))
        if signed:
            message.set("Authorization", signed)
        self._asked[str(self._count)] = _Asked(number, message, tries + bool(signed))
        if len(self._asked) > 64:  # a camera that leaves keep-alives unanswered
            del self._asked[next(iter(self._asked))]
        return message.encode()


def _judge(method: str, status: int) -> None:
    if 300 <= status < 400:
        raise CameraFailed(
            "Camera points to another address; set that one as the camera's", code="redirected"
        )
    if status >= 400 and method in _NEEDED:
        other = ("server_error", f"Camera answers with an error (RTSP {status})")
        code, text = _REFUSALS.get(status, other)
        raise CameraFailed(text, code=code)
