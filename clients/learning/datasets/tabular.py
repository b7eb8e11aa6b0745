"""Lending Club loans: will this one be charged off? (paper stake_vote §5.1.1)"""

import csv
import gzip
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from clients.learning.datasets.base import Dataset, FloatArray
from clients.learning.datasets.sources import RemoteFile, Sources
from clients.types.errors import RequestError, UnavailableError
from clients.types.learning import Task

_LOANS_45K = RemoteFile(
    "lending-club-45k.csv.gz",
    "sha256:de10007e08c98cbe563c88711fde73ccdc882474544a7e5c3d2d22a2cda6d7e1",
    (
        "https://raw.githubusercontent.com/gedeck/practical-statistics-for-data-scientists/"
        "49d6e318a1c0db4d3080ad47304d6d1cf21935d8/data/loan_data.csv.gz",
    ),
)
# The names of Kaggle's file of all loans, and of a sample of it with the same columns.
_KAGGLE_NAMES = (
    "accepted_2007_to_2018Q4.csv.gz",
    "accepted_2007_to_2018Q4.csv",
    "lending-club-raw-schema-2k.csv.gz",
)
_LABELS = {"Fully Paid": 0, "Charged Off": 1}
_TRAIN_SHARE = 0.8


@dataclass(frozen=True)
class _Columns:
    """Which columns are read, and how: only those known when the loan was granted.

    It is an allow-list, since columns that a lender fills in later (recoveries, payments, last_fico_*,
    hardship_*, settlements, even the row number of the 45k file, which is sorted by outcome) give the label
    away. Categories are spelled out, so that the width of a row does not depend on the sample.
    """

    label: str
    numbers: Mapping[str, Callable[[str], float]]
    categories: Mapping[str, tuple[str, ...]]


def _log(text: str) -> float:
    return float(np.log1p(max(float(text), 0.0)))


def _years(text: str) -> float:
    """Return "< 1 year" as 0, "10+ years" as 10."""
    return 0.0 if text.startswith("<") else float(text.rstrip("+ years"))


def _sub_grade(text: str) -> float:
    """Return A1 to G5 as 0 to 34."""
    return 5.0 * "ABCDEFG".index(text[0]) + float(text[1:]) - 1.0


_PURPOSES = (
    "car",
    "credit_card",
    "debt_consolidation",
    "home_improvement",
    "house",
    "major_purchase",
    "medical",
    "moving",
    "other",
    "small_business",
    "vacation",
    "wedding",
)
_TERMS = ("36 months", "60 months")
_HOMES = ("MORTGAGE", "OTHER", "OWN", "RENT")
_COLUMNS_45K = _Columns(
    label="status",
    numbers={
        "loan_amnt": float,
        "annual_inc": _log,
        "dti": float,
        "payment_inc_ratio": float,
        "revol_bal": _log,
        "revol_util": float,
        "delinq_2yrs_zero": float,
        "pub_rec_zero": float,
        "open_acc": float,
        "grade": float,
        "emp_length": float,
        "borrower_score": float,
    },
    categories={"term": _TERMS, "home_ownership": _HOMES, "purpose": _PURPOSES},
)
_COLUMNS_KAGGLE = _Columns(
    label="loan_status",
    numbers={
        "loan_amnt": float,
        "int_rate": float,
        "installment": float,
        "sub_grade": _sub_grade,
        "emp_length": _years,
        "annual_inc": _log,
        "dti": float,
        "delinq_2yrs": float,
        "fico_range_low": float,
        "inq_last_6mths": float,
        "open_acc": float,
        "pub_rec": float,
        "revol_bal": _log,
        "revol_util": float,
        "total_acc": float,
        "mort_acc": float,
        "pub_rec_bankruptcies": float,
    },
    categories={
        "term": _TERMS,
        "home_ownership": _HOMES,
        "purpose": (*_PURPOSES, "renewable_energy", "educational"),
        "verification_status": ("Not Verified", "Source Verified", "Verified"),
        "application_type": ("Individual", "Joint App"),
    },
)


def load_lending_club(sources: Sources) -> Dataset:
    """Return loans as rows of standardised numbers and one-hot categories; label 1 is "Charged Off".

    The source is Kaggle's `accepted_2007_to_2018Q4.csv[.gz]` if the user has it, else a rebalanced extract of
    45,342 loans, which is downloaded. Rows with a missing value and loans neither paid nor charged off are
    dropped (§5.1.1); 80 % of the rest, in a fixed random draw, is the training set.
    """
    path = sources.bundle(*_KAGGLE_NAMES[:2], _LOANS_45K.name, _KAGGLE_NAMES[2])
    if path is None:
        (path,) = sources.fetch("lending_club", [_LOANS_45K], _KAGGLE_NAMES[0])
    numbers, categories, labels = _read(
        path, _COLUMNS_45K if path.name == _LOANS_45K.name else _COLUMNS_KAGGLE
    )
    order = np.random.default_rng(45).permutation(len(labels))
    train, test = np.split(order, [round(_TRAIN_SHARE * len(labels))])
    mean, deviation = numbers[train].mean(axis=0), numbers[train].std(axis=0)
    # A few incomes and debts are absurd: clip them at five deviations.
    standard = np.clip((numbers - mean) / np.where(deviation > 0, deviation, 1.0), -5.0, 5.0)
    x: FloatArray = np.concatenate([standard, categories], axis=1).astype(np.float32)
    return Dataset("lending_club", x[train], labels[train], x[test], labels[test], Task("classes", 2))


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _read(
    path: Path, columns: _Columns
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return numbers, one-hot categories and labels of the complete rows."""
    numbers: list[list[float]] = []
    codes: list[list[int]] = []
    labels: list[int] = []
    wanted = (columns.label, *columns.numbers, *columns.categories)
    positions = {
        name: {value: i for i, value in enumerate(values)} for name, values in columns.categories.items()
    }
    try:
        with _open(path) as stream:
            rows = csv.reader(stream)
            header = next(rows, [])
            missing = [name for name in wanted if name not in header]
            if missing:
                raise RequestError(
                    f"{path} lacks the columns {', '.join(missing)}; found {', '.join(header[:30])}"
                )
            at = {name: header.index(name) for name in wanted}
            for row in rows:
                label = _LABELS.get(row[at[columns.label]]) if len(row) == len(header) else None
                if label is None or any(not row[at[name]] for name in wanted):
                    continue
                try:
                    numbers.append([read(row[at[name]].strip()) for name, read in columns.numbers.items()])
                except ValueError as error:
                    raise RequestError(f"{path}, line {rows.line_num}: {error}") from error
                # A category too rare to be listed ("ANY", "NONE") gets no bit.
                codes.append(
                    [codes_of.get(row[at[name]].strip(), -1) for name, codes_of in positions.items()]
                )
                labels.append(label)
    except (EOFError, UnicodeDecodeError, csv.Error, gzip.BadGzipFile, zlib.error) as error:
        raise RequestError(f"{path} is not a readable CSV file: {error}") from error
    except OSError as error:
        raise UnavailableError(f"cannot read {path}: {error.strerror or error}") from error
    if len(labels) < 10:
        raise RequestError(f"{path} holds {len(labels)} complete loans that ended; expected at least 10")
    one_hot = [
        np.asarray(column)[:, None] == np.arange(len(values))
        for column, values in zip(zip(*codes, strict=True), columns.categories.values(), strict=True)
    ]
    return (
        np.asarray(numbers, np.float64),
        np.concatenate(one_hot, axis=1).astype(np.float64),
        np.asarray(labels, np.int64),
    )
