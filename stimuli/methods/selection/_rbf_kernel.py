"""The RBF kernel between many images, never as one n x n matrix."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BLOCK: Final = {"cpu": 2048, "cuda": 8192}


@dataclass(frozen=True, kw_only=True)
class RbfKernel:
    """k(x, y) = exp(-gamma * |x - y|^2), optionally zero between classes.

    The exponent is one inner product: with y = sqrt(2 * gamma) * x and
    h = |y|^2 / 2 it is [y_i, -h_i, 1] . [y_j, 1, -h_j], so that a block costs
    one matrix product and one pass of `exp`.

    Attributes:
        rows: `(n, d + 2)`, the right-hand factors [y, 1, -h], grouped by class
            where the kernel is local.
        order: `(n,)`, position in `rows` to index of the image.
        bounds: Start and end in `rows` of each class; one pair, and the images'
            own order, if all are of one class or the kernel is global.
        block: Rows and columns per block.
        n_threads: What a few columns are computed with.
    """

    rows: Tensor
    order: Tensor
    bounds: tuple[tuple[int, int], ...]
    block: int
    n_threads: int = 1

    @classmethod
    def over(
        cls,
        features: NDArray[np.floating[Any]],
        *,
        gamma: float,
        labels: NDArray[np.integer[Any]] | None,
        dtype: torch.dtype,
        device: torch.device,
    ) -> RbfKernel:
        """The kernel over some images.

        Args:
            features: `(n, d)`.
            gamma: Inverse squared width.
            labels: `(n,)` for the local kernel, None for the global one.
            dtype: What blocks are computed in.
            device: Where.
        """
        order, bounds = _by_class(labels, n=len(features))
        n, width = features.shape
        rows = torch.empty((n, width + 2), dtype=dtype, device=device)
        # Distances do not change when the centre moves, their rounding does.
        exact = np.result_type(features.dtype, np.float32)
        centre = features.mean(axis=0, dtype=np.float64).astype(exact)
        scale = (2 * gamma) ** 0.5
        for start in range(0, n, _CHUNK):
            part = order[start : start + _CHUNK]
            moved = torch.from_numpy(features[part].astype(exact) - centre)
            scaled = moved.to(device=device, dtype=dtype) * scale
            target = rows[start : start + _CHUNK]
            target[:, :width] = scaled
            target[:, width] = 1
            target[:, width + 1] = scaled.double().square().sum(1).mul(-0.5)
        block = BLOCK.get(device.type, BLOCK["cpu"])
        positions = torch.from_numpy(order).to(device)
        return cls(
            rows=rows,
            order=positions,
            bounds=bounds,
            block=block,
            n_threads=torch.get_num_threads() if rows.numel() > _N_WORTH_THREADS else 1,
        )

    def column_means(self) -> Tensor:
        """`(n,)` float64: for each image the sum of its column, over n.

        The kernel is symmetric, so only blocks on and above the diagonal are
        computed; each gives its row sums and its column sums.
        """
        n = len(self.rows)
        sums = torch.zeros(n, dtype=torch.float64, device=self.rows.device)
        spare = torch.empty(
            self.block**2, dtype=self.rows.dtype, device=self.rows.device
        )
        for rows, columns in self._blocks():
            factors = (self._left(rows), self.rows[columns].T)
            shape = (rows.stop - rows.start, columns.stop - columns.start)
            block = spare[: shape[0] * shape[1]].view(shape)
            torch.mm(*factors, out=block).exp_()
            sums[columns] += block.sum(0)
            if rows != columns:
                sums[rows] += block.sum(1)
        means = torch.empty_like(sums)
        means[self.order] = sums / n
        return means

    def columns(self, indices: Sequence[int]) -> Tensor:
        """`(len(indices), n)`: k(each of these, every image), in the rows' type."""
        chosen = torch.tensor(indices, device=self.rows.device)
        if len(self.bounds) == 1:
            columns = self._near(chosen, slice(None))
        else:
            places = (self.order == chosen[:, None]).nonzero()[:, 1]
            columns = self.rows.new_zeros((len(indices), len(self.rows)))
            for first, end in self.bounds:
                inside = ((places >= first) & (places < end)).nonzero()[:, 0]
                near = self._near(places[inside], slice(first, end))
                columns[inside[:, None], self.order[first:end]] = near
        columns[torch.arange(len(indices)), chosen] = 1
        return columns

    def _near(self, places: Tensor, columns: slice) -> Tensor:
        # One column waits for memory, which half of the cores use up.
        n_threads = self.n_threads if len(places) > 1 else max(1, self.n_threads // 2)
        with limit_threads(n_threads):
            exponents = self._left(places) @ self.rows[columns].T
        return exponents.clamp_(max=0).exp_()

    def _left(self, rows: slice | Tensor) -> Tensor:
        right = self.rows[rows]
        return torch.cat([right[:, :-2], right[:, -1:], right[:, -2:-1]], dim=1)

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        for first, end in self.bounds:
            cuts = [
                slice(start, min(start + self.block, end))
                for start in range(first, end, self.block)
            ]
            for place, rows in enumerate(cuts):
                for columns in cuts[place:]:
                    yield rows, columns


_CHUNK: Final = 8192
_N_WORTH_THREADS: Final = 2**22


@contextmanager
def limit_threads(n_threads: int) -> Iterator[None]:
    """Torch's threads on the CPU while the block runs.

    A thousand small steps each wait for every thread to be scheduled: on a busy
    machine two threads were ten times slower at them than one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _by_class(
    labels: NDArray[np.integer[Any]] | None, *, n: int
) -> tuple[NDArray[np.int64], tuple[tuple[int, int], ...]]:
    if labels is None or len(np.unique(labels)) == 1:
        return np.arange(n), ((0, n),)
    order = np.argsort(labels, kind="stable").astype(np.int64)
    _, starts = np.unique(labels[order], return_index=True)
    edges = [*starts.tolist(), n]
    return order, tuple(itertools.pairwise(edges))
