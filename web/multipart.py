"""A form whose one file goes straight to where it is kept, without a copy in memory or /tmp."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from core.errors import BadRequest, TooLarge
from web.errors import WrongMediaType

MAX_PARTS = 20
MAX_FIELD_BYTES = 64 * 1024
_CHUNK = 64 * 1024


class FormStream:
    """Reads a multipart body in order: fields before the file, the file itself, fields after it.

    Usage: ``name = form.open_file()``; the object itself is then the file's stream; when it has
    been read to its end, ``form.rest()`` gives all fields.
    """

    def __init__(self, stream: IO[bytes], boundary: bytes) -> None:
        self._stream = stream
        self._decoder = MultipartDecoder(boundary, max_parts=MAX_PARTS)
        self._events = self._decode()
        self._fields: dict[str, str] = {}
        self._left = b""
        self._in_file = False

    @classmethod
    def of_request(cls, limit_bytes: int) -> FormStream:
        """Raises WrongMediaType for another kind of body, TooLarge before any of it is read."""
        if request.mimetype != "multipart/form-data":
            raise WrongMediaType("Send the file as multipart/form-data, in the field 'file'.")
        boundary = request.mimetype_params.get("boundary", "")
        if not boundary or len(boundary) > 200:
            raise BadRequest("The form has no boundary.")
        if (request.content_length or 0) > limit_bytes + 4 * MAX_FIELD_BYTES:
            raise TooLarge(f"A file may have at most {limit_bytes // 1_000_000} MB.")
        return cls(request.environ["wsgi.input"], boundary.encode("utf-8", "replace"))

    def _decode(self) -> Iterator[Event]:
        try:
            while True:
                event = self._decoder.next_event()
                if not isinstance(event, NeedData):
                    yield event
                    if isinstance(event, Epilogue):
                        return
                    continue
                self._decoder.receive_data(self._stream.read(_CHUNK) or None)
        except RequestEntityTooLarge as error:
            raise TooLarge("The form has too many parts.") from error
        except (ValueError, UnicodeDecodeError) as error:
            raise BadRequest("The form is damaged or was cut off.") from error

    def open_file(self) -> str:
        """Go to the part named "file"; returns the name the sender gives it."""
        for event in self._events:
            if isinstance(event, File):
                if event.name != "file":
                    raise BadRequest("The file must be in the form field 'file'.")
                if not event.filename:
                    raise BadRequest("No file was chosen.")
                self._in_file = True
                return event.filename
            self._keep(event)
        raise BadRequest("The form has no field 'file'.")

    def _keep(self, event: Event) -> None:
        if isinstance(event, Field):
            if not isinstance(event.name, str) or event.name in self._fields:
                raise BadRequest("A form field has no name, or the same name twice.")
            self._fields[event.name] = self._value()

    def _value(self) -> str:
        value = bytearray()
        for event in self._events:
            if isinstance(event, Data):
                value += event.data
                if len(value) > MAX_FIELD_BYTES:
                    raise TooLarge("A form field is too long.")
                if not event.more_data:
                    break
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise BadRequest("A form field is not UTF-8.") from error

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes of the file, b"" at its end; short reads are normal."""
        parts: list[bytes] = []
        wanted = size
        while wanted:
            if not self._left and not self._more():
                break
            piece = self._left if wanted < 0 else self._left[:wanted]
            self._left = self._left[len(piece) :]
            parts.append(piece)
            if wanted > 0:
                wanted -= len(piece)
        return b"".join(parts)

    def _more(self) -> bool:
        while self._in_file:
            event = next(self._events, None)
            if not isinstance(event, Data):
                raise BadRequest("The form was cut off.")
            self._left = event.data
            self._in_file = event.more_data
            if self._left:
                return True
        return False

    def rest(self) -> dict[str, str]:
        """All fields, after the file has been read. A second file is refused."""
        while self._in_file:
            self._more()
        for event in self._events:
            if isinstance(event, File):
                raise BadRequest("Send one file at a time.")
            self._keep(event)
        return self._fields
