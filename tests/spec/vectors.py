"""Writes the test vectors of `docs/reference/vectors.md`.

python -m tests.spec.vectors --out build/vectors --sequences 2000 --steps 50 --seed 0 [--mechanism vbfl]
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from eth_abi import encode

from clients.protocol.mechanisms import MECHANISMS
from tests.spec.abi import encode_terms
from tests.spec.sequences import Coverage, Sequence, build_sequence

PER_FILE = 100
STEP_TYPE = "(uint64,uint64,address,bytes,bool,bytes32,bytes32)"
SEQUENCES_TYPE = f"(bytes32,bytes,address[],uint256[],{STEP_TYPE}[])[]"


def encode_sequences(sequences: list[Sequence]) -> bytes:
    """Return abi.encode(Sequence[])."""
    values = [
        (
            sequence.beacon_value,
            encode_terms(sequence.mechanism, sequence.terms),
            list(sequence.funds),
            list(sequence.funds.values()),
            [
                (step.time, step.block, step.call.sender, step.call_data, step.ok, step.outcome, step.state)
                for step in sequence.steps
            ],
        )
        for sequence in sequences
    ]
    return encode([SEQUENCES_TYPE], [values])


def write_vectors(
    out: Path, sequences: int, steps: int, seed: int, mechanisms: Iterable[str] = tuple(MECHANISMS)
) -> dict[str, Coverage]:
    """Write `sequences` sequences a mechanism, of at least `steps` steps, in place of what is in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    coverages = {}
    for mechanism in mechanisms:
        for stale in out.glob(f"{mechanism}-*.bin"):
            stale.unlink()
        coverage = coverages[mechanism] = Coverage()
        for number, first in enumerate(range(0, sequences, PER_FILE)):
            batch = range(first, min(first + PER_FILE, sequences))
            built = [build_sequence(f"{seed}-{index}", steps, coverage, mechanism) for index in batch]
            (out / f"{mechanism}-{number:03d}.bin").write_bytes(encode_sequences(built))
    written = {mechanism: coverage.as_dict() for mechanism, coverage in coverages.items()}
    (out / "coverage.json").write_text(json.dumps(written, indent=1) + "\n")
    return coverages


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the test vectors of the specification")
    parser.add_argument("--out", type=Path, default=Path("build/vectors"))
    parser.add_argument("--sequences", type=int, default=2_000, help="a mechanism")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mechanism", choices=list(MECHANISMS), action="append", help="all if not given")
    options = parser.parse_args()
    mechanisms = options.mechanism or tuple(MECHANISMS)
    coverages = write_vectors(options.out, options.sequences, options.steps, options.seed, mechanisms)
    print(json.dumps({name: coverage.as_dict() for name, coverage in coverages.items()}, indent=1))


if __name__ == "__main__":
    main()
