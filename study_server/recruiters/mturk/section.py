"""What a study file says of a market that speaks the protocol of Mechanical Turk."""

from __future__ import annotations

import re
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from study_server.recruiters.market import Comparator, Guards
from study_server.recruiters.sections import (
    OTHER_BROWSER,
    OtherBrowser,
    PaidSection,
    RecruiterSection,
    checked_address,
)

_LOCALE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


class QualificationRule(RecruiterSection):
    """One more qualification that workers need, or must not have."""

    id: str = Field(pattern=r"^[A-Za-z0-9]{1,64}$", description="the market's id of it")
    comparator: Comparator = Field(description="Exists, DoesNotExist, EqualTo, ...")
    values: Annotated[tuple[int, ...], Field(strict=False, max_length=15)] = Field(
        default=(), description="whole numbers to compare with"
    )
    guards: Guards = Field(
        default="Accept", description="what people without it may not do"
    )

    @model_validator(mode="after")
    def _compares_with_something(self) -> Self:
        needs_none = self.comparator in ("Exists", "DoesNotExist")
        if needs_none == bool(self.values):
            raise ValueError(
                f"comparator {self.comparator} needs "
                f"{'no values' if needs_none else 'values to compare with'}"
            )
        return self


class MTurkSection(PaidSection):
    """Paid people of a market that speaks the protocol of Mechanical Turk."""

    title: str = Field(
        min_length=1, max_length=128, description="the HIT's title in the market"
    )
    description: str = Field(
        min_length=1, max_length=2000, description="the HIT's description there"
    )
    keywords: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="words people search by"
    )
    auto_approval_hours: int = Field(
        default=72, ge=0, le=30 * 24, description="when the market pays by itself"
    )
    worker_sites: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="further sites that may frame our pages"
    )
    masters: bool = Field(default=False, description="only workers called Masters")
    min_percent_approved: int | None = Field(
        default=None, ge=0, le=100, description="share of their work approved, percent"
    )
    min_n_approved: int | None = Field(
        default=None, ge=0, description="how much of their work was approved"
    )
    locales: Annotated[tuple[str, ...], Field(strict=False, max_length=30)] = Field(
        default=(), description='where they live: "US", "US-CA"'
    )
    qualifications: Annotated[tuple[QualificationRule, ...], Field(strict=False)] = (
        Field(default=(), description="further qualifications")
    )
    other_browser: OtherBrowser = Field(
        default="ask", description=OTHER_BROWSER.format(visit="assignment id")
    )
    notification_queue: str | None = Field(
        default=None, description="address of an SQS queue for notifications"
    )

    @field_validator("notification_queue")
    @classmethod
    def _is_a_queue(cls, value: str | None) -> str | None:
        return None if value is None else checked_address(value).rstrip("/")

    @field_validator("worker_sites")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for site in value:
            parts = urlsplit(checked_address(site))
            if site != f"{parts.scheme}://{parts.netloc}":
                raise ValueError(
                    f"{site}: expected an origin like https://worker.example.org"
                )
        return value

    @field_validator("locales")
    @classmethod
    def _are_locales(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [name for name in value if not _LOCALE.fullmatch(name)]
        if wrong:
            raise ValueError(
                f'{", ".join(wrong)}: expected countries or parts of them, "US" or "US-CA"'
            )
        return value

    @model_validator(mode="after")
    def _fits_a_posting(self) -> Self:
        own = (
            self.masters,
            self.locales,
            self.min_percent_approved is not None,
            self.min_n_approved is not None,
        )
        # Two are kept for people who have taken part, or have to wait.
        if len(self.qualifications) + sum(map(bool, own)) + 2 > 10:
            raise ValueError("a HIT takes at most 10 qualification requirements")
        return self
