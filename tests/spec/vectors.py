"""Writes the test vectors of `docs/reference/vectors.md`.

python -m tests.spec.vectors --out build/vectors --sequences 2000 --steps 50 --seed 0
"""

import argparse
import json
from pathlib import Path

from eth_abi import encode

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
            encode_terms(sequence.terms),
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


def write_vectors(out: Path, sequences: int, steps: int, seed: int) -> Coverage:
    """Write `sequences` sequences of at least `steps` steps into `out`, in place of what is there."""
    out.mkdir(parents=True, exist_ok=True)
    for stale in (*out.glob("stake_vote-*.bin"), out / "written", out / "checked"):
        stale.unlink(missing_ok=True)
    coverage = Coverage()
    for number, first in enumerate(range(0, sequences, PER_FILE)):
        batch = range(first, min(first + PER_FILE, sequences))
        built = [build_sequence(f"{seed}-{index}", steps, coverage) for index in batch]
        (out / f"stake_vote-{number:03d}.bin").write_bytes(encode_sequences(built))
    (out / "coverage.json").write_text(json.dumps(coverage.as_dict(), indent=1) + "\n")
    return coverage


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the test vectors of the specification")
    parser.add_argument("--out", type=Path, default=Path("build/vectors"))
    parser.add_argument("--sequences", type=int, default=2_000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    coverage = write_vectors(options.out, options.sequences, options.steps, options.seed)
    print(json.dumps(coverage.as_dict(), indent=1))


if __name__ == "__main__":
    main()
