"""Type, colour family, exact colour: what meets a wish, what has to be loaded, what no one can."""

from __future__ import annotations

import pytest

from slicer.gates.color_names import NAMES
from slicer.gates.filament_mapping import LoadedTray
from slicer.gates.filament_wishes import (
    EXACT,
    FAMILY,
    FilamentWish,
    Need,
    family_of,
    loaded_words,
    meets,
    mistake_in,
    need_of,
    wish_for,
    wished,
)
from slicer.printfile import Filament, Plate

BLACK, NEARLY, GREY, LIME, GREEN = "101214", "141616", "4A4D52", "A7CF3A", "1E5B32"


def tray(kind: str = "PETG", color: str = BLACK, **more: bool) -> LoadedTray:
    return LoadedTray(slot="A1", index=0, type=kind, color=color, **more)


def plate(*filaments: Filament) -> Plate:
    return Plate(index=1, filaments=filaments)


PETG = Filament(index=1, type="PETG", color=BLACK)


@pytest.mark.parametrize(
    ("match", "wanted", "kind", "color", "answer"),
    [
        ("type", BLACK, "PETG", LIME, True),
        ("type", BLACK, "PETG Basic", "", True),
        ("type", BLACK, "PLA", BLACK, False),
        ("type", BLACK, "", BLACK, None),
        ("family", GREEN, "PETG", LIME, True),
        ("family", GREEN, "PETG", BLACK, False),
        ("family", BLACK, "PETG", GREY, False),
        ("family", GREEN, "PETG", "", None),
        ("family", GREEN, "", GREEN, None),
        ("family", GREEN, "", BLACK, False),
        ("exact", BLACK, "PETG", NEARLY, True),
        ("exact", BLACK, "PETG", GREY, False),
        ("exact", GREEN, "PETG", LIME, False),
        ("exact", GREEN, "PETG", "", None),
        ("exact", GREEN, "PLA", "", False),
    ],
)
def test_what_meets_a_wish(
    match: str, wanted: str, kind: str, color: str, answer: bool | None
) -> None:
    wish = FilamentWish(match=match, color=wanted)
    filament = wished(plate(PETG), (wish,)).filaments[0]
    assert meets(wish, filament, tray(kind, color)) is answer
    assert meets(wish, filament, tray(kind, color, empty=True)) is False


def test_every_colour_word_has_a_family_that_is_its_own_family() -> None:
    families = {word: family_of(rgb) for rgb, word in NAMES.items()}
    assert families["navy"] == "blue" and families["black"] == "black"
    roots = {word: families[word] for word in set(families.values())}
    assert all(word == family for word, family in roots.items())
    assert family_of("") == "" and family_of("no colour") == ""


def test_a_wish_gives_the_colour_and_never_another_type() -> None:
    wishes = (FilamentWish(match=FAMILY, color=LIME), FilamentWish(index=2, type="PLA"))
    two = plate(PETG, Filament(index=2, type="", color=GREY))
    first, second = wished(two, wishes).filaments
    assert (first.type, first.color, second.type, second.color) == ("PETG", LIME, "PLA", GREY)
    assert wish_for(wishes, 2) is wishes[1] and wish_for(wishes, 1) is wishes[0]
    assert wish_for(wishes[1:], 1) is None
    assert wished(two, ()) is two
    [bare] = wished(plate(), (FilamentWish(type="PLA"),)).filaments
    assert (bare.index, bare.type) == (1, "PLA"), "plain G-code that says nothing"


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (None, "black PETG"),
        (FilamentWish(), "black PETG"),
        (FilamentWish(match=FAMILY), "black PETG"),
        (FilamentWish(match=EXACT), "black PETG #101214"),
    ],
)
def test_needs_in_words(wish: FilamentWish | None, text: str) -> None:
    assert need_of(PETG, wish).text == text


def test_one_spool_serves_who_needs_less() -> None:
    anything, black = Need(type="PETG", hint="red"), Need(type="PETG", family="black")
    exact = Need(type="PETG", family="black", color=BLACK)
    assert exact.covers(black) and exact.covers(anything) and black.covers(anything)
    assert not black.covers(exact) and not anything.covers(black)
    assert exact.covers(Need(type="PETG", family="black", color=NEARLY))
    assert not black.covers(Need(type="PLA")), "another material"
    assert anything == Need(type="PETG", hint="blue"), "the hint is no need"


@pytest.mark.parametrize(
    ("wishes", "filaments", "code"),
    [
        ((), (PETG,), ""),
        ((FilamentWish(match=EXACT),), (PETG,), ""),
        ((FilamentWish(type="PETG Basic"),), (PETG,), ""),
        ((FilamentWish(type="PLA"),), (PETG,), "filament_differs"),
        ((FilamentWish(index=2),), (PETG,), "no_filament"),
        ((FilamentWish(), FilamentWish()), (PETG,), "filament_twice"),
        ((FilamentWish(match=FAMILY),), (), "filament_no_color"),
        ((FilamentWish(match=FAMILY, color=LIME, type="PLA"),), (), ""),
        ((FilamentWish(index=1, match=FAMILY, color=LIME),), (), ""),
    ],
)
def test_wishes_that_no_printer_could_meet(
    wishes: tuple[FilamentWish, ...], filaments: tuple[Filament, ...], code: str
) -> None:
    found = mistake_in(wishes, plate(*filaments))
    assert (found[0] if found else "") == code
    assert found is None or found[1].endswith(".")


def test_what_is_loaded_in_words() -> None:
    trays = [tray(), tray("PLA", ""), tray("", ""), tray(empty=True)]
    assert loaded_words(trays) == "A1 black PETG, A1 PLA"
    assert loaded_words([]) == "nothing"
