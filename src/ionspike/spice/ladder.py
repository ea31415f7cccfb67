"""What is tried when a run does not converge: one change after the other, each named in the result, the mildest first.

ngspice gives up with "timestep too small" when Newton's method fails however short the step. It leaves a spike's steep edges most
often on the first steps after a corner of a source, or where a regenerative stage tips: a shorter longest step lands elsewhere, a
smaller tolerance keeps the start of each step close, and the other integration rule takes other steps altogether. Gmin and source
stepping belong to operating points, which a run from stated initial conditions has none of; and ngspice never takes fewer than 100
iterations of Newton's method a step, whatever ``itl4`` says, so only a larger one is a change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ionspike.spice.engine import Accuracy, Job

AS_ASKED = "as asked"
_GMIN = 1e-15  # S: a thousandth of ngspice's default, ten times ours; 0.3 fA at 0.3 V


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: its name in results and logs, and what it does to the job as it was asked for."""

    name: str
    change: Callable[[Job], Job]


def _accuracy(job: Job, **changes: object) -> Job:
    return replace(job, accuracy=replace(job.accuracy, **changes))  # type: ignore[arg-type]


def _gmin(accuracy: Accuracy) -> float:
    return max(accuracy.gmin, _GMIN)


def _shorter(job: Job, factor: float) -> Job:
    return replace(job, transient=replace(job.transient, max_step=job.transient.max_step / factor))


def _other_rule(job: Job) -> Job:
    return _accuracy(job, method="trap" if job.accuracy.method == "gear" else "gear", gmin=_gmin(job.accuracy))


def _last(job: Job) -> Job:
    tight = _accuracy(job, reltol=job.accuracy.reltol / 10, gmin=_gmin(job.accuracy), iterations=500)
    return _shorter(tight, 25)


LADDER = (
    Rung("", lambda job: job),
    Rung("max step / 5", lambda job: _shorter(job, 5)),
    Rung("gmin 1e-15", lambda job: _accuracy(job, gmin=_gmin(job.accuracy))),
    Rung("reltol / 10", lambda job: _accuracy(job, reltol=job.accuracy.reltol / 10)),
    Rung("other integration rule, gmin 1e-15", _other_rule),
    Rung("reltol / 10, gmin 1e-15, max step / 25, itl4 500", _last),
)
