"""W1 in NEST: iaf_psc_delta and tsodyks2_synapse, whose parameters are those of each synapse."""

from __future__ import annotations

import time

from benchmarks.network import w1


def tools(net: w1.W1, runs: int, step: float = w1.STEP) -> list[w1.Tool]:
    """One thread."""
    return [_tool(net, runs, step)]


def _tool(net: w1.W1, runs: int, step: float) -> w1.Tool:
    import nest

    nest.set_verbosity("M_ERROR")
    seconds, setup, count = [], 0.0, 0
    yield
    for _ in range(runs):
        nest.ResetKernel()
        nest.set(resolution=step * 1e3, local_num_threads=1, rng_seed=net.seed, print_time=False)
        begun = time.perf_counter()
        neurons = nest.Create(
            "iaf_psc_delta", net.neurons,
            {"tau_m": w1.TAU * 1e3, "V_th": w1.THRESHOLD * 1e3, "E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "t_ref": w1.REFRACTORY * 1e3},
        )  # fmt: skip
        # tau_rec of a microsecond: resources are back at every spike, and u alone remains
        parameters = {
            "U": w1.U,
            "u": 0.0,
            "tau_fac": w1.TAU_F * 1e3,
            "tau_rec": 1e-3,
            "weight": w1.WEIGHT * 1e3,
            "delay": w1.DELAY * 1e3,
        }
        nest.CopyModel("tsodyks2_synapse", "facilitating", parameters)
        source, target = net.pairs()
        first = neurons[0].global_id
        nest.Connect(source + first, target + first, conn_spec="one_to_one", syn_spec={"synapse_model": "facilitating"})
        drive = nest.Create("poisson_generator", 1, {"rate": w1.DRIVE})
        nest.Connect(drive, neurons, syn_spec={"weight": w1.DRIVE_WEIGHT * 1e3, "delay": w1.DELAY * 1e3})
        recorder = nest.Create("spike_recorder")
        nest.Connect(neurons, recorder)
        nest.Prepare()
        setup = time.perf_counter() - begun
        begun = w1.now()
        nest.Run(net.duration * 1e3)
        seconds.append(w1.since(begun))
        nest.Cleanup()
        count = int(recorder.n_events)
        yield
    return w1.row(net, "nest", nest.__version__, 1, True, seconds, setup, count, "tsodyks2_synapse")
