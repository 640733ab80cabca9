"""MMD-critic: prototypes that stand for the images, criticisms that they miss."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stimuli.methods.selection._base import (
    Candidates,
    Caution,
    Selection,
    check_request,
)
from stimuli.methods.selection._kernel_width import (
    Gamma,
    KernelContrast,
    find_gamma,
    measure_distances,
)
from stimuli.methods.selection._rbf_kernel import RbfKernel, limit_threads

Regulariser = Literal["logdet", "none", "iterative"]

# Up to here double precision costs less than a second, so nothing is gained
# by rounding; above, an fp32 pass is several times faster.
_N_EXACT: Final = 5000

# Sixteen columns in one product take the time of three. A criticism changes the
# scores of its neighbours alone, so the next is mostly among the best of now; a
# prototype changes all.
_N_AHEAD: Final = {"prototypes": 1, "logdet": 16, "iterative": 1, "none": 0}


@dataclass(frozen=True, kw_only=True)
class MmdCritic:
    """Greedy prototypes by maximum mean discrepancy, criticisms by the witness.

    Prototypes maximise J(S) = 2/(n|S|) sum_ij k(x_i, x_j)
    - 1/|S|^2 sum_jl k(x_j, x_l) one at a time. Criticisms maximise
    |mean_i k(x_i, x) - mean_p k(x_p, x)| plus the regulariser. Equal scores (to
    rounding) go to the lowest index. Memory is O(n (d + n_criticisms)).

    Attributes:
        kernel: "global" over all pairs, or "local", zero between classes.
        gamma: Of the RBF kernel exp(-gamma |x - y|^2). "median" is 1 over the
            median squared distance of two images that differ, in float64, over
            all pairs of at most 1,000 images spread evenly over the candidates
            (of pairs within a class where the kernel is local). "1/d" is 1 over
            the number of features, for features scaled to about 1 each; a
            number is taken as it is.
        regulariser: "logdet" adds the logarithm of what a candidate adds to
            the criticisms' kernel determinant; "iterative" counts each
            criticism among the prototypes for the next; "none".
        precision: "float64", "float32", or "auto": float64 up to 5,000 images.
        device: "cpu", "cuda", or "auto" for CUDA where there is one.

    Source: Kim, Khanna and Koyejo 2016, "Examples are not enough, learn to
    criticize!", algorithm 1 and equations 2 to 6. The released code has no
    weight on the regulariser; the 1e-5 that Stock and Cisse 2018 call lambda is
    probably gamma, so give `gamma = 1e-5` to follow them. The median: Gretton et
    al. 2012, "A kernel two-sample test", section 8.
    """

    name: ClassVar[str] = "mmd_critic"

    kernel: Literal["global", "local"] = "global"
    gamma: Gamma = "median"
    regulariser: Regulariser = "logdet"
    precision: Literal["auto", "float32", "float64"] = "auto"
    device: str = "auto"

    def __post_init__(self) -> None:
        is_number = isinstance(self.gamma, (int, float)) and 0 < self.gamma < math.inf
        if not is_number and self.gamma not in ("median", "1/d"):
            raise ValueError(
                f'gamma must be "median", "1/d" or a number above 0, got {self.gamma!r}'
            )

    @property
    def needs(self) -> frozenset[str]:
        """Features; labels too where the kernel keeps to a class."""
        local = {"labels"} if self.kernel == "local" else set()
        return frozenset({"features"} | local)

    def select(
        self,
        candidates: Candidates,
        *,
        n_prototypes: int,
        n_criticisms: int,
        rng: np.random.Generator,
    ) -> Selection:
        """Choose; nothing is drawn, `rng` is not read.

        Returns:
            `outcome` holds `objective`, J after each prototype, what the kernel
            makes of images that differ (`off_diagonal`), from the least to the
            greatest witness of what is no prototype (`witness_spread`), how many
            were chosen by their place alone since others were as good to
            rounding (`n_tied`), and what the computation used; `facts` hold each
            criticism's signed `witness`. `cautions` say where the kernel is
            nearly the identity or nearly constant, or where scores tie.

        Raises:
            SelectionError: If there are too few images, or all are alike.
        """
        check_request(
            candidates,
            needs=self.needs,
            n_prototypes=n_prototypes,
            n_criticisms=n_criticisms,
        )
        features = _check_features(candidates)
        distances = measure_distances(
            candidates, features, is_local=self.kernel == "local"
        )
        gamma = find_gamma(self.gamma, distances, n_features=features.shape[1])
        kernel, used = self._build_kernel(candidates, features, gamma=gamma)
        search = _Search(kernel=kernel, means=kernel.column_means())
        with limit_threads(1):
            for _ in range(n_prototypes):
                search.add_prototype()
            self._criticise(search, n_criticisms)
        contrast = KernelContrast.of(distances, gamma=gamma)
        return Selection(
            prototypes=tuple(search.prototypes),
            criticisms=tuple(search.criticisms),
            facts={i: {"witness": w} for i, w in search.witnesses.items()},
            parameters={
                "kernel": self.kernel,
                "gamma": gamma,
                "regulariser": self.regulariser,
            },
            outcome={
                "objective": search.objective,
                **used,
                "off_diagonal": asdict(contrast),
                "witness_spread": search.witness_spread,
                "n_tied": search.n_tied,
            },
            cautions=tuple(self._list_cautions(search, contrast, gamma=gamma)),
        )

    def _list_cautions(
        self, search: _Search, contrast: KernelContrast, *, gamma: float
    ) -> Iterator[Caution]:
        wished = f" ({self.gamma})" if isinstance(self.gamma, str) else ""
        numbers = (
            f"gamma {gamma:.4g}{wished}, median off-diagonal {contrast.median:.2g}, "
            f"with the nearest image {contrast.nearest:.2g}"
        )
        if search.witness_spread is not None:
            numbers += f", spread of the witness {search.witness_spread:.2g}"
        yield from contrast.cautions(numbers)
        if search.n_tied:
            n_chosen = len(search.prototypes) + len(search.criticisms)
            yield Caution(
                what="MMD-critic's scores tie to rounding, and what comes first in "
                "order was taken; look for images that are the same, or at gamma",
                numbers=f"{search.n_tied} of {n_chosen} choices, {numbers}",
            )

    def _build_kernel(
        self,
        candidates: Candidates,
        features: NDArray[np.floating[Any]],
        *,
        gamma: float,
    ) -> tuple[RbfKernel, dict[str, Any]]:
        exact = candidates.n <= _N_EXACT
        auto = "float64" if exact else "float32"
        precision = auto if self.precision == "auto" else self.precision
        has_cuda = self.device == "auto" and torch.cuda.is_available()
        name = "cpu" if self.device == "auto" else self.device
        device = torch.device("cuda" if has_cuda else name)
        kernel = RbfKernel.over(
            features,
            gamma=gamma,
            labels=candidates.labels if self.kernel == "local" else None,
            dtype=torch.float64 if precision == "float64" else torch.float32,
            device=device,
        )
        return kernel, {"gamma": gamma, "precision": precision, "device": device.type}

    def _criticise(self, search: _Search, n_criticisms: int) -> None:
        volume = _Volume.over(search, n_criticisms)
        search.n_ahead = _N_AHEAD[self.regulariser]
        for _ in range(n_criticisms):
            match self.regulariser:
                case "logdet":
                    volume.add(search.add_criticism(volume.log_gains()))
                case "iterative":
                    search.count_as_prototype(search.add_criticism(0.0))
                case "none":
                    search.add_criticism(0.0)


def _check_features(candidates: Candidates) -> NDArray[np.floating[Any]]:
    features = candidates.features
    if features is None or features.ndim != 2 or features.shape[1] == 0:
        shape = None if features is None else features.shape
        raise ValueError(f"expected features of shape (n, d), got {shape}")
    return features


@dataclass(kw_only=True)
class _Search:
    """What greedy steps keep: vectors of length n, never pairs.

    Attributes:
        means: `(n,)` mean of every column.
        nearness: `(n,)` sum of the kernel to what counts as prototypes.
        n_counted: How many `nearness` sums over.
        columns: Of the kernel, for the image chosen and some likely ones.
        n_ahead: How many columns to have at once; 0 where none is needed.
        n_tied: Choices among scores that were equal to rounding.
        witness_spread: From the least to the greatest witness of what is no
            prototype, before the first criticism; None without criticisms.
    """

    kernel: RbfKernel
    means: Tensor
    prototypes: list[int] = field(default_factory=list)
    criticisms: list[int] = field(default_factory=list)
    columns: dict[int, Tensor] = field(default_factory=dict)
    n_ahead: int = _N_AHEAD["prototypes"]
    objective: list[float] = field(default_factory=list)
    witnesses: dict[int, float] = field(default_factory=dict)
    n_counted: int = 0
    n_tied: int = 0
    witness_spread: float | None = None
    nearness: Tensor = field(init=False)
    _linear: float = 0.0
    _quadratic: float = 0.0

    def __post_init__(self) -> None:
        self.nearness = torch.zeros_like(self.means)

    @property
    def rounding(self) -> float:
        """How far apart two scores may be and still count as equal."""
        return 64 * torch.finfo(self.kernel.rows.dtype).eps

    def add_prototype(self) -> None:
        size = len(self.prototypes) + 1
        index = self._best(2 * self.means - (2 * self.nearness + 1) / size)
        self._linear += float(self.means[index])
        self._quadratic += 2 * float(self.nearness[index]) + 1
        self.objective.append(2 * self._linear / size - self._quadratic / size**2)
        self.prototypes.append(index)
        self.count_as_prototype(index)

    def count_as_prototype(self, index: int) -> None:
        self.nearness += self.columns[index]
        self.n_counted += 1

    def add_criticism(self, gains: Tensor | float) -> int:
        witness = self.means - self.nearness / self.n_counted
        if self.witness_spread is None:
            rest = torch.ones_like(witness, dtype=torch.bool)
            rest[self.prototypes] = False
            low, high = torch.aminmax(witness[rest])
            self.witness_spread = float(f"{float(high - low):.4g}")
        index = self._best(witness.abs() + gains)
        self.criticisms.append(index)
        self.witnesses[index] = float(witness[index])
        return index

    def _best(self, score: Tensor) -> int:
        score[self.prototypes + self.criticisms] = -torch.inf
        # Rows of a product may round differently by their place, so an exact
        # argmax would not send twins to the lowest index.
        equals = (score >= score.max() - self.rounding).nonzero()[:, 0]
        self.n_tied += len(equals) > 1
        index = int(equals[0])
        if self.n_ahead and index not in self.columns:
            self._fetch(index, score)
        return index

    def _fetch(self, index: int, score: Tensor) -> None:
        """Have the column of `index`, and of those that may soon be chosen."""
        best = score.topk(min(self.n_ahead, len(score))).indices.tolist()
        wanted = list(dict.fromkeys([index, *best]))[: self.n_ahead]
        # Nothing older is kept: what mattered is in the sums already.
        self.columns = dict(zip(wanted, self.kernel.columns(wanted), strict=True))


@dataclass(kw_only=True)
class _Volume:
    """The determinant of the criticisms' kernel, grown by pivoted Cholesky.

    Attributes:
        factor: `(n_criticisms, n)`, rows of the factor so far.
        rest: `(n,)` k(j, j) - k_Cj' K_CC^-1 k_Cj, what j would add.
    """

    search: _Search
    factor: Tensor
    rest: Tensor
    n_added: int = 0

    @classmethod
    def over(cls, search: _Search, size: int) -> _Volume:
        """Nothing in it yet, with room for `size`."""
        rest = torch.ones_like(search.means)
        return cls(search=search, factor=rest.new_empty((size, len(rest))), rest=rest)

    def log_gains(self) -> Tensor:
        """`(n,)` how much each image would add to the log determinant."""
        # A twin of a criticism adds nothing; rounding must not make it NaN.
        return self.rest.clamp(min=self.search.rounding).log()

    def add(self, index: int) -> None:
        """Take image `index` in."""
        done = self.factor[: self.n_added]
        left = self.search.columns[index] - done[:, index] @ done
        scale = max(float(self.rest[index]), self.search.rounding) ** 0.5
        row = self.factor[self.n_added]
        torch.div(left, scale, out=row)
        self.n_added += 1
        self.rest -= row.square()
