"""A question as data: its fields, its vote, and what may be made of either.

Whoever reads responses reads this and never a question's name. A paradigm declares
its questions, a bundle carries the declaration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Final, Literal, TypeVar, get_args

from stimuli.manifest import HOLDINGS

Type = Literal["choice", "text", "number", "json"]
Scale = Literal["nominal", "ordinal", "interval", "text", "json"]
Shuffled = Literal["nothing", "classes", "classes-once", "places", "places-evenly"]
Chooses = Literal["best", "worst", "odd"]
PerVote = Literal["any", "all"]

PER_CLASS: Final = "{}"
Record = TypeVar("Record", "Field", "Vote", "Question")
_USUAL_SCALE: Final[Mapping[Type, Scale]] = {
    "choice": "nominal",
    "text": "text",
    "number": "interval",
    "json": "json",
}


class DeclarationError(ValueError):
    """A declaration that contradicts itself or cannot be read, in words."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a response: what may stand in it, and what that means.

    Attributes:
        name: Its key in a response. With "{}" in it there is one such field for each
            of the trial's classes, numbered from 0 ("relevant_{}").
        type: "choice", "text", "number" or "json" (anything else, kept as JSON text).
        description: For the data dictionary; "{}" is the class's number again.
        scale: What its values may be used for. "nominal": shares and confusions.
            "ordinal": an order too, lowest choice first. "interval": amounts, so
            that means make sense (choices are numbers then). "text": a listing.
            "json": kept and counted. Left out: nominal for choices, interval for
            numbers, text and json as they are.
        choices: Allowed values of a choice, in their order.
        words: Value to what people read of it: in a paradigm a key of its texts, in
            a bundle the words themselves.
        numbers_classes: The choices are "1", "2", …, one for each of the trial's
            classes: groups, alternatives or options by their place in the trial. Those
            listed come after them.
        chooses: What choosing one of the trial's options says of it, beside those it
            was shown with: it is the "best", the "worst", or the "odd" one that
            belongs with them least. Each class of the trial is what an option stands
            for. Empty where none is set against the others.
        no_difference: Values that say that no option stands out.
        takes_classes: The trial's classes, by id, are choices before those listed. A
            bundle lists them, and says nothing of this.
        unanswered: Values nobody chooses, which stand for no response (the time ran
            out). They are wrong where there is a key, and no guess meets them.
        yes: Values that say yes to what the field asks about.
        no: Values that say no; a choice in neither is no vote ("cannot tell").
        is_side: The choices are sides or places of the page, as people see it: whoever
            prefers one of them has a side bias.
        one_sided: What people choose who always do the same; empty where that is no
            better than chance, because places are shuffled or anything may stand there.
        lowest: Least number allowed.
        highest: Greatest number allowed.
        unit: Of a number, for the data dictionary.
        about: What the study calls the thing asked about ("books"); often empty.
        wording: What people read of it ("a pile of books"); often empty.
    """

    name: str = ""
    type: Type
    description: str
    scale: Scale | Literal[""] = ""
    choices: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    numbers_classes: bool = False
    chooses: Chooses | Literal[""] = ""
    no_difference: tuple[str, ...] = ()
    takes_classes: bool = False
    unanswered: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    is_side: bool = False
    one_sided: str = ""
    lowest: float | None = None
    highest: float | None = None
    unit: str = ""
    about: str = ""
    wording: str = ""

    @property
    def is_per_class(self) -> bool:
        """Whether there is one such field for each of a trial's classes."""
        return PER_CLASS in self.name

    @property
    def measured_on(self) -> Scale:
        """Its scale, the usual one of its type where none is said."""
        return self.scale or _USUAL_SCALE[self.type]

    @property
    def is_judgment(self) -> bool:
        """Whether it says yes or no to something."""
        return bool(self.yes or self.no)

    @property
    def offered(self) -> tuple[str, ...]:
        """The choices that can be chosen."""
        return tuple(each for each in self.choices if each not in self.unanswered)

    def with_classes(self, names: Mapping[str, str]) -> Field:
        """The field with these classes as choices, where it takes any.

        >>> field = Field(name="is", type="choice", description="", choices=("none",),
        ...               takes_classes=True)
        >>> field.with_classes({"3": "cat", "7": "dog"}).choices
        ('3', '7', 'none')
        """
        if not self.takes_classes:
            return self
        return replace(
            self,
            choices=(*names, *self.choices),
            words={**names, **self.words},
            takes_classes=False,
        )

    def of_classes(
        self, n_classes: int, *, classes: Sequence[str] = ()
    ) -> dict[str, Field]:
        """The fields it stands for on a trial of so many classes, by name.

        Args:
            n_classes: How many classes the trial has.
            classes: Their ids, for a field that takes them.
        """
        numbered = tuple(str(number) for number in range(1, n_classes + 1))
        whole = self
        if self.numbers_classes:
            whole = replace(self, choices=(*numbered, *self.choices))
        if self.takes_classes:
            whole = replace(self, choices=(*classes, *self.choices))
        if not self.is_per_class:
            return {self.name: whole}
        names = [self.name.replace(PER_CLASS, str(each)) for each in range(n_classes)]
        return {
            name: replace(
                whole,
                name=name,
                description=self.description.replace(PER_CLASS, str(index)),
            )
            for index, name in enumerate(names)
        }

    def matches(self, name: str) -> bool:
        """Whether a response's field of that name is one of these.

        >>> several = Field(name="seen_{}", type="text", description="")
        >>> several.matches("seen_3"), several.matches("seen_x"), several.matches("seen")
        (True, False, False)
        """
        return name == self.name if not self.is_per_class else self.index_of(name) >= 0

    def index_of(self, name: str) -> int:
        """Which class, from 0, a field of that name is about; -1 for none."""
        before, mark, after = self.name.partition(PER_CLASS)
        if not (mark and name.startswith(before) and name.endswith(after)):
            return -1
        number = name[len(before) : len(name) - len(after)]
        return int(number) if number.isascii() and number.isdigit() else -1


@dataclass(frozen=True, kw_only=True)
class Vote:
    """What makes a response a vote on the prediction judged.

    Attributes:
        fields: Names of fields with values for yes and no.
        takes: "any": one yes accepts, no everywhere rejects. "all": yes everywhere
            accepts, one no rejects. Anything else is no vote.
    """

    fields: tuple[str, ...]
    takes: PerVote = "any"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a trial may ask, and what may be made of the responses.

    Attributes:
        name: As trials say it.
        fields: What a response holds.
        vote: What accepts the prediction judged; None where none is judged.
        is_graded: Whether every main trial has a right response, its key. Catch and
            practice trials may have one all the same.
        names_classes: Whether the page may say what the trial's classes are called.
        shuffled: What is drawn anew for each trial: "classes", the order they are
            named in; "places", what stands at which place of the page. With
            "classes-once" a person meets them in one order throughout, with
            "places-evenly" each of them at every place equally often.
        one_sided: What people do who always choose the same, after the word "who".
        wording: What people read: in a paradigm a key of its texts
            ("question_<name>" where left out), in a bundle the words themselves.
        responding: What a response is, in words ("yes or no"); "{n_classes}" stands
            for a number. Made of the fields where left out.
        needs: What its trials must hold beside the paradigm's slots, words of
            `stimuli.manifest.HOLDINGS`; what fields and vote let expect where left out.
    """

    name: str
    fields: tuple[Field, ...]
    vote: Vote | None = None
    is_graded: bool = False
    names_classes: bool = True
    shuffled: Shuffled = "nothing"
    one_sided: str = ""
    wording: str = ""
    responding: str = ""
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if problems := list(_problems(self)):
            raise DeclarationError(f"question {self.name!r}: {'; '.join(problems)}")

    def fields_of(
        self, n_classes: int, *, classes: Sequence[str] = ()
    ) -> dict[str, Field]:
        """The fields of a response to a trial of so many classes, by name.

        Args:
            n_classes: How many classes the trial has.
            classes: Their ids, for fields that take them.
        """
        found: dict[str, Field] = {}
        for each in self.fields:
            found |= each.of_classes(n_classes, classes=classes)
        return found

    def with_classes(self, names: Mapping[str, str]) -> Question:
        """The question with these classes (id to name) as choices, where it takes any."""
        fields = tuple(each.with_classes(names) for each in self.fields)
        return replace(self, fields=fields)

    def field_of(self, name: str) -> Field | None:
        """The field declared that a response's field of that name belongs to."""
        return next((each for each in self.fields if each.matches(name)), None)

    @property
    def vote_fields(self) -> tuple[Field, ...]:
        """The fields whose values make the vote."""
        named = self.vote.fields if self.vote else ()
        return tuple(each for each in self.fields if each.name in named)

    def accepts(self, response: Mapping[str, Any]) -> bool | None:
        """Whether a response accepts the prediction judged; None if it is no vote.

        >>> seen = Field(name="seen", type="choice", description="",
        ...              choices=("yes", "no", "?"), yes=("yes",), no=("no",))
        >>> asked = Question(name="q", fields=(seen,), vote=Vote(fields=("seen",)))
        >>> [asked.accepts({"seen": value}) for value in ("yes", "no", "?")]
        [True, False, None]
        """
        said = [
            _said(each, value)
            for each in self.vote_fields
            for name, value in response.items()
            if each.matches(name)
        ]
        if self.vote is None or not said:
            return None
        decides = self.vote.takes == "any"
        if decides in said:
            return decides
        return None if None in said else not decides

    def worded(self, texts: Mapping[str, str]) -> Question:
        """The same with the words themselves in place of keys of texts."""
        return replace(
            self,
            wording=texts.get(self.wording or f"question_{self.name}", ""),
            fields=tuple(
                replace(
                    each,
                    words={v: texts.get(key, v) for v, key in each.words.items()},
                )
                for each in self.fields
            ),
        )

    def as_json(self) -> dict[str, Any]:
        """As a bundle holds it: whatever is not as usual, by name."""
        found = _unusual(self)
        found["fields"] = [_unusual(each) for each in self.fields]
        if self.vote is not None:
            found["vote"] = _unusual(self.vote)
        # What a set must hold is nothing that responses tell of.
        for key in ("name", "needs"):
            found.pop(key, None)
        return found


def asking(*questions: Question) -> dict[str, Question]:
    """Questions by name, as a paradigm lists them."""
    return {question.name: question for question in questions}


def question_from_json(name: str, raw: object) -> Question:
    """The question as it was declared.

    Raises:
        DeclarationError: If a part is missing, unknown or of the wrong kind.
    """
    given = _mapping(raw, f"question {name!r}")
    listed = given.get("fields")
    if not isinstance(listed, list):
        raise DeclarationError(f"question {name!r}: a list of fields was expected")
    where = f"question {name!r}"
    vote = given.get("vote")
    parts: dict[str, Any] = {
        **given,
        "name": name,
        "fields": tuple(_made(Field, each, where) for each in listed),
        "vote": None if vote is None else _made(Vote, vote, where),
    }
    return _built(Question, parts, where)


def _made(kind: type[Record], raw: object, where: str) -> Record:
    given = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in _mapping(raw, where).items()
    }
    return _built(kind, given, where)


def _built(kind: type[Record], given: Mapping[str, Any], where: str) -> Record:
    known = {each.name: each for each in fields(kind)}
    unknown = sorted(set(given) - set(known))
    needed = [
        name
        for name, each in known.items()
        if each.default is MISSING and each.default_factory is MISSING
    ]
    missing = [name for name in needed if name not in given]
    if unknown or missing:
        said = [f"{', '.join(unknown)} unknown"] if unknown else []
        said += [f"{', '.join(missing)} missing"] if missing else []
        raise DeclarationError(f"{where}: {'; '.join(said)}")
    return kind(**given)


def _mapping(raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise DeclarationError(
            f"{where}: an object was expected, got {type(raw).__name__}"
        )
    return raw


def _unusual(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the records here
    """The attributes that differ from their usual value, as JSON has them."""
    found = {}
    for each in fields(record):
        value = getattr(record, each.name)
        usual = each.default if each.default_factory is MISSING else {}
        if value != usual:
            found[each.name] = list(value) if isinstance(value, tuple) else value
    return found


def _said(asked: Field, value: object) -> bool | None:
    if value in asked.yes:
        return True
    return False if value in asked.no else None


def _problems(question: Question) -> list[str]:
    names = [each.name for each in question.fields]
    found = [f"field {n!r} stands there twice" for n in names if names.count(n) > 1]
    for each in question.fields:
        found += [f"field {each.name!r}: {said}" for said in _of_field(each)]
    if unknown := sorted(set(question.needs) - set(HOLDINGS)):
        found.append(f"needs: {', '.join(unknown)} is none of {', '.join(HOLDINGS)}")
    if question.shuffled not in get_args(Shuffled):
        found.append(f"shuffled is one of {', '.join(get_args(Shuffled))}")
    if question.vote is None:
        return found
    if question.vote.takes not in get_args(PerVote):
        found.append(f"vote: takes is one of {', '.join(get_args(PerVote))}")
    found += [
        f"vote: no field {name!r} is declared"
        for name in question.vote.fields
        if name not in names
    ]
    found += [
        f"vote: field {each.name!r} needs values for yes or for no"
        for each in question.vote_fields
        if not each.is_judgment
    ]
    return found


def _of_field(asked: Field) -> list[str]:
    found = []
    if not asked.name:
        found.append("needs a name")
    if asked.type not in get_args(Type):
        return [*found, f"type is one of {', '.join(get_args(Type))}"]
    if asked.scale and asked.scale not in get_args(Scale):
        found.append(f"scale is one of {', '.join(get_args(Scale))}")
    if asked.chooses and asked.chooses not in get_args(Chooses):
        found.append(f"chooses is one of {', '.join(get_args(Chooses))}")
    if asked.chooses and not asked.numbers_classes:
        found.append("chooses is for choices that number the trial's classes")
    if stray := sorted(set(asked.no_difference) - set(asked.choices)):
        found.append(f"no_difference: {', '.join(stray)} is none of its choices")
    if asked.numbers_classes:
        return found
    return [*found, *_of_choices(asked)]


def _of_choices(asked: Field) -> list[str]:
    found = []
    if asked.takes_classes and asked.type != "choice":
        found.append("takes_classes is for choices")
    if asked.type == "choice" and not (asked.choices or asked.takes_classes):
        found.append("a choice needs choices")
    given = {*asked.yes, *asked.no, *asked.words, *filter(None, [asked.one_sided])}
    given |= set(asked.unanswered)
    if asked.choices and (stray := sorted(given - set(asked.choices))):
        found.append(f"{', '.join(stray)} is none of its choices")
    if asked.measured_on == "interval" and not all(map(_is_number, asked.choices)):
        found.append("choices of an interval scale are numbers")
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
