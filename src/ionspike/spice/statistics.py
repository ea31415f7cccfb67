"""The foundry's statistics, switched on in a slice of its models: mismatch between transistors, spread of the process.

SKY130's library draws the mismatch of a transistor with ``AGAUSS`` behind the switch ``MC_MM_SWITCH``: a shift of V_T with standard
deviation ``sw_mm_vth0 / sqrt(W L)``. Of the process it says what varies, and by how much, in ``vary NAME dist= std=`` lines, written
for another simulator and comments to ngspice; what stands there for ngspice leaves most of it out (the shifts of V_T and of the oxide
stay at 0, the junctions' share of a nominal 0 is 0). Here those lines are carried out as they are meant. All draws of a run come from
ngspice's generator in the order of the netlist, so that one seed is one chip: what is added behind a transistor does not move it.
"""

from __future__ import annotations

import re

from ionspike.errors import RunError

SECTIONS = {"tt_mm": (1, 0), "mc": (1, 1)}  # switches of mismatch and process, by the foundry's name of the section
_VARY = re.compile(
    r"^\*\s+vary\s+(?P<name>\w+)\s+dist=(?P<dist>gauss|lnorm)\s+std=(?P<std>[0-9.e+-]+)\*process_mc_factor(?P<percent>\s+percent=yes)?",
    re.MULTILINE,
)


def statistical(text: str, section: str) -> str:
    """The models ``text``, the slice of corner tt, as the statistical ``section``: ``tt_mm`` (mismatch) or ``mc`` (process too).

    Raises:
        RunError: the text lacks the switches or a parameter that its own statistics name.
    """
    mismatch, process = SECTIONS[section]
    text, found = re.subn(
        r"MC_MM_SWITCH=0 MC_PR_SWITCH=0", f"MC_MM_SWITCH={mismatch} MC_PR_SWITCH={process}", text, count=1
    )
    if not found:
        raise RunError("the models have no switches for mismatch and process")
    text = re.sub(r"^\.(lib|endl) tt$", rf".\1 {section}", text, flags=re.MULTILINE)
    for vary in process_spread(text):
        text = _varied(text, *vary)
    return text


def process_spread(text: str) -> list[tuple[str, str, float, bool]]:
    """What the foundry's text says varies with the process: name, distribution, standard deviation, whether that is in per cent."""
    kept = {}
    for found in _VARY.finditer(text):
        kept[found["name"]] = (found["name"], found["dist"], float(found["std"]), found["percent"] is not None)
    return list(kept.values())


def _varied(text: str, name: str, dist: str, std: float, percent: bool) -> str:
    """``text`` with the parameter ``name`` drawn about the value it has there."""
    pattern = re.compile(rf"^(?P<head>(?:\.param|\+)\s+{name}\s*=\s*)(?P<value>\{{[^}}]*\}}|\S+).*$", re.MULTILINE)
    found = pattern.search(text)
    if found is None:
        raise RunError(f"the models say that {name} varies, and do not define it")
    value = found["value"].strip("{}")
    draw = f"process_mc_factor*MC_PR_SWITCH*AGAUSS(0,{std!r},1)"
    if dist == "lnorm":
        drawn = f"({value})*exp({draw})"
    elif percent:
        drawn = f"({value})*(1+{draw}/100)"
    else:
        drawn = f"({value})+{draw}"
    return text[: found.start()] + found["head"] + "{" + drawn + "}" + text[found.end() :]
