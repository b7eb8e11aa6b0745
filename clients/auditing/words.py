"""How the audit names a difference: a kind for scripts, and words for people."""

from collections.abc import Mapping
from types import MappingProxyType

from clients.auditing.findings import clean
from clients.types.errors import ProtocolError
from clients.types.federation import Phase, Standing

ARGUMENTS: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("Joined", "stake"): ("balance", "the stake that it joined with"),
        ("Deposited", "stake"): ("balance", "its stake after the deposit"),
        ("Left", "stake"): ("balance", "the stake that it left with"),
        ("Left", "unbondsAt"): ("unbonding", "when its stake is free"),
        ("Evicted", "stake"): ("balance", "the stake that it was evicted with"),
        ("Evicted", "unbondsAt"): ("unbonding", "when its stake is free"),
        ("Funded", "pool"): ("pool", "the pool after it was funded"),
        ("Withdrawn", "amount"): ("balance", "what it withdrew"),
        ("Claimed", "amount"): ("balance", "what it claimed"),
        ("Claimed", "stake"): ("balance", "its stake after the claim"),
        ("Collected", "delta"): ("payout", "what it gained or lost"),
        ("Collected", "stake"): ("payout", "its stake after the booking"),
        ("Collected", "round"): ("payout", "the round that was booked"),
        ("Banned", "stake"): ("ban", "its stake when it was banned"),
        ("Banned", "round"): ("ban", "the round that it was banned for"),
        ("Opened", "members"): ("membership", "the members of the round"),
        ("Opened", "round"): ("round", "the number of the round"),
        ("Opened", "sealBlock"): ("seed", "the block whose hash goes into the seed"),
        ("Postponed", "round"): ("round", "the number of the round"),
        ("Postponed", "until"): ("phase", "when the postponed round may open"),
        ("Drawn", "seed"): ("seed", "the seed of the draw"),
        ("Drawn", "round"): ("round", "the number of the round"),
        ("Proposed", "updateNumber"): ("update", "the number of its update"),
        ("Shown", "decoy"): ("decoy", "whether its update is a decoy"),
        ("Missed", "missed"): ("duty", "how many rounds in a row it is noted to have missed"),
        ("BlockWon", "winner"): ("winner", "the winner of the block"),
        ("BlockWon", "digest"): ("winner", "the digest that won the block"),
        ("Settled", "round"): ("round", "the number of the round"),
        ("Settled", "outcome"): ("outcome", "what the round came to"),
        ("Settled", "candidate"): ("head", "the candidate"),
        ("Settled", "head"): ("head", "the head after the round"),
        ("Settled", "votesFor"): ("tally", "the votes for the candidate"),
        ("Settled", "votesAgainst"): ("tally", "the votes against the candidate"),
        ("Settled", "proposerReward"): ("payout", "the reward of a proposer"),
        ("Settled", "voterReward"): ("payout", "the reward of a voter or of the block's winner"),
        ("Settled", "pool"): ("pool", "the pool after the round"),
        ("Reclaimed", "amount"): ("pool", "what was reclaimed of the pool"),
        ("Reclaimed", "publisher"): ("pool", "who reclaimed the pool"),
        ("Moved", "ayes"): ("motion", "the managers who have moved it"),
        ("Moved", "motionNumber"): ("motion", "the number of the motion"),
        ("Moved", "end"): ("motion", "when the motion ends"),
        ("Allowed", "account"): ("motion", "whom the motion lets in"),
        ("Expelled", "account"): ("motion", "whom the motion keeps out"),
        ("CommitteeNamed", "accounts"): ("motion", "the committee that the motion names"),
    }
)
"""A differing argument, by event and argument: kind, and words."""

WHOLE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Banned": ("ban", "the ban"),
        "Collected": ("payout", "the booking of what it gained or lost"),
        "BlockWon": ("winner", "the winner of the block"),
        "Postponed": ("membership", "the postponement of the round"),
        "Funded": ("pool", "the fee for the pool"),
        "Evicted": ("membership", "the eviction"),
        "Missed": ("duty", "the note that it was drawn and did nothing"),
        "Left": ("membership", "who left"),
        "Joined": ("membership", "who joined"),
        "Allowed": ("motion", "whom the motion lets in"),
        "Expelled": ("motion", "whom the motion keeps out"),
        "CommitteeNamed": ("motion", "the committee that the motion names"),
    }
)
"""A missing or unexpected event: kind, and words."""

_REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("WrongPhase", "TooEarly", "TooLate", "BlockTooEarly", "WrongRound"), "phase"),
        **dict.fromkeys(("WrongRole",), "draw"),
        **dict.fromkeys(("AlreadyActed", "AlreadyMoved"), "twice"),
        **dict.fromkeys(("AccountBanned",), "ban"),
        **dict.fromkeys(("NotMember", "AlreadyMember", "NotAdmitted", "TooFewMembers"), "membership"),
        **dict.fromkeys(("RegistryFull", "Outbid", "NotManager"), "membership"),
        **dict.fromkeys(("CommitmentMismatch", "NotCommitted", "EmptyCommitment"), "commitment"),
        **dict.fromkeys(("MotionOpen", "NoSuchMotion", "MotionOver", "MotionMismatch"), "motion"),
        **dict.fromkeys(("InvalidCommittee",), "motion"),
        **dict.fromkeys(("InvalidBallot",), "ballot"),
        **dict.fromkeys(("WrongSelection", "DigestMismatch"), "selection"),
        **dict.fromkeys(("EmptyPledge", "NotPledged", "PledgeMismatch"), "pledge"),
        **dict.fromkeys(("EmptyAnchor", "BadSecret", "NotProposed"), "decoy"),
        **dict.fromkeys(("SamplesOutOfRange", "EpochsOutOfRange"), "claim"),
        **dict.fromkeys(("NothingToClaim", "NothingToWithdraw", "StakeTooLow", "AmountTooLarge"), "balance"),
        **dict.fromkeys(("ERC20InsufficientBalance",), "money"),
    }
)


def describe_kept(kept: int | None) -> str:
    """Return in words how long models are kept."""
    if kept is None:
        return "for how many rounds models are kept isn't known here"
    return f"kept for {kept} round{'' if kept == 1 else 's'}"


def describe_gone(first: int, last: int, kept: int | None) -> str:
    """Return the sentence about a run of rounds with models that are missing and may be."""
    rounds = f"Round {first}" if first == last else f"Rounds {first} to {last}"
    why = "not to be had, and" if kept is None else "let go of, as agreed:"
    return f"{rounds}: models {why} {describe_kept(kept)}."


CREATION_UNKNOWN = (
    "The federation: the node doesn't tell which transaction created it, so this audit couldn't compare that "
    "transaction with ours. Another constructor may have written stakes, founders or managers into it. Name "
    "the block of the creation, by a record of the deployment or --first-block, or ask an archive node."
)


def get_refusal(error: ProtocolError) -> str:
    """Return the kind of finding for an action that the rules refuse with `error`."""
    if error.name == "NotMember" and Standing.BANNED in error.values[1:]:
        return "ban"
    return _REFUSALS.get(error.name, "refused")


def describe_refusal(error: ProtocolError, time: int) -> str:
    """Return in words why the rules refuse an action in a block with this `time`."""
    if error.name == "WrongPhase":
        given, needed = (Phase(value) for value in error.values if isinstance(value, int))
        return f"a refusal: it is phase {given.name} at {time}, and this takes phase {needed.name}"
    if error.name in ("TooEarly", "TooLate"):
        return f"a refusal: {error.name}, at {time}, by a limit of {error.values[1]}"
    values = ", ".join(map(clean, error.values))
    return f"a refusal: {error.name}({values})"
