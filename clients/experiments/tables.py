"""A figure's numbers as tables."""

import itertools
from collections.abc import Sequence

from clients.experiments import metrics
from clients.experiments.figure import Numbers
from clients.experiments.results import Results
from clients.experiments.strict import Table


def compute_table(results: Results, table: Numbers) -> Table:
    """Return a table's numbers: mean, deviation and count of seeds in each cell."""
    cells = []
    for row, column in itertools.product(
        results.labels(table.rows, table.where), results.labels(table.columns, table.where)
    ):
        at = results.place(table.where, **{table.rows: row, table.columns: column})
        values = results.values(at, table.metric)
        if values:
            mean, deviation = metrics.spread(values)
            cells.append(
                {"row": row, "column": column, "mean": round(mean, 6), "sd": round(deviation, 6),
                 "seeds": len(values)}
            )  # fmt: skip
    return {
        "name": table.name,
        "title": table.title,
        "metric": table.metric,
        "percent": table.percent,
        "digits": table.digits,
        "columns": results.plan.axis_label(table.columns),
        "cells": cells,
    }


def show(mean: float, deviation: float | None, *, percent: bool, digits: int = 2) -> str:
    """Return `mean ± deviation` as text, in percent or as they are; the value alone where none deviates."""
    times, sign = (100, " %") if percent else (1, "")
    around = "" if deviation is None else f" ± {deviation * times:.{digits}f}"
    return f"{mean * times:.{digits}f}{around}{sign}"


def compute_markdown(table: Table) -> str:
    """Return a computed table as Markdown, with its title above it."""
    rows = list(dict.fromkeys(cell["row"] for cell in table["cells"]))
    columns = list(dict.fromkeys(cell["column"] for cell in table["cells"]))
    shown = {
        (cell["row"], cell["column"]): show(
            cell["mean"],
            cell["sd"] if cell["seeds"] > 1 else None,  # a single seed deviates from nothing
            percent=table["percent"],
            digits=table["digits"],
        )
        for cell in table["cells"]
    }
    axis = f"{table['columns']} = " if table["columns"] else ""
    head = [table["metric"], *(f"{axis}{one}" if one else "all" for one in columns)]
    lines = [f"### {table['title']}", "", _row(head), _row(["---"] * len(head))]
    lines += [_row([row or "all", *(shown.get((row, one), "") for one in columns)]) for row in rows]
    return "\n".join(lines) + "\n\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
