"""What the sections of recruiters in a study file have in common.

Each recruiter's own section, `[recruiter.<name>]`, lies in its package.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
_AMOUNT: Final = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")


class RecruiterSection(BaseModel):
    """The settings of one recruiter for one study."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @property
    def pay_of_leavers(self) -> str:
        """What people who stop early are paid, in words; empty where nobody is."""
        return ""


OtherBrowser = Literal["ask", "same-visit"]
OTHER_BROWSER: Final = (
    'who goes on in another browser than they began in: "ask" (you let them, with '
    '`secondlook participant release`) or "same-visit" (also whoever brings the very '
    "{visit} of the visit, which others may read in the address)"
)

Money = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,7}(\.[0-9]{1,2})?$"),
]
PayRule = Literal["full", "hold"]


def to_minor(amount: str) -> int:
    """Cents of an amount like "1.20", exactly.

    Raises:
        ValueError: If it is no amount of money.
    """
    if not _AMOUNT.fullmatch(amount):
        raise ValueError(
            f'expected dollars with at most two decimals, like "1.20", got {amount!r}'
        )
    return int(Decimal(amount) * 100)


def in_dollars(amount_minor: int) -> str:
    """Cents as people read them: $1.20."""
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}${abs(amount_minor) // 100:,}.{abs(amount_minor) % 100:02d}"


class PaidSection(RecruiterSection):
    """People who are paid per block, on a market where work is posted."""

    reward: Money = Field(description='dollars per block, as text: "1.20"')
    minutes: float = Field(
        gt=0, le=24 * 60, description="how long a block takes, as you estimate"
    )
    floor_per_hour: Money = Field(
        default="0", description="dollars an hour you want nobody to be paid less than"
    )
    cap: Money = Field(description="dollars that are never exceeded, fees included")
    assignment_minutes: int = Field(
        default=60, ge=1, le=30 * 24 * 60, description="how long one may take"
    )
    lifetime_hours: int = Field(
        default=168, ge=1, le=365 * 24, description="how long a HIT can be accepted"
    )
    max_assignments: int = Field(
        default=9, ge=1, le=1000, description="people per HIT at most"
    )
    delivery: Literal["external", "html"] = Field(
        default="external",
        description='"external" (our server in a frame) or "html" (a page of its own)',
    )
    image_base_url: str | None = Field(
        default=None,
        description='where `stimuli publish` put the images; for delivery = "html"',
    )
    pay_invalid: PayRule = Field(
        default="full",
        description='work that broke a quality rule: "full" or "hold" (you decide)',
    )
    pay_partial: PayRule = Field(
        default="full", description='work handed in unfinished: "full" or "hold"'
    )
    pay_screened_out: Literal["full", "return"] = Field(
        default="return",
        description='who fails the check or stops early: "full" (hands in and is '
        'paid) or "return" (gives the HIT back)',
    )

    @property
    def pays_leavers(self) -> bool:
        """Whether who stops after the first image hands in and is paid."""
        return "full" in (self.pay_screened_out, self.pay_partial)

    @property
    def pay_of_leavers(self) -> str:
        """In full, or not before somebody has looked at it."""
        if self.pays_leavers:
            return (
                "From your first image on you hand it in all the same, and are paid in "
                "full."
            )
        return (
            "Only a finished part is paid for; the researchers decide about anything "
            "else that is handed in."
        )

    @property
    def reward_minor(self) -> int:
        """Cents per block."""
        return to_minor(self.reward)

    @property
    def floor_minor(self) -> int:
        """Cents per hour."""
        return to_minor(self.floor_per_hour)

    @property
    def cap_minor(self) -> int:
        """Cents in all."""
        return to_minor(self.cap)

    @field_validator("reward", "floor_per_hour", "cap", mode="before")
    @classmethod
    def _is_money(cls, value: Any) -> Any:  # noqa: ANN401 - pydantic hands over anything
        if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
            raise ValueError(
                'expected dollars as text with at most two decimals, like "1.20"'
            )
        return value

    @field_validator("image_base_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        return None if value is None else checked_address(value).rstrip("/")

    @model_validator(mode="after")
    def _can_be_paid(self) -> Self:
        if self.reward_minor < 1:
            raise ValueError("reward: expected at least 0.01")
        if self.reward_minor > self.cap_minor:
            raise ValueError(f"cap {self.cap} does not even cover one reward")
        if self.delivery == "html" and self.image_base_url is None:
            raise ValueError(
                'delivery = "html" needs image_base_url: publish the images with '
                "`secondlook stimuli publish` and give the address it prints"
            )
        return self


def is_local(url: str) -> bool:
    """Whether an address is this machine's own."""
    return urlsplit(url).hostname in LOCAL_HOSTS


def checked_address(value: str) -> str:
    """An address that a market's pages can show, as it came.

    Raises:
        ValueError: If it is none, or browsers would refuse it there.
    """
    parts = urlsplit(value)
    if not parts.hostname or parts.username is not None:
        raise ValueError("expected an https:// address")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local(value)):
        raise ValueError(
            "expected an https:// address, because browsers refuse plain http inside "
            "the market's pages"
        )
    return value
