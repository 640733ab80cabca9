import numpy as np
import pytest

from stimuli.scenes.geometry import (
    blend,
    box,
    carve,
    ellipsoid,
    lathe,
    moved,
    plate,
    ring,
    rotated,
    rotation,
    sphere,
    tube,
    union,
)


def at(field, *points):
    return field(np.asarray(points, np.float32).T)


@pytest.mark.parametrize(
    ("field", "point", "distance"),
    [
        # 3-4-5 triangle from the centre, radius 2: 5 - 2 = 3.
        (sphere((1, 0, 0), 2.0), (4, 4, 0), 3.0),
        # Corner of the box at (1, 1, 1); the point is (1, 2, 2) away from it.
        (box((0, 0, 0), (1, 1, 1)), (2, 3, 3), 3.0),
        # Inside, the nearest face is 0.25 away.
        (box((0, 0, 0), (1, 1, 1)), (0, 0.75, 0), -0.25),
        # Beyond the thin end (radius 0.1) of a rod of length 1: 2 - 1 - 0.1.
        (tube((0, 0, 0), (0, 1, 0), radii=(0.3, 0.1)), (0, 2, 0), 0.9),
        # Centre of a ring: major minus minor radius, outside.
        (ring((0, 0, 0), major=1.0, minor=0.25), (0, 0, 0), 0.75),
        # On a half-axis, twice as far as the surface.
        (ellipsoid((0, 0, 0), (0.5, 1, 1)), (0.5, 0, 0), 0.0),
        # A hole of radius 1 in a ball of radius 2: the middle is 1 from matter.
        (carve(sphere((0, 0, 0), 2.0), sphere((0, 0, 0), 1.0)), (0, 0, 0), 1.0),
        (union(sphere((0, 0, 0), 1.0), sphere((5, 0, 0), 1.0)), (3, 0, 0), 1.0),
    ],
)
def test_distances_are_those_worked_out_by_hand(field, point, distance):
    assert at(field, point)[0] == pytest.approx(distance, abs=1e-5)


def test_a_lathed_rectangle_is_a_cylinder():
    # Radius 1, height 0..2: 0.5 beside the wall, 0.25 above the lid, and
    # 1 inside the axis at half height.
    cylinder = lathe([(0, 0), (1, 0), (1, 2), (0, 2)])
    beside, above, inside = at(cylinder, (0, 1, 1.5), (0, 2.25, 0), (0, 1, 0))
    assert beside == pytest.approx(0.5, abs=0.32)  # a lower bound past the table
    assert beside < 0.501
    assert 0 < above <= 0.26
    assert inside == pytest.approx(-1.0, abs=0.03)


def test_a_plate_is_thin_along_z_and_a_polygon_across():
    square = plate([(-1, -1), (1, -1), (1, 1), (-1, 1)], half=0.1)
    beside, behind, inside = at(square, (1.1, 0, 0), (0, 0, 0.5), (0, 0, 0))
    assert beside == pytest.approx(0.1, abs=0.02)
    assert behind == pytest.approx(0.4, abs=1e-3)
    assert inside == pytest.approx(-0.1, abs=1e-3)


def test_a_turned_solid_is_where_it_was_turned_to():
    # A rod along x, turned a quarter about z, stands along y.
    rod = tube((0, 0, 0), (2, 0, 0), radii=(0.1, 0.1))
    upright = moved(rod, (5, 0, 0), turn=rotation(roll=np.pi / 2))
    on_axis, old_place = at(upright, (5, 2, 0), (7, 0, 0))
    assert on_axis == pytest.approx(-0.1, abs=1e-5)
    assert old_place == pytest.approx(1.9, abs=1e-5)


def test_a_fillet_adds_matter_only_near_the_joint():
    first, second = sphere((0, 0, 0), 1.0), sphere((1.2, 0, 0), 1.0)
    smooth = blend(first, second, width=0.3)
    joint, far = (0.6, 0.9, 0.0), (-1.5, 0.0, 0.0)
    assert at(smooth, joint)[0] < at(union(first, second), joint)[0]
    assert at(smooth, far)[0] == pytest.approx(0.5, abs=1e-5)


def test_rotated_is_the_matrix_product():
    rng = np.random.default_rng(0)
    turn = rotation(yaw=0.3, pitch=-1.1, roll=2.0)
    points = rng.normal(size=(3, 50))
    np.testing.assert_allclose(rotated(turn, points), turn @ points, atol=1e-6)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-6)
