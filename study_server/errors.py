"""What a user can mend: the base of every error the commands print in words."""


class StudyError(Exception):
    """A study that cannot go on, in words its maker can act on."""
