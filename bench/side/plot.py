# SPDX-License-Identifier: BSD-2-Clause
"""A case's first figure as a plot: a bar for each subject, a dot for each slice."""
try:
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
except ImportError:
    pyplot = None

COLOURS = {"placed": "#1b6ca8", "loaned": "#3d9be9", "this": "#1b6ca8"}
OTHERS = "#b0b0b0"


def case(entry, path, unit):
    """Writes the plot; whether there was something to draw, and something to draw it with."""
    found = entry["figures"].get(entry["plot"]) or {}
    if pyplot is None or not found:
        return False
    name, factor = unit(entry["plot"])
    figure, axes = pyplot.subplots(figsize=(6.4, 0.7 + 0.5 * len(found)), layout="constrained")
    for row, (subject, values) in enumerate(found.items()):
        points = [v * factor for v in values["values"]]
        axes.barh(row, values["median"] * factor, 0.6, color=COLOURS.get(subject, OTHERS))
        axes.plot(points, [row] * len(points), ".", color="black", alpha=0.4, markersize=4)
    axes.set_yticks(range(len(found)), list(found))
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{entry['plot']}, {name}" if name else entry["plot"])
    axes.set_title(entry["name"], fontsize=10)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return True
