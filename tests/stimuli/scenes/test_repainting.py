import numpy as np
import pytest

from stimuli.scenes.classes import CLASSES
from stimuli.scenes.composition import Scene
from stimuli.scenes.drawing import Surfaces, draw_one, draw_scenes, swapped_class
from stimuli.scenes.geometry import sphere
from stimuli.scenes.repainting import repainted, surface_of
from stimuli.scenes.surfaces import SceneObject, made, plain


def draw(index: int, surfaces: Surfaces = "own") -> Scene:
    return draw_one(index, seed=7, split="validation", size=64, surfaces=surfaces)


def test_other_surfaces_leave_places_and_shapes_as_they_are():
    for index in (0, 6):
        own = draw(index)
        foreign = draw(index, "foreign")
        assert own.visible == foreign.visible
        assert (own.mask == foreign.mask).all()
        inside = own.mask == 255
        assert inside.any()
        apart = np.abs(own.pixels.astype(int) - foreign.pixels)
        assert apart[inside].mean() > 3 * apart[own.mask == 0].mean()


def test_the_same_key_gives_the_same_surfaces():
    one, again = (draw(3, "foreign") for _ in range(2))
    assert (one.pixels == again.pixels).all()


def test_the_mask_holds_what_shows_of_the_labels_object():
    scene = draw_one(0, seed=7, split="validation", size=64)
    # What shows, out of the whole object: the share that the scene states.
    shown = scene.mask.sum() / 255
    assert 0 < shown < 64 * 64
    assert 0.3 <= scene.visible[scene.label] <= 1


def test_a_swapped_object_stands_alone_in_the_surface_of_another_class():
    scene = draw(5, "swapped")
    assert list(scene.visible) == [5]
    assert not scene.has_companion
    worn = [swapped_class(i, seed=7, split="validation") for i in range(320)]
    assert all(other != i % 16 for i, other in enumerate(worn))
    assert set(worn) == set(range(len(CLASSES)))


def test_a_surface_is_taken_from_the_nearest_part():
    low = made(sphere((0, 0, 0), 1.0), plain((0.8, 0.1, 0.1), mottle=0))
    high = made(sphere((0, 4, 0), 1.0), plain((0.1, 0.1, 0.8), mottle=0))
    worn = SceneObject(parts=(low, high), middle=2.0, radius=4.0)
    shape = SceneObject(
        parts=(made(sphere((0, 1, 0), 1.0), plain((0.5, 0.5, 0.5))),),
        middle=1.0,
        radius=2.0,
    )
    clad = repainted(shape, surface_of(worn, by=shape))
    # Twice as large and with the middles on each other, 0 and 2 become 0 and 4.
    points = np.array([[0, 0], [0, 2], [0, 0]], np.float32)
    colours = clad.parts[0].surface.paint(points)
    assert colours[0] == pytest.approx([0.8, 0.1, 0.1])
    assert colours[1] == pytest.approx([0.1, 0.1, 0.8])


def test_unknown_surfaces_are_refused():
    with pytest.raises(ValueError, match="surfaces must be one of own, foreign"):
        next(draw_scenes(1, seed=1, split="validation", surfaces="velvet"))  # type: ignore[arg-type]
