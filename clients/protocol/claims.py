"""A proposal's claims: on how many samples it trained, and for how many epochs."""

from clients.protocol.policies import Terms, check_term
from clients.types.errors import ProtocolError

SAMPLES_LIMIT = 2**31
VISITS_LIMIT = 2**32


def check_claim_terms(terms: Terms, proposers: int) -> None:
    """Raise InvalidTerms where the claims of `proposers` proposals could overflow a weight or a sum."""
    samples, epochs = terms.max_samples, terms.max_epochs
    check_term("maxSamples", samples, samples > 0 and proposers * samples < SAMPLES_LIMIT)
    check_term("maxEpochs", epochs, epochs > 0 and samples * epochs < VISITS_LIMIT)


def check_claim(terms: Terms, samples: int, epochs: int) -> None:
    """Raise SamplesOutOfRange or EpochsOutOfRange where the terms don't allow a claim."""
    if not 0 < samples <= terms.max_samples:
        raise ProtocolError("SamplesOutOfRange", samples, terms.max_samples)
    if not 0 < epochs <= terms.max_epochs:
        raise ProtocolError("EpochsOutOfRange", epochs, terms.max_epochs)
