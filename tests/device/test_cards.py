"""Cards: what is saved is read back, and what is wrong is named with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from ionspike.device import Ecram, library
from ionspike.errors import InputError

CARD = """
schema = 1
name = "mine"
[gate]
V_T = { value = "1.25 V", source = "assumed", why = "a reason" }
V_0 = "52 mV"
J_lim = "1e7 s^-1"
[[population]]
tau = "10 ms"
g = "120 uS"
[weight]
G_min = "83 uS"
"""


@pytest.mark.parametrize("name", list(library()))
def test_library_cards_are_read_back_as_saved(name: str, tmp_path: Path):
    card = Ecram.load(name)
    assert Ecram.load(card.save(tmp_path / "card.toml")) == card


def test_library_cards_say_where_every_value_is_from():
    for name in library():
        for origin in Ecram.load(name).origins.values():
            assert origin.source == "derived" or (origin.source == "assumed" and origin.why)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('V_0 = "52 mV"', "", "gate.V_0 is missing"),
        ('V_0 = "52 mV"', 'V_0 = "52 ms"', "gate.V_0"),
        ('V_0 = "52 mV"', 'V_zero = "52 mV"', "V_zero"),
        ('tau = "10 ms"', 'tau = "1 h"', "population1.tau"),
        ('tau = "10 ms"', 'tau = { value = "1 s", source = "guessed" }', "guessed"),
        ("schema = 1", "schema = 7", "schema"),
        ("[weight]", "[wait]", "wait"),
        ("[[population]]", "[population]", "population"),
        ('name = "mine"', 'name = "../x"', "name"),
        ("schema = 1", "schema = ", "not a TOML file"),
    ],
)
def test_a_defect_is_named_with_file_and_key(tmp_path: Path, old: str, new: str, told: str):
    path = tmp_path / "card.toml"
    path.write_text(CARD.replace(old, new))
    with pytest.raises(InputError, match=told) as raised:
        Ecram.load(path)
    assert str(path) in str(raised.value)


def test_a_card_that_is_not_there_is_named():
    with pytest.raises(InputError, match="there is no card"):
        Ecram.load("nothing")


def test_parts_of_the_format_that_are_not_used_yet_are_said_so(tmp_path: Path):
    path = tmp_path / "card.toml"
    path.write_text(CARD + "[spread]\nread = 0.01\n")
    with pytest.warns(UserWarning, match="spread"):
        Ecram.load(path)
