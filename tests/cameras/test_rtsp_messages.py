from __future__ import annotations

import random

import pytest

from cameras.sources.rtsp.messages import BadRtsp, Message, Splitter
from cameras.sources.sign_in import SignIn
from core.secret import Secret

DESCRIBED = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\ncontent-length: 5\r\nServer: x\r\n\r\nv=0\r\n"
FRAME = b"$\x00\x00\x03$\r\n"
EMPTY = b"$\x01\x00\x00"
ASKED = b"OPTIONS rtsp://camera/x RTSP/1.0\r\nCSeq: 9\r\n\r\n"
STREAM = DESCRIBED + FRAME + FRAME + EMPTY + b"\r\n" + ASKED + FRAME


def shape(items: list[Message | bytes]) -> list[str | bytes]:
    """Runs of frames joined: where they are cut depends on how the bytes came."""
    found: list[str | bytes] = []
    for item in items:
        if isinstance(item, bytes) and found and isinstance(found[-1], bytes):
            found[-1] += item
        else:
            found.append(item if isinstance(item, bytes) else f"{item.start} {item.body!r}")
    return found


WHOLE = shape(list(Splitter().feed(STREAM)))


def test_messages_and_frames() -> None:
    assert WHOLE == [
        "RTSP/1.0 200 OK b'v=0\\r\\n'",
        FRAME + FRAME + EMPTY,
        "OPTIONS rtsp://camera/x RTSP/1.0 b''",
        FRAME,
    ]


def test_at_every_split() -> None:
    for at in range(len(STREAM) + 1):
        splitter = Splitter()
        parts = [*splitter.feed(STREAM[:at]), *splitter.feed(STREAM[at:])]
        assert shape(parts) == WHOLE


def test_byte_by_byte() -> None:
    splitter = Splitter()
    parts = [item for byte in STREAM for item in splitter.feed(bytes([byte]))]
    assert shape(parts) == WHOLE


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xe0 a picture",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nno header\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"A" * 20_000,
    ],
)
def test_what_is_no_rtsp(data: bytes) -> None:
    with pytest.raises(BadRtsp):
        list(Splitter().feed(data))


def test_noise_never_hangs_or_escapes() -> None:
    chance = random.Random(5)
    for _ in range(2_000):
        noise = bytearray(STREAM)
        for _ in range(3):
            noise[chance.randrange(len(noise))] = chance.randrange(256)
        splitter = Splitter()
        try:
            for at in range(0, len(noise), 7):
                list(splitter.feed(bytes(noise[at : at + 7])))
        except BadRtsp:
            continue


def test_a_message_is_written_as_it_was_read() -> None:
    (message,) = Splitter().feed(DESCRIBED)
    assert isinstance(message, Message)
    assert message.status == 200 and message.get("CONTENT-LENGTH") == "5"
    assert message.encode() == DESCRIBED
    message.set("cseq", "7")
    assert message.all("CSeq") == ["7"]


# --- signing in --------------------------------------------------------------------------------


def test_digest_as_rfc_2069_and_live555_do_it() -> None:
    """md5(md5(user:realm:password):nonce:md5(method:uri)), worked out by hand with md5sum."""
    sign_in = SignIn("bblp", Secret("12345678"))
    assert sign_in.header("DESCRIBE", "rtsp://x/1") == ""
    assert sign_in.learn(['Digest realm="LIVE555 Streaming Media", nonce="abc"'])
    header = sign_in.header("DESCRIBE", "rtsp://x/1")
    assert header.startswith('Digest username="bblp", realm="LIVE555 Streaming Media", nonce="abc"')
    assert 'uri="rtsp://x/1"' in header and 'response="2fd3fa8237776a8bf70000faa338ace8"' in header
    assert "12345678" not in header


def test_the_strongest_way_that_is_known() -> None:
    sign_in = SignIn("me", Secret("p"))
    assert sign_in.learn(['Basic realm="x"', 'Digest realm="x", nonce="n", algorithm="MD5"'])
    assert sign_in.header("PLAY", "rtsp://x").startswith("Digest ")
    assert sign_in.learn(['Digest realm="x", nonce="n", algorithm="SHA-9000"', 'Basic realm="x"'])
    assert sign_in.header("PLAY", "rtsp://x") == "Basic bWU6cA=="


@pytest.mark.parametrize(
    "challenges", [[], ["Negotiate"], ["Digest"], ['Digest realm="x'], ['Digest nonce="x"']]
)
def test_a_challenge_that_nobody_can_answer(challenges: list[str]) -> None:
    sign_in = SignIn("me", Secret("p"))
    assert not sign_in.learn(challenges) and sign_in.header("PLAY", "rtsp://x") == ""


def test_without_a_password_there_is_nothing_to_answer() -> None:
    assert not SignIn("", Secret("")).learn(['Basic realm="x"'])
