import numpy as np
import pytest

from stimuli.scenes.camera import Camera
from stimuli.scenes.classes import CLASSES
from stimuli.scenes.composition import Layer, lay, visible_shares
from stimuli.scenes.geometry import sphere
from stimuli.scenes.raymarch import render
from stimuli.scenes.sprites import Light, View
from stimuli.scenes.surfaces import SceneObject, made, plain


def sunlight(x: float = 0.6) -> Light:
    direction = np.array([x, 0.6, np.sqrt(1 - 0.36 - x * x)], np.float32)
    grey = np.ones(3, np.float32)
    return Light(
        direction=direction, sun=grey, sky=0.4 * grey, bounce=0.2 * grey, softness=0.1
    )


def white_ball() -> SceneObject:
    part = made(sphere((0, 1, 0), 1.0), plain((0.8, 0.8, 0.8), mottle=0))
    return SceneObject(parts=(part,), middle=1.0, radius=1.1)


def a_layer(alpha, *, area: float) -> Layer:
    return Layer(
        colour=np.zeros((4, 4, 3), np.float32),
        alpha=np.asarray(alpha, np.float32),
        shade=np.ones((4, 4), np.float32),
        area=area,
    )


def test_visible_shares_are_those_counted_by_hand():
    far = a_layer([[1, 1, 1, 1], [1, 1, 1, 1], [0] * 4, [0] * 4], area=8)
    # Half of the near object's 16 pixels lie outside the picture.
    near = a_layer([[1, 1, 0, 0]] * 4, area=16)
    foreground = np.zeros((4, 4), np.float32)
    foreground[0] = 0.5
    # far: the right half of rows 0 and 1 is free of the near object;
    #   2 pixels x 0.5 + 2 pixels x 1 = 3 of 8.
    # near: 2 pixels x 0.5 + 6 pixels x 1 = 7 of 16.
    assert visible_shares([far, near], foreground) == pytest.approx([3 / 8, 7 / 16])


def test_what_is_not_hidden_is_wholly_visible():
    alone = a_layer([[0, 0, 0, 0], [0, 1, 1, 0], [0] * 4, [0] * 4], area=2)
    assert visible_shares([alone], np.zeros((4, 4))) == pytest.approx([1.0])


def test_a_ball_covers_the_area_of_its_disc():
    sprite = render(white_ball(), View(pixels_per_unit=40, pitch=0.3), light=sunlight())
    # pi * 40^2 = 5027 pixels, plus at most half a pixel around 2 * pi * 40.
    assert sprite.alpha.sum() == pytest.approx(5027, rel=0.06)


def test_a_ball_cut_in_half_by_the_border_is_half_visible():
    camera = Camera(size=200, pitch=0.3, edge=0.3, scale=0.2)
    sprite = render(white_ball(), View(pixels_per_unit=40, pitch=0.3), light=sunlight())
    layer = lay(sprite, (150, 0), camera)
    assert visible_shares([layer], np.zeros((200, 200))) == pytest.approx(
        [0.5], abs=0.02
    )


def test_the_side_towards_the_sun_is_lighter_and_the_shadow_falls_away_from_it():
    sprite = render(white_ball(), View(pixels_per_unit=40, pitch=0.5), light=sunlight())
    row, column = (round(v) for v in sprite.base)
    middle = row - 35
    lit = sprite.colour[middle, column + 25].mean()
    dark = sprite.colour[middle, column - 25].mean()
    assert lit > 1.5 * dark
    ground = sprite.shade[row - 10 : row + 5]
    assert ground[:, column - 60].min() < 0.8
    assert ground[:, column + 60].min() > 0.97


def test_the_light_on_a_matte_ball_follows_lamberts_law():
    # Sun straight from the camera's side, pitch 0: the pixel that faces the sun
    # gets sun + sky light, one 60 degrees away half the sun's light.
    light = Light(
        direction=np.array([0, 0, 1], np.float32),
        sun=np.ones(3, np.float32),
        sky=np.zeros(3, np.float32),
        bounce=np.zeros(3, np.float32),
        softness=0.1,
    )
    part = made(sphere((0, 1, 0), 1.0), plain((0.8, 0.8, 0.8), mottle=0), gloss=0)
    ball = SceneObject(parts=(part,), middle=1.0, radius=1.1, floats=True)
    sprite = render(ball, View(pixels_per_unit=50, pitch=0.0), light=light)
    middle = sprite.alpha.shape[0] // 2
    facing = sprite.colour[middle, middle, 0]
    slanted = sprite.colour[middle, middle + round(50 * np.sin(np.pi / 3)), 0]
    assert facing == pytest.approx(0.8, abs=0.02)
    assert slanted == pytest.approx(0.4, abs=0.04)


@pytest.mark.parametrize("spec", CLASSES, ids=lambda spec: spec.name)
def test_every_object_lies_within_its_bounds_and_stands_on_the_ground(spec):
    shown = spec.draw(np.random.default_rng(3))
    sprite = render(shown, View(pixels_per_unit=30, pitch=0.3), light=sunlight())
    rows, columns = np.nonzero(sprite.alpha > 0.5)
    width = sprite.alpha.shape[1]
    assert len(rows) > 150
    reach = shown.radius * 30
    assert columns.max() - columns.min() < 2 * reach
    assert columns.min() > 0
    assert columns.max() < width - 1
    # Standing objects reach down to the row of the ground, or just in front.
    if not shown.floats:
        assert abs(rows.max() - sprite.base[0]) < 0.35 * reach
