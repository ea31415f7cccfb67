"""A device in words and in a picture."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ionspike.device import Aging, Ecram, Spread, library
from ionspike.device.portrait import reference_pulse


@pytest.mark.parametrize("name", list(library()))
def test_every_library_card_draws_itself(name: str):
    card = Ecram.load(name)
    assert card._repr_png_().startswith(b"\x89PNG")
    left, right = card.plot().axes
    assert left.get_ylabel() == "G (uS)" and right.get_xlabel() == "overpotential (V)"


def test_the_reference_pulse_fills_its_share(reference: Ecram):
    assert reference_pulse(reference).after(1, 1.0)[0] == pytest.approx(0.3, abs=0.01)


def test_every_value_that_is_not_its_default_is_printed_with_its_unit(reference: Ecram):
    first = replace(reference.populations[0], c=8.0, V_d=0.2)
    card = replace(
        reference,
        gate=replace(reference.gate, V_rest=0.03, R_g=1e9),
        populations=(first,),
        spread=Spread({"population1.tau": 0.1}, read=0.01),
        aging=Aging(wear_per_second=1e-9),
    )
    text = str(card)
    for part in (
        "V_rest 30 mV",
        "R_g 1 Gohm",
        "tau 10 ms",
        "q 10 fC",
        "V_d 200 mV",
        "c 8",
        "G_max 150 uS",
        "T_ref 300.1",
    ):
        assert part in text
    assert "population1.tau 10 %" in text and "read 1 %" in text and "wear_per_second 1e-09 s^-1" in text


def test_devices_compare_and_hash_by_their_values_and_not_by_origins(reference: Ecram):
    bare = replace(reference, origins={})
    assert bare == reference and hash(bare) == hash(reference)
    assert replace(reference, spread=Spread(read=0.01)) != reference
    assert len({reference, bare, reference.with_weight(0.5)}) == 2
