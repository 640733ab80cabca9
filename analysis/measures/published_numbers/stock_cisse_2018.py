"""Published numbers with their definitions, to stand beside a study's own.

A number without its definition cannot be compared: where a publication does not
say what it is a share of, the definition is unknown and stays so.

Source:
    Stock & Cisse (2018), "ConvNets and ImageNet Beyond Accuracy", sections 3.1 to
    3.4, figure 2 and tables 1 to 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

UNKNOWN: Final = "definition unknown"


@dataclass(frozen=True, kw_only=True)
class PublishedNumber:
    """One published number.

    Attributes:
        id: Unique key, "study/quantity".
        quantity: What it is, in words.
        value: A share, in [0, 1].
        definition: What it is a share of; empty where that is not said.
        classifier: Torchvision's name of the network; empty where it is not of one.
        unknown: What is not said, where the definition is empty.
    """

    id: str
    quantity: str
    value: float
    definition: str = ""
    classifier: str = ""
    unknown: str = ""

    @property
    def defined(self) -> str:
        """The definition, or that it is unknown and why."""
        return self.definition or f"{UNKNOWN}: {self.unknown}"


_VAL: Final = "of the 50,000 ImageNet validation images"
_FOUR: Final = "errors that 4 of 5 Masters accept count as right"

PUBLISHED: Final = (
    PublishedNumber(
        id="top1/standard/resnet101",
        quantity="standard top-1 error",
        value=0.2269,
        definition=f"share {_VAL} with another first class than the label",
        classifier="resnet101",
    ),
    PublishedNumber(
        id="top1/rectified/resnet101",
        quantity="rectified top-1 error",
        value=0.0947,
        definition=f"share {_VAL}; {_FOUR}",
        classifier="resnet101",
    ),
    PublishedNumber(
        id="top1/rectified/densenet161",
        quantity="rectified top-1 error",
        value=0.1087,
        definition=f"share {_VAL}; {_FOUR}",
        classifier="densenet161",
    ),
    PublishedNumber(
        id="top1/standard/densenet161",
        quantity="standard top-1 error",
        value=0.2235,
        classifier="densenet161",
        unknown="quoted as the best error of 2018, with no network named",
    ),
    PublishedNumber(
        id="top5/standard/resnet101",
        quantity="standard top-5 error",
        value=0.0644,
        definition=f"share {_VAL}, single crop, whose label is not among five classes",
        classifier="resnet101",
    ),
    PublishedNumber(
        id="top5/rectified-of-top1-errors/resnet101",
        quantity="rectified top-5 error, top-1 errors shown",
        value=0.0194,
        definition=f"share {_VAL}; top-1 errors shown with five classes; {_FOUR}",
        classifier="resnet101",
    ),
    PublishedNumber(
        id="top5/rectified-of-top5-errors/resnet101",
        quantity="rectified top-5 error, top-5 errors shown",
        value=0.0137,
        definition=f"share {_VAL}; top-5 errors shown with five classes; {_FOUR}",
        classifier="resnet101",
    ),
    PublishedNumber(
        id="top1/unanimous/resnet101",
        quantity="errors that all five accept",
        value=0.3976,
        definition="share of the misclassified images with 5 of 5 yes",
        classifier="resnet101",
    ),
    PublishedNumber(
        id="top1/unanimous/resnet18",
        quantity="errors that all five accept",
        value=0.2714,
        definition="share of the misclassified images with 5 of 5 yes",
        classifier="resnet18",
    ),
    PublishedNumber(
        id="adversarial/standard-before",
        quantity="accuracy before the attack",
        value=0.7731,
        definition=f"share {_VAL}",
        classifier="resnet101",
    ),
    PublishedNumber(
        id="adversarial/standard-after",
        quantity="accuracy under attack",
        value=0.0796,
        classifier="resnet101",
        unknown="the norm and the space of the attack are not said, nor its images",
    ),
    PublishedNumber(
        id="adversarial/whole",
        quantity="agreement with the adversarial class, whole image",
        value=0.2201,
        classifier="resnet101",
        unknown="a share of votes or of images is not said",
    ),
    PublishedNumber(
        id="adversarial/attention",
        quantity="agreement with the adversarial class, explanation only",
        value=0.3080,
        classifier="resnet101",
        unknown="a share of votes or of images is not said",
    ),
    PublishedNumber(
        id="criticism/adversarial-6",
        quantity="right assignments, adversarial, 6 prototypes",
        value=0.5502,
        definition="share of responses between 20 s and 3 min; chance 1 in 6",
        classifier="resnet101",
    ),
    PublishedNumber(
        id="criticism/adversarial-3+3",
        quantity="right assignments, adversarial, 3 + 3",
        value=0.5706,
        definition="share of responses between 20 s and 3 min; chance 1 in 6",
        classifier="resnet101",
    ),
    *(
        PublishedNumber(
            id=f"bias/{role}/{who}",
            quantity=f"basketball, {kind} with at least one {who} person",
            value=value,
            classifier="resnet101",
            unknown="how many images, and who counted by which rule, is not said",
        )
        for role, kind, who, value in (
            ("prototype", "prototypes", "black", 0.78),
            ("prototype", "prototypes", "white", 0.44),
            ("criticism", "criticisms", "black", 0.20),
            ("criticism", "criticisms", "white", 0.90),
            ("random", "training images", "black", 0.53),
            ("random", "training images", "white", 0.55),
        )
    ),
)


def published_number(id_: str, *, classifier: str = "") -> PublishedNumber | None:
    """A published number by its key; None where there is none.

    Args:
        id_: "top1/rectified"; with a classifier its name is put behind.
        classifier: Torchvision's name.
    """
    key = f"{id_}/{classifier}" if classifier else id_
    return next((each for each in PUBLISHED if each.id == key), None)


def false_rejection(
    *, shown_more: float = 0.0194, shown_fewer: float = 0.0137
) -> float:
    """How often 4 of 5 people fail to accept five classes of which one is right.

    Top-1 errors shown with five classes are the top-5 errors and those whose label
    is the second to fifth class. The latter have a right class among the five, so
    whatever is rejected there is rejected falsely: the difference of the two
    rectified errors, as a share of such images (top-1 minus top-5 error).

    Args:
        shown_more: Rectified error with all top-1 errors shown.
        shown_fewer: Rectified error with top-5 errors shown.

    >>> round(false_rejection(), 4)     # 0.57 / (22.69 - 6.44)
    0.0351
    """
    return (shown_more - shown_fewer) / (0.2269 - 0.0644)


def torchvision_name(classifier: str) -> str:
    """The network a study's classifier is, by its name; "" where it is none of them.

    >>> torchvision_name("ResNet-101"), torchvision_name("my net")
    ('resnet101', '')
    """
    plain = "".join(letter for letter in classifier.lower() if letter.isalnum())
    known: Sequence[str] = sorted({each.classifier for each in PUBLISHED} - {""})
    return next((name for name in known if plain == name), "")
