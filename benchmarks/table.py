"""Markdown tables of figures, each row with its ratio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.measure import Figure


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A titled Markdown table."""
    lines = [f"### {title}", "", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def compared(title: str, figures: Mapping[str, Figure], reference: str, *, unit: str = "ms", scale: float = 1.0) -> str:
    """All figures with median, quartiles and the reference's ratio to each.

    The last column reads "ours / theirs": below 1 the reference is the cheaper one.
    """
    mine = figures[reference]
    rows = []
    for name, figure in figures.items():
        lower, upper = figure.quartiles
        ratio = "1" if name == reference else f"{mine.ratio(figure):.2f}"
        rows.append((name, f"{figure.median * scale:.3f}", f"{lower * scale:.3f} - {upper * scale:.3f}", ratio))
    return table(title, ("contender", f"median {unit}", "quartiles", f"{reference} / it"), rows)
