"""Surroundings: which ground meets which backdrop, and how they are lit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

from stimuli.scenes import backdrops, grounds
from stimuli.scenes.camera import Camera
from stimuli.scenes.geometry import Array
from stimuli.scenes.sprites import Light
from stimuli.scenes.textures import texture

Painter = Callable[[Camera, np.random.Generator], Array]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One kind of surroundings.

    Attributes:
        name: In words, also in the files written.
        ground: Paints what objects stand on.
        backdrop: Paints what lies behind.
        sun: Range of the sun's strength; the rest comes from the sky.
        warmth: Mean colour of the light, blue (-1) to orange (1).
        edge: Range of rows where ground and backdrop meet.
        is_indoors: Decides what may stand in the foreground.
    """

    name: str
    ground: Painter
    backdrop: Painter
    sun: tuple[float, float]
    warmth: float
    edge: tuple[float, float]
    is_indoors: bool

    def draw_camera(
        self, rng: np.random.Generator, *, size: int, n_objects: int
    ) -> Camera:
        """A camera for `n_objects`; more objects are seen from further away."""
        largest = {1: 0.27, 2: 0.21, 3: 0.18}[n_objects]
        edge = float(rng.uniform(*self.edge))
        # The horizon lies at or above the far end of the ground.
        steepest = 0.5 - edge
        pitch = float(np.arctan(max(steepest + rng.uniform(0.04, 0.26), 0.24) / 1.2))
        return Camera(
            size=size,
            pitch=pitch,
            edge=edge,
            scale=float(rng.uniform(0.58, 1.0)) * largest,
        )

    def paint(self, camera: Camera, light: Light, *, rng: np.random.Generator) -> Array:
        """Linear light of the empty scene, (size, size, 3)."""
        behind = self.backdrop(camera, rng) * (0.55 + 0.3 * float(light.sun.mean()))
        floor = self.ground(camera, rng)
        high = float(light.direction[1])
        floor = floor * (light.sun * high + light.sky)
        blur = camera.size / 224 * float(rng.uniform(1.0, 4.5))
        behind = gaussian_filter(behind, (blur, blur, 0), mode="nearest")
        picture = np.concatenate([behind, floor]).astype(np.float32)
        return _far_blur(_dappled(picture, light, rng=rng), camera, blur=blur)


def draw_light(setting: Setting, rng: np.random.Generator) -> Light:
    """Sun and sky for `setting`; seldom from behind the objects."""
    azimuth = rng.choice([-1, 1]) * rng.uniform(0.4, 2.3)
    height = rng.uniform(0.5, 0.95)
    direction = np.array(
        [
            np.sin(azimuth) * np.cos(height),
            np.sin(height),
            np.cos(azimuth) * np.cos(height),
        ]
    )
    strength = float(rng.uniform(*setting.sun))
    warmth = setting.warmth + float(rng.normal(0, 0.35))
    tint = np.array([1 + 0.14 * warmth, 1.0, 1 - 0.16 * warmth])
    around = np.array([0.95, 1.0, 1.07]) * (0.62 - 0.18 * min(strength, 1.8))
    return Light(
        direction=direction.astype(np.float32),
        sun=(tint * strength).astype(np.float32),
        sky=(around + 0.1).astype(np.float32),
        bounce=(np.array([0.24, 0.22, 0.19]) * (0.5 + 0.4 * strength)).astype(
            np.float32
        ),
        softness=0.06 + 0.35 * max(1.0 - strength, 0.0) + float(rng.uniform(0, 0.08)),
    )


def _dappled(picture: Array, light: Light, *, rng: np.random.Generator) -> Array:
    """Sometimes the broken shadow of something outside the picture."""
    if rng.random() > 0.3:
        return picture
    size = picture.shape[0]
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) * (28 / size)
    shift = rng.uniform(0, 256, 2)
    cloud = texture(x + shift[0], y * 1.7 + shift[1], roughness=0.5)
    shadow = np.clip(0.5 + 1.2 * (cloud - rng.uniform(0.0, 1.0)), 0, 1)
    depth = 0.45 * float(light.sun.mean()) / (float(light.sun.mean()) + 0.5)
    shaded: Array = picture * (1 - depth * shadow)[..., None]
    return shaded


def _far_blur(picture: Array, camera: Camera, *, blur: float) -> Array:
    """Ground far away is out of focus too."""
    rows = slice(
        camera.edge_row - 2, camera.edge_row + (camera.size - camera.edge_row) // 2
    )
    strip = picture[rows]
    soft = gaussian_filter(strip, (blur * 0.5, blur * 0.5, 0), mode="nearest")
    share = np.linspace(1, 0, strip.shape[0], dtype=np.float32)[:, None, None]
    picture[rows] = soft * share + strip * (1 - share)
    return picture


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(name="meadow", ground=grounds.grass, backdrop=backdrops.trees,
            sun=(0.7, 1.7), warmth=0.2, edge=(0.22, 0.5), is_indoors=False),
    Setting(name="beach", ground=grounds.sand, backdrop=backdrops.sea,
            sun=(0.9, 1.7), warmth=0.3, edge=(0.25, 0.5), is_indoors=False),
    Setting(name="street", ground=grounds.paving, backdrop=backdrops.houses,
            sun=(0.3, 1.6), warmth=0.1, edge=(0.25, 0.5), is_indoors=False),
    Setting(name="snow", ground=grounds.snow, backdrop=backdrops.firs,
            sun=(0.2, 1.0), warmth=-0.5, edge=(0.22, 0.5), is_indoors=False),
    Setting(name="forest", ground=grounds.litter, backdrop=backdrops.forest,
            sun=(0.5, 1.3), warmth=0.1, edge=(0.22, 0.48), is_indoors=False),
    Setting(name="kitchen", ground=grounds.planks, backdrop=backdrops.tiles,
            sun=(0.5, 1.3), warmth=0.4, edge=(0.25, 0.52), is_indoors=True),
    Setting(name="room", ground=grounds.carpet, backdrop=backdrops.wall,
            sun=(0.4, 1.2), warmth=0.5, edge=(0.3, 0.56), is_indoors=True),
    Setting(name="tablecloth", ground=grounds.cloth, backdrop=backdrops.wall,
            sun=(0.4, 1.2), warmth=0.4, edge=(0.22, 0.5), is_indoors=True),
    Setting(name="evening", ground=grounds.planks, backdrop=backdrops.evening,
            sun=(0.5, 1.0), warmth=0.9, edge=(0.28, 0.54), is_indoors=True),
)  # fmt: skip
