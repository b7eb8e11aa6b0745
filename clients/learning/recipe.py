"""Makes model, holdings and training settings from a recipe, which is plain data: the same in any process."""

from collections.abc import Collection

from torch import nn

from clients.learning import models, partition
from clients.learning.datasets import Dataset
from clients.learning.partition import Holding
from clients.learning.train import TrainConfig
from clients.types.learning import Recipe


def prepare(
    recipe: Recipe, dataset: Dataset, only: Collection[int] | None = None
) -> tuple[nn.Module, dict[int, Holding], TrainConfig]:
    """Return the model, each participant's holding of the recipe's data set, and the training's settings; the
    holdings of all participants, or of those in `only`. Raises `RequestError` if the recipe's parts don't fit
    together."""
    parts = partition.split(dataset, recipe.partition, recipe.clients, recipe.seed)
    holdings = {
        index: partition.hold(part, recipe.seed * 1_000_003 + index, test_share=recipe.validation)
        for index, part in enumerate(parts)
        if only is None or index in only
    }
    model = models.build_for(recipe.model, dataset, recipe.seed)
    training = TrainConfig(
        optimizer="adam" if recipe.optimizer == "adam" else "sgd",
        learning_rate=recipe.learning_rate,
        epochs=recipe.local_epochs,
        batch_size=recipe.batch_size,
    )
    return model, holdings, training
