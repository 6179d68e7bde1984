from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.telegram.text import CAPTION_LIMIT, TEXT_LIMIT, one_piece, pieces, units

LONG = st.lists(st.text(st.characters(codec="utf-8"), max_size=900), max_size=12).map("\n".join)


@given(title=st.text(max_size=300), text=LONG, caption=st.booleans())
def test_pieces_keep_the_limits_and_the_words(title: str, text: str, caption: bool) -> None:
    first = CAPTION_LIMIT if caption else TEXT_LIMIT
    parts = pieces(title, text, first)
    assert units(parts[0].text) <= first
    assert all(0 < units(part.text) <= TEXT_LIMIT for part in parts)
    assert all(part.text == part.text.strip("\n ") for part in parts)
    assert parts[0].bold <= units(parts[0].text) and not any(part.bold for part in parts[1:])
    said = "".join("".join(part.text for part in parts).split())
    wanted = "".join(f"{title}\n{text}".replace("\0", "").split())
    assert said in (wanted, "…") and (said == wanted or not wanted)


@given(text=LONG)
def test_one_piece_says_when_something_is_missing(text: str) -> None:
    piece = one_piece("Alder", text, CAPTION_LIMIT)
    assert units(piece.text) <= CAPTION_LIMIT
    if units(f"Alder\n{text.strip()}") > CAPTION_LIMIT:
        assert piece.text.endswith("…")


def test_it_is_cut_between_lines_where_there_are_some() -> None:
    text = "\n".join(f"line {n}" for n in range(600))
    first, second = pieces("", text)
    assert first.text.rsplit("\n", 1)[1].startswith("line ") and second.text.startswith("line ")


def test_half_characters_are_replaced() -> None:
    assert pieces("A\ud83d", "b")[0].text == "A?\nb"
