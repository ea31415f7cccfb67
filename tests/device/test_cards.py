"""Cards: what is saved is read back, and what is wrong is named with file and key."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionspike.device import Ecram, library
from ionspike.errors import InputError

# the card below leaves reasons out on purpose: one test asserts the warning, the others are about something else
pytestmark = pytest.mark.filterwarnings("ignore:.*no reason is given:UserWarning")

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


@pytest.mark.parametrize("name", list(library()))
def test_library_cards_say_where_every_value_is_from(name: str):
    card = Ecram.load(name)
    assert card.about
    for where, origin in card.origins.items():
        assert origin.why, f"{name}: {where}"
    written = tomllib.loads(library()[name].read_text())
    sections = [written["gate"], written["weight"], *written["population"], written.get("temperature", {})]
    for key, entry in [item for section in sections for item in section.items()]:
        assert key == "drive" or "source" in entry, f"{name}: {key} stands bare"


def test_about_doi_and_interval_survive_a_round_trip(tmp_path: Path):
    published = (
        'tau = { value = "25 ms", source = "published", doi = "10.1038/ncomms4158", why = "its \\"1/e\\" time" }'
    )
    fitted = 'g = { value = "120 uS", source = "fitted", interval = ["110 uS", "0.131 mS"] }'
    text = CARD.replace('tau = "10 ms"', published).replace('g = "120 uS"', fitted)
    (tmp_path / "card.toml").write_text(text.replace('name = "mine"', 'name = "mine"\nabout = "two\\nlines, µS"'))
    card = Ecram.load(tmp_path / "card.toml")
    again = Ecram.load(card.save(tmp_path / "again.toml"))
    assert again == card and again.origins == card.origins and again.about == card.about == "two\nlines, µS"
    assert again.origins["population1.g"].interval == (110e-6, 131e-6)
    assert again.origins["population1.tau"].doi == "10.1038/ncomms4158"


def test_a_value_that_was_changed_loses_its_origin(tmp_path: Path):
    (tmp_path / "card.toml").write_text(CARD)
    card = Ecram.load(tmp_path / "card.toml")
    moved = replace(card, gate=replace(card.gate, V_T=1.3))
    assert Ecram.load(moved.save(tmp_path / "again.toml")).origins["gate.V_T"].source == "derived"


def test_a_value_without_a_reason_is_taken_with_a_warning(tmp_path: Path):
    (tmp_path / "card.toml").write_text(CARD)
    with pytest.warns(UserWarning, match=r"no reason is given for gate.V_0, .*taken as assumed"):
        Ecram.load(tmp_path / "card.toml")


def test_a_temperature_is_read_in_kelvin(tmp_path: Path):
    (tmp_path / "card.toml").write_text(CARD + '[temperature]\nT_ref = "300.15 K"\nE_tau = "0.5 eV"\n')
    warm = Ecram.load(tmp_path / "card.toml").at_temperature(330.0)
    assert Ecram.load(warm.save(tmp_path / "again.toml")) == warm


def test_any_number_is_written_so_that_it_reads_back_the_same():
    unit = {"V": "gate.V_T", "s^-1": "gate.J_lim", "S": "weight.G_min", "K": "temperature.T_ref"}

    @given(st.floats(1e-3, 1e12), st.sampled_from(sorted(unit)))
    def check(value: float, of: str):
        from ionspike.device.cards import _written
        from ionspike.units import quantity

        text = _written(value, of).strip('"')
        assert quantity(text, of) == value

    check()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('V_0 = "52 mV"', "", "gate.V_0 is missing"),
        ('V_0 = "52 mV"', 'V_0 = "52 ms"', "gate.V_0"),
        ('V_0 = "52 mV"', 'V_zero = "52 mV"', "V_zero"),
        ('tau = "10 ms"', 'tau = "1 h"', "population1.tau"),
        ('tau = "10 ms"', 'tau = { value = "1 s", source = "guessed" }', "guessed"),
        (
            'tau = "10 ms"',
            'tau = { value = "1 s", source = "published" }',
            "population1.tau is published, but not said where",
        ),
        ('tau = "10 ms"', 'tau = { value = "1 s", source = "published", doi = "x" }', "population1.tau.doi is 'x'"),
        ('tau = "10 ms"', 'tau = { value = "1 s", interval = ["2 s", "3 s"] }', "expected one that holds the value"),
        ('tau = "10 ms"', 'tau = { value = "1 s", interval = "2 s" }', r"expected \[low, high\]"),
        ('tau = "10 ms"', 'tau = { value = "1 s", why = 3 }', "why of population1.tau is 3"),
        ('name = "mine"', 'name = "mine"\nabout = 3', "about of the card is 3"),
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
