"""How the simulated OctoPrint stores names: every pair was measured on a real 1.11.8."""

from __future__ import annotations

import pytest

from simulator.octoprint.names import (
    BadName,
    WrongType,
    download_path,
    resource_path,
    stored_path,
    upload_path,
)

MEASURED = {
    "plain.gcode": "plain.gcode",
    "a b&c+d.gcode": "a bc+d.gcode",
    "naïve файл #1 100%?.gcode": "naïve файл #1 100%.gcode",
    "UPPER.GCODE": "UPPER.GCODE",
    "two..dots.gcode": "two..dots.gcode",
    ".hidden.gcode": "hidden.gcode",
    " lead.gcode": "lead.gcode",
    "trail .gcode": "trail .gcode",
    "x.gcode ": "x.gcode",
    "x.gcode.": "x.gcode",
    "a/b.gcode": "a/b.gcode",
    "emoji😀.gcode": "emoji😀.gcode",
    "tab\tx.gcode": "tabx.gcode",
    "semi;colon,comma.gcode": "semicolon,comma.gcode",
    "quote'single.gcode": "quote'single.gcode",
    'q"x.gcode': "qx.gcode",
    "brackets[1](2){3}.gcode": "brackets[1](2){3}.gcode",
    "at@eq=tilde~caret^.gcode": "at@eq=tilde~caret^.gcode",
    "dollar$bang!.gcode": "dollarbang!.gcode",
    "a%20b.gcode": "a%20b.gcode",
    "x.g": "x.g",
    "x.gco": "x.gco",
    "NUL.gcode": "NUL_.gcode",
    "com1.gcode": "com1_.gcode",
    "PRN.tar.gcode": "PRN_.tar.gcode",
    "con .gcode": "con .gcode",
    "CONIN$.gcode": "CONIN.gcode",
    "dir/../x.gcode": "x.gcode",
    "dir/./y.gcode": "dir/y.gcode",
    "dir//z.gcode": "dir/z.gcode",
    "di?r/z&.gcode": "dir/z.gcode",
    "/abs.gcode": "abs.gcode",
    "y" * 249 + ".gcode": "y" * 249 + ".gcode",
    "é" * 124 + ".gcode": "é" * 124 + ".gcode",
}
WRONG_TYPES = [
    "x.bgcode", "x.gcode.3mf", "x.stl", "noext", "&.gcode", "??.gcode", ".gcode", ".. .gcode",
    "nul", "y" * 250 + ".gcode", "é" * 125 + ".gcode",
]  # fmt: skip


@pytest.mark.parametrize(("wish", "stored"), MEASURED.items())
def test_a_name_is_stored_as_by_the_real_server(wish, stored):
    assert upload_path("", wish) == stored


@pytest.mark.parametrize("wish", WRONG_TYPES)
def test_what_is_no_gcode_is_of_the_wrong_type(wish):
    with pytest.raises(WrongType):
        upload_path("", wish)


@pytest.mark.parametrize("wish", ["a\\b.gcode", "../up.gcode", "a/../../b.gcode", "a\x01b.gcode"])
def test_what_climbs_out_or_holds_control_characters_is_no_name(wish):
    with pytest.raises(BadName):
        upload_path("", wish)


def test_the_folder_of_an_upload_is_treated_like_a_name():
    assert upload_path("/fa?rm/", "x.gcode") == "farm/x.gcode"
    assert stored_path("no/such//deep") == "no/such/deep"


def test_references_quote_differently_for_resource_and_download():
    path = "a bc+d (1)[2]{3}^,'.gcode"
    assert resource_path(path) == "a%20bc+d%20(1)%5B2%5D%7B3%7D%5E,'.gcode"
    assert download_path(path) == "a%20bc%2Bd%20%281%29%5B2%5D%7B3%7D%5E%2C%27.gcode"
