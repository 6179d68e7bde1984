"""What a Klipper-family host and its board say to each other: framed blocks of numbered messages.

A block is length, sequence, body, CRC-16, 0x7E. A body is a row of messages: an id and its
parameters as base-128 numbers. Which id means what, the board tells the host in a zlib-packed
JSON dictionary. The format strings below are that interface.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence

FREQ = 16_000_000
SYNC, DEST = 0x7E, 0x10
REASONS = (
    "Command request",
    "ADC out of range",
    "Timer too close",
    "Rescheduled timer in the past",
    "Missed scheduling of next digital out event",
)
COMMANDS = """
identify offset=%u count=%c
allocate_oids count=%c
get_config
finalize_config crc=%u
get_clock
get_uptime
emergency_stop
clear_shutdown
reset
config_reset
config_digital_out oid=%c pin=%u value=%c default_value=%c max_duration=%u
update_digital_out oid=%c value=%c
queue_digital_out oid=%c clock=%u on_ticks=%u
set_digital_out_pwm_cycle oid=%c cycle_ticks=%u
set_digital_out pin=%u value=%c
config_pwm_out oid=%c pin=%u cycle_ticks=%u value=%hu default_value=%hu max_duration=%u
queue_pwm_out oid=%c clock=%u value=%hu
set_pwm_out pin=%u cycle_ticks=%u value=%hu
config_analog_in oid=%c pin=%u
query_analog_in oid=%c clock=%u sample_ticks=%u sample_count=%c rest_ticks=%u min_value=%hu \
max_value=%hu range_check_count=%c
config_stepper oid=%c step_pin=%c dir_pin=%c invert_step=%c step_pulse_ticks=%u
queue_step oid=%c interval=%u count=%hu add=%hi
set_next_step_dir oid=%c dir=%c
reset_step_clock oid=%c clock=%u
stepper_get_position oid=%c
stepper_stop_on_trigger oid=%c trsync_oid=%c
config_trsync oid=%c
trsync_start oid=%c report_clock=%u report_ticks=%u expire_reason=%c
trsync_set_timeout oid=%c clock=%u
trsync_trigger oid=%c reason=%c
config_endstop oid=%c pin=%c pull_up=%c
endstop_home oid=%c clock=%u sample_ticks=%u sample_count=%c rest_ticks=%u pin_value=%c \
trsync_oid=%c trigger_reason=%c
endstop_query_state oid=%c
config_buttons oid=%c button_count=%c
buttons_add oid=%c pos=%c pin=%u pull_up=%c
buttons_query oid=%c clock=%u rest_ticks=%u retransmit_count=%c invert=%c
buttons_ack oid=%c count=%c
config_counter oid=%c pin=%u pull_up=%c
query_counter oid=%c clock=%u poll_ticks=%u sample_ticks=%u
""".strip().splitlines()
RESPONSES = """
identify_response offset=%u data=%.*s
clock clock=%u
uptime high=%u clock=%u
config is_config=%c crc=%u is_shutdown=%c move_count=%hu
shutdown clock=%u static_string_id=%hu
is_shutdown static_string_id=%hu
starting
stats count=%u sum=%u sumsq=%u
analog_in_state oid=%c next_clock=%u value=%hu
stepper_position oid=%c pos=%i
trsync_state oid=%c can_trigger=%c trigger_reason=%c clock=%u
endstop_state oid=%c homing=%c next_clock=%u pin_value=%c
buttons_state oid=%c ack_count=%c state=%*s
counter_state oid=%c next_clock=%u count=%u count_clock=%u
""".strip().splitlines()
FIXED_IDS = {"identify": 1, "identify_response": 0}
Value = int | bytes


def _crc_table() -> list[int]:
    """CRC-16/MCRF4XX: reflected polynomial 0x8408, start value 0xFFFF."""
    table = []
    for number in range(256):
        value = number
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
        table.append(value)
    return table


_CRC = _crc_table()


def crc16(data: bytes) -> bytes:
    """The two check bytes of a block, high byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "big")


def put_number(out: bytearray, value: int) -> None:
    """Base-128, high group first; n groups hold -2^(7n-2) … 3*2^(7n-2)-1."""
    value = ((value + 0x80000000) & 0xFFFFFFFF) - 0x80000000
    groups = 1
    while not -(1 << 7 * groups - 2) <= value < 3 << 7 * groups - 2:
        groups += 1
    out += bytes((value >> 7 * k) & 0x7F | (0x80 if k else 0) for k in reversed(range(groups)))


def get_number(data: bytes, at: int) -> tuple[int, int]:
    """(number, index behind it). Raises IndexError when cut off."""
    byte = data[at]
    value = byte & 0x7F
    if byte & 0x60 == 0x60:
        value -= 0x80
    while byte & 0x80:
        at += 1
        byte = data[at]
        value = (value << 7) | (byte & 0x7F)
    return value, at + 1


class Dictionary:
    """Which id means what, and the packed form of it that the host reads."""

    def __init__(self, pins: dict[str, list[int]]) -> None:
        ids = iter(range(2, 96))
        self.commands: dict[int, tuple[str, list[str]]] = {}
        self.responses: dict[str, tuple[int, list[str]]] = {}
        listed: dict[str, dict[str, int]] = {"commands": {}, "responses": {}}
        for kind, lines in (("commands", COMMANDS), ("responses", RESPONSES)):
            for line in lines:
                name, *parameters = line.split()
                number = FIXED_IDS[name] if name in FIXED_IDS else next(ids)
                listed[kind][line] = number
                forms = [parameter.split("=")[1] for parameter in parameters]
                if kind == "commands":
                    self.commands[number] = (name, forms)
                else:
                    self.responses[name] = (number, forms)
        self.packed = zlib.compress(json.dumps({**listed, **_facts(pins)}).encode())

    def read(self, body: bytes) -> Iterator[tuple[str, list[Value]]]:
        """The commands of one block's body. Raises KeyError or IndexError for nonsense."""
        at = 0
        while at < len(body):
            number, at = get_number(body, at)
            name, forms = self.commands[number]
            values: list[Value] = []
            for form in forms:
                value, at = get_number(body, at)
                values.append(value if form in ("%i", "%hi") else value & 0xFFFFFFFF)
            yield name, values

    def response(self, name: str, values: Sequence[Value]) -> bytes:
        """One response as a block's body."""
        number, forms = self.responses[name]
        body = bytearray()
        put_number(body, number)
        for form, value in zip(forms, values, strict=True):
            if isinstance(value, bytes):
                assert form in ("%.*s", "%*s"), form
                body.append(len(value))
                body += value
            else:
                put_number(body, value)
        return bytes(body)


def _facts(pins: dict[str, list[int]]) -> dict[str, object]:
    reasons = {reason: number for number, reason in enumerate(REASONS)}
    return {
        "enumerations": {"pin": pins, "static_string_id": reasons},
        "config": {
            "CLOCK_FREQ": FREQ,
            "STATS_SUMSQ_BASE": 256,
            "ADC_MAX": 4095,
            "PWM_MAX": 255,
            "MCU": "simboard",
            "RECEIVE_WINDOW": 2048,
        },
        "version": "v0-sim",
        "build_versions": "python",
        "app": "SimBoard",
        "license": "none",
    }


class Framer:
    """Cuts the host's bytes into blocks and numbers the answers."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.next_sequence = 1

    def blocks(self, data: bytes) -> Iterator[bytes | None]:
        """The body of each new block; None for one that was sent again (it is only acked)."""
        self._buffer += data
        while (block := self._take()) is not None:
            sequence, body = block[1] & 15, block[2:-3]
            fresh = len(body) > 1 and body[0] == 1 and body[1] == 0  # identify from 0: new session
            if sequence == self.next_sequence & 15 or fresh:
                self.next_sequence = sequence + 1 if sequence < 15 else 16
                yield body
            else:
                yield None

    def _take(self) -> bytes | None:
        buffer = self._buffer
        while len(buffer) >= 5:
            length = buffer[0]
            if not 5 <= length <= 64 or buffer[1] & ~15 != DEST:
                del buffer[0]
                continue
            if len(buffer) < length:
                return None
            block = bytes(buffer[:length])
            if block[-1] == SYNC and crc16(block[:-3]) == block[-3:-1]:
                del buffer[:length]
                return block
            del buffer[0]
        return None

    def frame(self, body: bytes = b"") -> bytes:
        """A block of ours; an empty body acknowledges."""
        head = bytes((len(body) + 5, DEST | (self.next_sequence & 15))) + body
        return head + crc16(head) + bytes((SYNC,))
