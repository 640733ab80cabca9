"""The objects of the demo world: functions of a generator that give a `SceneObject`."""
