"""What the tests share. Tests marked ``spice`` run real ngspice on real SKY130 models and are skipped, with a reason, without them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ionspike.circuit.simulate import Setting
from ionspike.device import Ecram
from ionspike.errors import InputError, RunError
from ionspike.spice import Ngspice, find_process


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes starts first, beside all the others: no worker waits for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session", autouse=True)
def no_cache() -> Iterator[None]:
    """Every test measures: finished runs of earlier ones are not read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IONSPIKE_CACHE", "off")
        yield


@pytest.fixture(scope="session")
def setting() -> Setting:
    """ngspice on SKY130, tt, 27 C."""
    try:
        return Setting(Ngspice.find(), find_process("sky130"))
    except (InputError, RunError) as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of measured records."""
    named = os.environ.get("IONSPIKE_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("no folder of measured records: set IONSPIKE_DATA")
    return Path(named)


@pytest.fixture(scope="session")
def reference() -> Ecram:
    """The reference card."""
    return Ecram.load("reference")
