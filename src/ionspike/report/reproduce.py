"""The main job: every claim measured in turn, each kept as soon as it is finished, then one report."""

from __future__ import annotations

import os
import shlex
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ionspike import __version__, files, plotting
from ionspike.circuit.simulate import Setting
from ionspike.device import Ecram
from ionspike.device.cards import dump_card
from ionspike.errors import InputError, RunError
from ionspike.report.claim import Claim, Context
from ionspike.report.journal import Journal, Result, not_run
from ionspike.report.page import write_report
from ionspike.spice.batch import tally
from ionspike.spice.ngspice import Ngspice
from ionspike.spice.process import find_process


@dataclass(frozen=True)
class Options:
    """What ``ionspike reproduce`` takes. ``only``: claims to measure, all if empty; ``data``: folder of measured records, the
    environment variable ``IONSPIKE_DATA`` if left out."""

    out: Path
    quick: bool = False
    device: str = "reference"
    data: Path | None = None
    only: tuple[str, ...] = ()
    workers: int | None = None

    def command(self, claim: str) -> str:
        """The command that measures one claim again."""
        words = ["ionspike", "reproduce", "--only", claim]
        words += ["--quick"] if self.quick else []
        words += ["--device", self.device] if self.device != "reference" else []
        return shlex.join(words)


def reproduce(options: Options, tell: Callable[[str], None] = print) -> list[Result]:
    """Measure the claims and write the report into ``options.out``; results in the order of the report.

    Raises:
        InputError: a card, a claim, the data folder or the output folder that is not what it should be; nothing is written then.
        RunError: a simulation failed; earlier results and the claims finished so far stay.
    """
    claims = _selected(options.only)
    reference = Ecram.load(options.device)
    data = _data_folder(options.data)
    files.check_folder(options.out)
    setting, missing = _setting()
    if missing:
        tell(f"{missing}\nclaims that need transistors will read not-run")
    context = Context(
        reference=reference,
        band_pass=Ecram.load("band-pass"),
        quick=options.quick,
        data=data,
        setting=setting,
        workers=options.workers or _cores(),
    )
    journal = Journal(options.out / ".unfinished", _key(options, context, claims))
    started = time.monotonic()
    results = [_measure(claim, context, options, journal, tell, (k, len(claims))) for k, claim in enumerate(claims, 1)]
    write_report(options.out, results, reference)
    journal.remove()
    passed = sum(result.record["status"] == "passed" for result in results)
    tell(f"{passed} of {len(results)} claims passed in {time.monotonic() - started:.0f} s")
    tell(f"report: {options.out / 'report.html'}")
    return results


def _measure(
    claim: Claim,
    context: Context,
    options: Options,
    journal: Journal,
    tell: Callable[[str], None],
    place: tuple[int, int],
) -> Result:
    head = f"[{place[0]:2d}/{place[1]}] {claim.id:<22s}"
    command = options.command(claim.id)
    if claim.needs_transistors and context.setting is None:
        tell(f"{head} not-run")
        return not_run(claim, "This machine lacks ngspice or the SKY130 transistor models.", command)
    kept = journal.find(claim.id)
    if kept is not None:
        tell(f"{head} {kept.record['status']} (kept from the run before)")
        return kept
    context.progress = lambda line: tell(f"{'':8s}{claim.id}: {line}")
    started, before = time.monotonic(), tally.counts()
    try:
        with plotting.look(), _heard() as heard:
            outcome = claim.measure(context)
    except RunError as error:
        raise RunError(f"{claim.id}: {error}") from error
    notes = [*heard, *_origin(tally.counts() - before)]
    for note in notes:
        context.progress(note)
    outcome = replace(outcome, notes=(*outcome.notes, *notes))
    seconds = time.monotonic() - started
    result = journal.keep(claim, outcome, command, seconds)
    failed = [item.name for item in (*outcome.checks, *outcome.control) if not item.passed]
    tell(f"{head} {result.record['status']} ({seconds:.1f} s)" + (f": {', '.join(failed)}" if failed else ""))
    return result


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What this package warns of meanwhile, such as a cell outside its range: sentences for the report. Other warnings go their way."""
    notes: list[str] = []
    with warnings.catch_warnings():
        show = warnings.showwarning

        def hear(message: Warning | str, category: type[Warning], *where: Any) -> None:
            if category.__module__.startswith("ionspike."):
                notes.append(f"Note: {message}.")
            else:
                show(message, category, *where)

        warnings.showwarning = hear
        yield notes


def _origin(counts: Counter[str]) -> list[str]:
    """What a reader must know about the circuit runs behind a claim: which were not made now, and which took more than one try."""
    notes = []
    if counts["cached"]:
        notes.append(
            f"{counts['cached']} of {counts['runs']} circuit runs were read from the cache of finished runs; "
            "ionspike --no-cache reproduce makes all of them again."
        )
    if counts["retried"]:
        notes.append(f"{counts['retried']} of {counts['runs']} circuit runs finished only on a later try.")
    return notes


def _selected(only: tuple[str, ...]) -> list[Claim]:
    from ionspike.report.claims import CLAIMS

    known = {claim.id: claim for claim in CLAIMS}
    for name in only:
        if name not in known:
            raise InputError(f"there is no claim {name!r}; expected one of {', '.join(known)}")
    return [claim for claim in CLAIMS if not only or claim.id in only]


def _data_folder(given: Path | None) -> Path | None:
    if given is not None:
        if not given.is_dir():
            raise InputError(f"{given} is not a folder; expected the folder of measured records")
        return given
    named = os.environ.get("IONSPIKE_DATA")
    if named and not Path(named).is_dir():
        raise InputError(f"IONSPIKE_DATA is {named}, which is not a folder; expected the folder of measured records")
    return Path(named) if named else None


def _cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _setting() -> tuple[Setting | None, str]:
    try:
        return Setting(Ngspice.find(), find_process("sky130")), ""
    except (InputError, RunError) as error:
        return None, str(error)


def _key(options: Options, context: Context, claims: list[Claim]) -> dict[str, object]:
    setting = context.setting
    return {
        "version": __version__,
        "quick": options.quick,
        "reference": dump_card(context.reference),
        "band-pass": dump_card(context.band_pass),
        "data": str(context.data),
        "engine": None if setting is None else [setting.engine.name, setting.engine.version],
        "process": None if setting is None else [setting.process.name, setting.process.version],
        "claims": [claim.id for claim in claims],
    }
