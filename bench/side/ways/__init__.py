# SPDX-License-Identifier: BSD-2-Clause
"""How a case is measured, by the name in its row: each takes the bench and the case."""
from ways.idle import idle
from ways.inside import inside
from ways.kernel import kernel
from ways.latency import latency
from ways.overload import overload
from ways.rate import rate
from ways.scale import scale

WAYS = {"rate": rate, "inside": inside, "latency": latency, "idle": idle, "overload": overload,
        "scale": scale, "kernel": kernel}
