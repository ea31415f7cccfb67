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


SPREAD = """
[spread]
pulse = { value = 0.05, source = "measured", why = "10.1000/xyz" }
correlation = [[1.0, 0.5], [0.5, 1.0]]
read = 0.01
[spread.device]
"population1.tau" = { value = 0.1, source = "assumed", why = "a reason" }
"gate.V_T" = 0.02
[aging]
fatigue_per_pulse = { value = 0.016, source = "fitted", why = "a record" }
wear_per_second = "1e-9 s^-1"
recovery = "1 ks"
"""


def test_spread_and_aging_are_read_back_as_saved_with_their_origins(tmp_path: Path):
    path = tmp_path / "card.toml"
    path.write_text(CARD + SPREAD)
    card = Ecram.load(path)
    assert card.spread.pairs == (("population1.tau", 0.1), ("gate.V_T", 0.02))
    assert card.aging.recovery == 1000.0
    again = Ecram.load(card.save(tmp_path / "again.toml"))
    assert again == card
    assert again.origins["spread.population1.tau"].why == "a reason"
    assert again.origins["aging.fatigue_per_pulse"].source == "fitted"
    one = tmp_path / "one.toml"
    one.write_text(CARD + SPREAD.replace("[[1.0, 0.5], [0.5, 1.0]]", "0.25"))
    assert Ecram.load(Ecram.load(one).save(tmp_path / "again.toml")).spread.correlation == 0.25


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"gate.V_T" = 0.02', '"gate.V_X" = 0.02', "gate.V_X"),
        ('"gate.V_T" = 0.02', '"gate.V_T" = -0.02', "gate.V_T"),
        ('"gate.V_T" = 0.02', '"gate.C_g" = 0.02', "gate.C_g, which is 0"),
        ("[0.5, 1.0]]", "[0.4, 1.0]]", "no correlation matrix"),
        ("read = 0.01", "reed = 0.01", "spread.reed"),
        ("read = 0.01", 'read = "1 S"', "spread.read"),
        ("recovery =", "recovers =", "aging.recovers"),
    ],
)
def test_a_defect_in_spread_or_aging_is_named(tmp_path: Path, old: str, new: str, told: str):
    path = tmp_path / "card.toml"
    path.write_text(CARD + SPREAD.replace(old, new))
    with pytest.raises(InputError, match=told):
        Ecram.load(path)
