"""Pictures are the same text for the same figure, and shorten no number that they say."""

import re

from matplotlib import pyplot as plt

from clients.experiments.pictures import to_svg


def test_places_are_cut_and_labels_are_not() -> None:
    def draw() -> str:
        figure, axes = plt.subplots()
        axes.plot([0, 1 / 3, 1], label="ε = 0.00512345")
        axes.legend()
        try:
            return to_svg(figure)
        finally:
            plt.close(figure)

    text = draw()
    assert ">ε = 0.00512345<" in text
    assert not any(re.search(r"\d\.\d{3}", tag) for tag in re.findall(r"<[^>]*>", text))
    assert draw() == text
