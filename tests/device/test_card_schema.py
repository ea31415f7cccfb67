"""The JSON schema of cards and the parser of cards are one format: what one takes the other takes, what one refuses the other refuses."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionspike.device import library
from ionspike.device.card_parser import parse_card
from ionspike.device.card_schema import card_schema, schema_text, shipped_schema
from ionspike.device.cards import dump_card
from ionspike.errors import InputError

VALIDATOR = jsonschema.Draft202012Validator(card_schema())
CARDS = {name: tomllib.loads(path.read_text()) for name, path in library().items()}


def _parses(tree: dict[str, Any]) -> bool:
    try:
        parse_card(tree)
    except InputError:
        return False
    return True


def test_the_shipped_schema_is_the_generated_one_and_a_schema():
    assert shipped_schema() == card_schema()
    assert schema_text().startswith("{")
    jsonschema.Draft202012Validator.check_schema(card_schema())


@pytest.mark.parametrize("name", sorted(CARDS))
def test_every_library_card_is_valid_as_it_is_and_as_it_is_written(name: str):
    VALIDATOR.validate(CARDS[name])
    VALIDATOR.validate(tomllib.loads(dump_card(parse_card(CARDS[name]))))


def _put(path: str, value: Any) -> Any:
    def change(tree: dict[str, Any]) -> None:
        *way, last = path.split("/")
        for key in way:
            tree = tree[int(key)] if key.isdigit() else tree[key]
        if value is None:
            del tree[last]
        else:
            tree[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _put("schema", 2),
        _put("name", None),
        _put("name", "Upper"),
        _put("name", 7),
        _put("about", 7),
        _put("extra", 1),
        _put("population", []),
        _put("population", {"tau": "1 s", "g": "1 S"}),
        _put("gate", None),
        _put("gate/V_X", 1.0),
        _put("gate/V_T", None),
        _put("gate/V_T", True),
        _put("gate/V_T", "1 A"),
        _put("gate/V_T", "1,5 V"),
        _put("gate/V_0", 0.0),
        _put("gate/V_0", "-52 mV"),
        _put("gate/J_lim", "1 /s"),
        _put("gate/J_lim", "1 1/s"),
        _put("gate/drive", "drain"),
        _put("gate/polarity", 2),
        _put("population/0/tau", "1 h"),
        _put("population/0/tau", "1 min"),
        _put("population/0/s", 1.0),
        _put("population/0/s", {"value": 0.5, "source": "guessed"}),
        _put("population/0/s", {"source": "fitted"}),
        _put("population/0/s", {"value": 0.5, "source": "published"}),
        _put("population/0/s", {"value": 0.5, "source": "published", "doi": "ncomms4158"}),
        _put("population/0/s", {"value": 0.5, "source": "fitted", "interval": [0.4]}),
        _put("population/0/s", {"value": 0.5, "source": "fitted", "interval": "0.1"}),
        _put("population/0/s", {"value": 0.5, "why": 7}),
        _put("population/0/s", {"value": 0.5, "reason": "x"}),
        _put("weight/w", 1.5),
        _put("weight/G_min", -1e-6),
        _put("temperature", {"T_ref": "27 degC"}),
        _put("spread", {"device": {"population1.tau": -0.1}}),
        _put("spread", {"devices": {}}),
        _put("spread", {"read": "1 S"}),
        _put("spread", {"device": {"gate.V_T": 0.1, "gate.V_0": 0.1}, "correlation": 2.0}),
        _put("aging", {"recovery": "1 day"}),
    ],
)
def test_a_card_that_one_refuses_the_other_refuses(change: Any):
    tree = copy.deepcopy(CARDS["reference"])
    assert _parses(tree) and VALIDATOR.is_valid(tree)
    change(tree)
    assert not VALIDATOR.is_valid(tree)
    assert not _parses(tree)


quantities = st.one_of(
    st.floats(1e-3, 1e3),
    st.tuples(
        st.sampled_from(["1", "2.5", ".5", "7.", "1e-3", "+4", "-2", "1_0", "1,5", "", "x"]),
        st.sampled_from(["", " ", "  "]),
        st.sampled_from(["", "m", "u", "µ", "k", "G", "d", "mm"]),
        st.sampled_from(["s", "S", "V", "s^-1", "h", "min", "Hz", ""]),
    ).map("".join),
)


# V_d is left out: the range of a value with a unit is the parser's to check
@settings(max_examples=300, deadline=None)
@given(value=quantities, key=st.sampled_from(["tau", "g", "c"]), dressed=st.booleans())
def test_any_spelling_of_a_value_is_taken_by_both_or_by_none(value: Any, key: str, dressed: bool):
    tree = copy.deepcopy(CARDS["reference"])
    tree["population"][0][key] = {"value": value, "source": "derived"} if dressed else value
    assert VALIDATOR.is_valid(tree) == _parses(tree)
