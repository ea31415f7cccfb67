"""The names that a net's arrays and the columns of its tables have in the compiled loops.

Neurons and inputs share one numbering: neurons first, population by population, inputs after them. Neurons are cut into *blocks* that
may be worked on side by side; the synapses of a projection are stored by block of their target, then by source, then by delay. A
*bundle* is what one projection has in one block. How neurons are cut never depends on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

# kinds of synapse: what makes an arrival's size out of its weight
STATIC, SHARED, OWN_AFTER, OWN_MEAN, CARDS, CELL = range(6)
# rules of a state that all synapses of a source share
BY_CARD, TSODYKS_MARKRAM = range(2)
# rule of a calibrated synapse whose sender widens and narrows its spikes
SPIKE_WIDTH = 2
# how a block is advanced: LIF under charges, LIF whose every arrival is walked, calibrated cells
SUMMED, WALKED, CELLS = range(3)
# neurons of a Poisson input whose spikes are drawn as one process: a superposition of Poisson processes is one
CHUNK = 1024
# spikes of a chunk that are drawn at once
BATCH = 256
# places in ``kernel``
KERNELS = 9
K_ADVANCE, K_DELIVER, K_DRIVE, K_SETTLE, K_CHOOSE, K_KEEP, K_COLLECT, K_WALK, K_WALK_CELLS = range(9)
# how the rate of a Poisson drive changes
STEADY, SINE, PIECEWISE = range(3)

# columns of ``projection``: -1 where it has none. FIRST_RECORD: where its records begin; RECORD0: where those of neuron 0 would begin, target
# included, if its targets draw it; COLUMNS of a record, of which DELAYED is the delay; ROWS0, ROWS: its rows in ``rows``, and how many
PROJECTION_COLUMNS = 16
(
    KIND,
    RULE,
    FIRST_RECORD,
    RECORD0,
    COLUMNS,
    GAINED,
    DELAYED,
    ROWS0,
    ROWS,
    SOURCE0,
    SOURCES,
    STATE0,
    CARD0,
    SIGN,
    CHANNEL,
    OUTSIDE,
) = range(16)
# columns of ``constants``, one row a projection
CONSTANTS_COLUMNS = 11
DELAY, LONGEST, X_REST, X_PULSE, BASE, GAIN, WIDTH, RAIL, TM_U, TM_FACILITATION, TM_RECOVERY = range(11)
# columns of ``bundle``, of ``block``, of ``population``
BUNDLE_COLUMNS, BLOCK_COLUMNS, POPULATION_COLUMNS = 3, 8, 6
B_PROJECTION, B_ROWS, B_LONGEST = range(3)
POPULATION, LOW, HIGH, BUNDLE_LOW, BUNDLE_HIGH, DRIVE_LOW, DRIVE_HIGH, MODE = range(8)
THRESHOLD, RESET, TAU, REFRACTORY, V_INF, DEAD = range(6)
# columns of ``drive_table`` and ``drive_values``
DRIVE_COLUMNS, SHAPE_COLUMNS = 9, 3
D_PROJECTION, D_FIRST, D_SHAPE, D_EDGE0, D_EDGES, D_LOW, D_HIGH, D_CHUNK0, D_EVEN = range(9)
DEPTH, FREQUENCY, PHASE = range(3)
# columns of ``energy``: J read from rails, J of input pulses, C drawn by the waiting stage, C passed
ENERGY_COLUMNS = 4
READ, PULSES, KEEPER, CHARGE = range(4)
# columns of ``part``: projection, number of its first synapse, that synapse's target in ``records``, synapses of the row, how many are
# due, where their sizes are, source
PART_COLUMNS = 7
P_PROJECTION, P_NUMBER, P_RECORD, P_STRIDE, P_DUE, P_SIZES, P_SOURCE = range(7)
# A record has the synapses of one source in one block: all their targets, then all their weights, and so on, so that a spike finds them in
# one place of memory. Targets are whole numbers as wide as the reals. Dose: U of a state taken after the pulse, -ln(1 - U) of one averaged
# over it; rate: release (1/s); state: after the last pulse; gain: size per x; a delay (s) is the last column.
# A projection that its targets draw has records of one synapse without a target.
R_TARGET, R_WEIGHT, R_DOSE, R_RATE, R_STATE, R_GAIN = range(6)
MAX_STATES = 5
INNER, PINNED = 4, 3  # inner states of a cell; the last of them is a time
CELL_PARAMETERS, LEAK_POINTS, PULSE_COLUMNS = (
    701,
    501,
    4,
)  # as dynamics.pack gives them; ion time, J a pulse, J/C of the rail, F

# columns of ``placed_law``: where the device is, its states, and the law of a spike as placed_dynamics.pack_own gives it
PLACED_WHERE, PLACED_COUNT, PLACED_LAW = range(3)

# the arrays, by the name they have in :class:`~ionspike.network.memory_table.Memory`; in the order of :data:`ARRAYS`
(
    AT_RECORDS,
    AT_ROWS,
    AT_DEVICE_STATE,
    AT_DEVICE_CARD,
    AT_DEVICE_LAST,
    AT_CARD_MAP,
    AT_CARD_CONDUCTANCE,
    AT_CARD_COUNT,
    AT_DRIVE_TABLE,
    AT_DRIVE_VALUES,
    AT_STREAM,
    AT_NEXT,
    AT_BATCH_TIME,
    AT_BATCH_NEURON,
    AT_BATCH_USED,
    AT_BATCH_SIZE,
    AT_SHARE,
    AT_DRAWN,
    AT_MEAN,
    AT_DRIVE_LAST,
    AT_EDGES,
    AT_LEVEL,
    AT_V,
    AT_FREE,
    AT_DROP,
    AT_LAST,
    AT_ENERGY,
    AT_CELL_SYNAPSE,
    AT_CELL_GATE,
    AT_CELL_ROWS,
    AT_CELL_G,
    AT_CELL_COUNT,
    AT_SOMA,
    AT_LEAK,
    AT_CELL_PULSE,
    AT_PLACED_LAW,
    AT_PLACED,
    AT_PLACED_GATE,
    AT_PLACED_ROWS,
    AT_PLACED_G,
    AT_PLACED_STATE,
    AT_PLACED_LAST,
    AT_PROJECTION,
    AT_CONSTANTS,
    AT_BUNDLE,
    AT_BLOCK,
    AT_POPULATION,
    AT_FIRST,
    AT_OUTGOING,
    AT_DRIVEN,
    AT_KERNEL,
    AT_SIZE_KERNEL,
    AT_EFFICACY_KERNEL,
    AT_USE_KERNEL,
    AT_PENDING_TIME,
    AT_PENDING_SOURCE,
    AT_PENDING_INTERVAL,
    AT_PENDING_EFFICACY,
    AT_PENDING_COUNT,
    AT_EXCITATION,
    AT_INHIBITION,
    AT_SLOT,
    AT_FLAG,
    AT_SIZE,
    AT_PART,
    AT_WHEN,
    AT_DRIVE_AT,
    AT_DRIVE_TIME,
    AT_DRIVE_SIZE,
    AT_DRIVE_OF,
    AT_DRIVE_GAPS,
    AT_DRIVE_DOSES,
    AT_LEFT,
    AT_BATCH_GAP,
    AT_PLACE,
    AT_TIME,
    AT_VALUE,
    AT_GROWN,
    AT_FALLEN,
    AT_ORDER,
    AT_SYNAPSE,
    AT_FOLLOWING,
    AT_SORTED,
    AT_SORTED_TIME,
    AT_HEAD,
    AT_CHOSEN,
    AT_AWAKE,
    AT_EARLIEST,
    AT_SUM,
    AT_SUM_UP,
    AT_MAY_FIRE,
    AT_FIRED,
    AT_FIRED_AT,
    AT_FIRED_WIDTH,
    AT_ARRIVED,
    AT_EVENTS,
    AT_SPIKES,
    AT_FEED_TIME,
    AT_FEED_FROM,
    AT_FEED_POPULATION,
    AT_OUT_TIME,
    AT_OUT_FROM,
    AT_WINDOW_EDGES,
    AT_NEED,
) = range(104)

# what they hold:
#   records: of synapses, see R_TARGET
#   rows: by bundle and source: its first synapse, counted from the projection's
#   device_state: one row a device of the general law
#   device_card: the card each follows
#   device_last: end of a cell's last pulse (s)
#   card_map: by card and state: Riccati coefficients (1/s) at rest and in a pulse
#   card_conductance: G_min, span, G_off, that of the rested device, g_k (S)
#   card_count: states
#   drive_table: Poisson inputs drawn by their targets
#   drive_values: depth, frequency, phase
#   stream: of random numbers
#   next: where the next batch of a chunk of a Poisson input begins (s)
#   batch_time: spikes of the present one (s)
#   batch_used: how many of them have been asked for
#   share: of a chunk's rate up to and with each neuron
#   drawn: numbers used up
#   mean: interval of a chunk at the peak rate (s)
#   drive_last: last arrival at each neuron (s)
#   edges: of piecewise rates (s)
#   level: over the peak
#   v: membrane (V)
#   free: end of the refractory time; how far a cell has been followed (s)
#   drop: of a cell's inner node, and the rise of its output (V)
#   last: spike (s), inputs too
#   energy: see ENERGY_COLUMNS
#   cell_synapse: by projection, packed
#   cell_count: states
#   soma: by population, packed
#   leak: on its grid
#   placed_law: by population: the device that a neuron gates with its own spikes; placed, placed_gate, placed_rows, placed_g: packed
#   placed_state: by neuron; placed_last: when it was (s)
#   first: outgoing projections of population p: outgoing[first[p]:first[p + 1]]
#   driven: by block: Poisson arrivals per second at the peak
#   kernel: addresses, see K_DELIVER
#   size_kernel: by projection: what makes sizes of arrivals
#   efficacy_kernel: by projection: what moves a shared state
#   use_kernel: by drive: what makes sizes of them
#   pending_time: spikes on their way, by projection (s)
#   pending_interval: before the spike (s)
#   pending_efficacy: of a shared state; width of a spike (s)
#   excitation: of the window, decayed to its end (V)
#   slot: place of a neuron among the chosen
#   flag: whether it is chosen
#   size: of arrivals
#   part: one spike at one bundle
#   when: it was fired (s)
#   drive_at: arrivals of drives
#   drive_gaps: exponents of their decay since the last
#   left: of the drive's arrivals at the end of the window
#   batch_gap: intervals of a batch that is being drawn, over their mean
#   place: arrivals of chosen neurons
#   grown: what grows from the window's start to an arrival as a membrane falls
#   order: of simultaneous ones
#   following: in the chain of one neuron
#   chosen: neurons to be walked
#   awake: when they begin to hear arrivals (s)
#   earliest: growth up to their earliest arrival
#   sum: of the membrane above rest and of arrivals, each times its growth (V); sum_up: of those that excite
#   may_fire: places among the chosen
#   fired_width: of each spike of a net with devices in delay paths (s); no room in others
#   feed_time: spikes of listed inputs, in time (s)
#   out_time: spikes of the neurons (s)
#   window_edges: of the windows to run (s)
#   need: what a window may need, see the loop
ARRAYS = (
    "records",
    "rows",
    "device_state",
    "device_card",
    "device_last",
    "card_map",
    "card_conductance",
    "card_count",
    "drive_table",
    "drive_values",
    "stream",
    "next",
    "batch_time",
    "batch_neuron",
    "batch_used",
    "batch_size",
    "share",
    "drawn",
    "mean",
    "drive_last",
    "edges",
    "level",
    "v",
    "free",
    "drop",
    "last",
    "energy",
    "cell_synapse",
    "cell_gate",
    "cell_rows",
    "cell_g",
    "cell_count",
    "soma",
    "leak",
    "cell_pulse",
    "placed_law",
    "placed",
    "placed_gate",
    "placed_rows",
    "placed_g",
    "placed_state",
    "placed_last",
    "projection",
    "constants",
    "bundle",
    "block",
    "population",
    "first",
    "outgoing",
    "driven",
    "kernel",
    "size_kernel",
    "efficacy_kernel",
    "use_kernel",
    "pending_time",
    "pending_source",
    "pending_interval",
    "pending_efficacy",
    "pending_count",
    "excitation",
    "inhibition",
    "slot",
    "flag",
    "size",
    "part",
    "when",
    "drive_at",
    "drive_time",
    "drive_size",
    "drive_of",
    "drive_gaps",
    "drive_doses",
    "left",
    "batch_gap",
    "place",
    "time",
    "value",
    "grown",
    "fallen",
    "order",
    "synapse",
    "following",
    "sorted",
    "sorted_time",
    "head",
    "chosen",
    "awake",
    "earliest",
    "sum",
    "sum_up",
    "may_fire",
    "fired",
    "fired_at",
    "fired_width",
    "arrived",
    "events",
    "spikes",
    "feed_time",
    "feed_from",
    "feed_population",
    "out_time",
    "out_from",
    "window_edges",
    "need",
)
