"""Images with some superpixels hidden, many at a time, and what a network says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stimuli.classifiers.batching import Batches
from stimuli.classifiers.pixel_model import PixelModel
from stimuli.methods.explanations._surrogate import Bits
from stimuli.methods.segmentation import Segments

Fill = float | tuple[float, float, float] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class PerturbedImage:
    """One image to perturb.

    Attributes:
        image: `(3, height, width)` in [0, 1].
        segments: `(height, width)`, 0..d-1.
        bits: `(n_samples, d)`; 1 shows a superpixel.
        labels: The classes whose probability is wanted.
    """

    image: Tensor
    segments: Segments
    bits: Bits
    labels: Sequence[int]


@dataclass(kw_only=True, eq=False)
class Perturbation:
    """Streams the samples of several images through a network, batch by batch.

    A batch may hold the end of one image's samples and the start of the next
    one's, so that every batch is full.

    Attributes:
        model: A twin for inference, see `PixelModel.twin`.
        fill: What hidden superpixels show: a grey or an RGB colour in [0, 1],
            or None for each superpixel's mean colour.
        dtype: What the network computes in.
        batches: How many samples go at once.
    """

    model: PixelModel
    fill: Fill
    dtype: torch.dtype
    batches: Batches
    _buffer: Tensor | None = field(default=None, init=False)

    def probabilities(
        self, perturbed: Sequence[PerturbedImage]
    ) -> list[NDArray[np.float64]]:
        """Per image, `(n_samples, n_labels)`.

        Args:
            perturbed: With the same size and number of samples.
        """
        n_samples = len(perturbed[0].bits)
        tables = [self._table(one) for one in perturbed]
        device = self.model.device
        kept = [
            torch.empty((n_samples, len(one.labels)), device=device)
            for one in perturbed
        ]
        wanted = [torch.tensor(tuple(one.labels), device=device) for one in perturbed]

        def work(start: int, stop: int) -> None:
            shares = self._predict(tables, start, stop=stop, n_samples=n_samples)
            for number, low, high in _pieces(start, stop, n_samples=n_samples):
                first = number * n_samples
                rows = shares[first + low - start : first + high - start]
                kept[number][low:high] = rows[:, wanted[number]]

        with torch.inference_mode():
            self.batches.run(n_samples * len(perturbed), work)
        return [found.double().cpu().numpy() for found in kept]

    def _predict(
        self, tables: Sequence[_Table], start: int, *, stop: int, n_samples: int
    ) -> Tensor:
        images = self._room(stop - start, tables[0])
        at = 0
        for number, low, high in _pieces(start, stop, n_samples=n_samples):
            tables[number].paint(low, high, out=images[at : at + high - low])
            at += high - low
        inputs = tables[0].as_images(images)
        # Preprocessing is done in the tables where pixels are treated alone.
        network = self.model.answer if self.model.is_pointwise else self.model
        return network(inputs).float().softmax(1)

    def _room(self, n: int, table: _Table) -> Tensor:
        shape = (n, table.shown.numel())
        if self._buffer is None or len(self._buffer) < n:
            self._buffer = table.shown.new_empty(shape)
        return self._buffer[:n]

    def _table(self, perturbed: PerturbedImage) -> _Table:
        hidden = _hidden(perturbed, self.fill)
        both = torch.stack([perturbed.image.cpu(), hidden]).to(self.model.device)
        if self.model.is_pointwise:
            with torch.inference_mode():
                both = self.model.prepare(both)
        return _Table.of(
            both.to(self.dtype),
            perturbed,
            is_channels_last=self.model.is_channels_last,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Table:
    """An image shown, the same image hidden, and which superpixel each value is in.

    Attributes:
        shown: `(values,)` of the image, in the network's memory layout.
        hidden: `(values,)` with every superpixel hidden.
        places: `(values,)` superpixel of each value.
        bits: `(n_samples, d)` in the network's dtype.
        shape: `(3, height, width)`.
        is_channels_last: The order of the values.
    """

    shown: Tensor
    hidden: Tensor
    places: Tensor
    bits: Tensor
    shape: tuple[int, int, int]
    is_channels_last: bool

    @classmethod
    def of(
        cls, both: Tensor, perturbed: PerturbedImage, *, is_channels_last: bool
    ) -> _Table:
        device = both.device
        # 32 bits: the gather reads one place per value, so their width is time.
        segments = torch.from_numpy(perturbed.segments).to(device, torch.int32)
        places = segments.expand(3, *segments.shape)
        if is_channels_last:
            both, places = both.permute(0, 2, 3, 1), places.permute(1, 2, 0)
        flat = both.reshape(2, -1)
        return cls(
            shown=flat[0].contiguous(),
            hidden=flat[1].contiguous(),
            places=places.reshape(-1).contiguous(),
            bits=torch.from_numpy(perturbed.bits).to(device, both.dtype),
            shape=(3, *segments.shape),
            is_channels_last=is_channels_last,
        )

    def paint(self, start: int, stop: int, *, out: Tensor) -> None:
        """Samples `start..stop` into `out`, `(stop - start, values)`.

        A gather of the bits, then a blend: at weight 0 and 1 it gives exactly
        the hidden and the shown value.
        """
        torch.index_select(self.bits[start:stop], 1, self.places, out=out)
        torch.lerp(self.hidden, self.shown, out, out=out)

    def as_images(self, values: Tensor) -> Tensor:
        """`(n, values)` as `(n, 3, height, width)`, without a copy."""
        channels, height, width = self.shape
        if self.is_channels_last:
            return values.view(-1, height, width, channels).permute(0, 3, 1, 2)
        return values.view(-1, *self.shape)


def _pieces(start: int, stop: int, *, n_samples: int) -> list[tuple[int, int, int]]:
    """(image, first sample, one past the last) of rows `start..stop` of the stream."""
    pieces = []
    while start < stop:
        number, low = divmod(start, n_samples)
        high = min(n_samples, low + stop - start)
        pieces.append((number, low, high))
        start += high - low
    return pieces


def _hidden(perturbed: PerturbedImage, fill: Fill) -> Tensor:
    image = perturbed.image.cpu()
    if fill is None:
        means = superpixel_means(image.numpy(), perturbed.segments)
        return torch.from_numpy(means).to(image.dtype)
    colour = (fill, fill, fill) if isinstance(fill, float | int) else fill
    return torch.tensor(colour, dtype=image.dtype).view(3, 1, 1).expand_as(image)


def superpixel_means(
    image: NDArray[np.floating], segments: Segments
) -> NDArray[np.float64]:
    """Every pixel as the mean of its superpixel, `(3, height, width)`."""
    flat = segments.ravel()
    counts = np.bincount(flat)
    means = [
        np.bincount(flat, weights=channel.ravel().astype(np.float64)) / counts
        for channel in image
    ]
    return np.stack([mean[segments] for mean in means])
