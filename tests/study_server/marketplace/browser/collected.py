"""Everything that the marketplace can collect: how it is asked, done and read back."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA = (
    "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/"
    "2017-11-06/QuestionForm.xsd"
)
SCRIPT = '<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>'
TRICKY = '1 < 2 & "it\'s" |; =1+1 😀 שלום'


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question.

    Attributes:
        markup: Of the answer's specification, or of the elements.
        done: What a worker does: fields of the form, or a script about `all`, the
            elements of the question.
        value: What the bundle says; None where there is no response.
    """

    markup: str
    done: dict[str, list[str]] | str
    value: str | None


def choices(*identifiers: str, shown: str = "<Text>{}</Text>") -> str:
    return "".join(
        f"<Selection><SelectionIdentifier>{each}</SelectionIdentifier>"
        f"{shown.format(each)}</Selection>"
        for each in identifiers
    )


def selection(*identifiers: str, before: str = "", after: str = "", **more: str) -> str:
    return (
        f"<SelectionAnswer>{before}<Selections>{choices(*identifiers, **more)}"
        f"</Selections>{after}</SelectionAnswer>"
    )


def free(constraints: str = "") -> str:
    return f"<FreeTextAnswer><Constraints>{constraints}</Constraints></FreeTextAnswer>"


SEVERAL = "<StyleSuggestion>checkbox</StyleSuggestion>"
PICTURE = (
    "<Binary><MimeType><Type>image</Type></MimeType><DataURL>https://e.org/{}.png"
    "</DataURL><AltText>{}</AltText></Binary>"
)
FORMATTED = "<FormattedContent><![CDATA[<b>{}</b>]]></FormattedContent>"
OTHER = "<OtherSelection/>"
# Names of fields are made of the question's: "" stands for it.
QUESTION_FORM = {
    "free": Asked(markup=free(), done={"": [TRICKY]}, value=TRICKY),
    "lines": Asked(markup=free(), done={"": ["one\r\ntwo"]}, value="one\ntwo"),
    "number": Asked(
        markup=free('<IsNumeric minValue="0" maxValue="9"/>'),
        done={"": ["3.5"]},
        value="3.5",
    ),
    "length": Asked(
        markup=free('<Length minLength="2" maxLength="3"/>'),
        done={"": ["ab"]},
        value="ab",
    ),
    "regex": Asked(
        markup=free('<AnswerFormatRegex regex="^[a-z]+$" flags="i"/>'),
        done={"": ["ABC"]},
        value="ABC",
    ),
    "one": Asked(markup=selection("cat", "dog"), done={"": ["dog"]}, value="dog"),
    "several": Asked(
        markup=selection("cat", "dog", "fox", before=SEVERAL),
        done={"": ["cat", "fox"]},
        value="cat|fox",
    ),
    "picture": Asked(
        markup=selection("cat", "dog", shown=PICTURE.replace("{}", "{0}")),
        done={"": ["cat"]},
        value="cat",
    ),
    "formatted": Asked(
        markup=selection("cat", "dog", shown=FORMATTED), done={"": ["cat"]}, value="cat"
    ),
    "other": Asked(
        markup=selection("cat", after=OTHER),
        done={"": [""], ".OtherSelectionText": ["a fox"]},
        value="a fox",
    ),
    "and_other": Asked(
        markup=selection("cat", "dog", before=SEVERAL, after=OTHER),
        done={"": ["cat"], ".OtherSelectionText": ["a fox"]},
        value="cat|a fox",
    ),
    "left": Asked(markup=free(), done={}, value=None),
}
# Fields of a page of the requester's own.
FIELDS = {
    "plain": Asked(markup="", done={"": [TRICKY]}, value=TRICKY),
    "ticked": Asked(markup="", done={"": ["cat", "dog"]}, value="cat|dog"),
    "formula": Asked(markup="", done={"": ["=1+1"]}, value="=1+1"),
    "nothing": Asked(markup="", done={"": [""]}, value=None),
}
CATEGORIES = """categories="['It's a cat', 'A dog', 'A fox']" header="What is it?" """
PICK = "all[0].shadowRoot.querySelectorAll('input')[{}].click();"
# In elements of crowd-html-elements, and native ones in their form; NAME is theirs.
CROWD = {
    "input": Asked(
        markup="<crowd-input name=NAME></crowd-input>",
        done=f"all[0].value = {TRICKY!r};",
        value=TRICKY,
    ),
    "area": Asked(
        markup="<crowd-text-area name=NAME></crowd-text-area>",
        done="all[0].value = 'one\\ntwo';",
        value="one\ntwo",
    ),
    "slider": Asked(
        markup="<crowd-slider name=NAME min=0 max=1 step=0.25></crowd-slider>",
        done="all[0].value = 0.75;",
        value="0.75",
    ),
    "unmoved": Asked(
        markup="<crowd-slider name=NAME></crowd-slider>", done="", value=None
    ),
    "radio": Asked(
        markup="<crowd-radio-group>"
        "<crowd-radio-button name=NAME value=yes>Yes</crowd-radio-button>"
        "<crowd-radio-button name=NAME value=no>No</crowd-radio-button>"
        "</crowd-radio-group>",
        done="all[1].checked = true; all[0].checked = true;",
        value="yes",
    ),
    "boxes": Asked(
        markup="<crowd-checkbox name=NAME value=cat>Cat</crowd-checkbox>"
        "<crowd-checkbox name=NAME value=dog>Dog</crowd-checkbox>"
        "<crowd-checkbox name=NAME value=fox>Fox</crowd-checkbox>",
        done="all[0].checked = all[2].checked = true;",
        value="cat|fox",
    ),
    "box": Asked(
        markup="<crowd-checkbox name=NAME>Sure</crowd-checkbox>", done="", value="false"
    ),
    "toggle": Asked(
        markup="<crowd-toggle-button name=NAME value=lit></crowd-toggle-button>",
        done="all[0].checked = true;",
        value="true",
    ),
    "classifier": Asked(
        markup=f"<crowd-classifier name=NAME {CATEGORIES}>"
        "<classification-target>Meow</classification-target></crowd-classifier>",
        done=PICK.format(0),
        value="It's a cat",
    ),
    "image": Asked(
        markup=f"<crowd-image-classifier name=NAME {CATEGORIES} src=data:,>"
        "</crowd-image-classifier>",
        done=PICK.format(1),
        value="A dog",
    ),
    "several": Asked(
        markup=f"<crowd-classifier-multi-select name=NAME {CATEGORIES}>"
        "</crowd-classifier-multi-select>",
        done=PICK.format(0) + PICK.format(2),
        value='["It\'s a cat", "A fox"]',
    ),
    "none": Asked(
        markup=f"<crowd-image-classifier-multi-select name=NAME {CATEGORIES} src=data:,>"
        "</crowd-image-classifier-multi-select>",
        done="",
        value="[]",
    ),
    "native": Asked(markup="<input name=NAME value=seven>", done="", value="seven"),
    "native_radio": Asked(
        markup="<input type=radio name=NAME value=a><input type=radio name=NAME value=b>",
        done="all[1].click();",
        value="b",
    ),
    "native_list": Asked(
        markup="<select multiple name=NAME><option selected>a<option>b"
        "<option selected>c</select>",
        done="",
        value="a|c",
    ),
}
AROUND = """<crowd-instructions>Look.</crowd-instructions><crowd-modal>More.</crowd-modal>
<crowd-tabs><crowd-tab header="One"><crowd-card>A card</crowd-card></crowd-tab></crowd-tabs>
<crowd-alert>Mind.</crowd-alert><crowd-toast text="Hello"></crowd-toast>
<crowd-badge label="1"></crowd-badge><crowd-fab label="?"></crowd-fab>
<crowd-icon-button icon="x"></crowd-icon-button>
<crowd-button form-action="submit">Send</crowd-button>"""


def question_form(questions: dict[str, Asked]) -> str:
    """The document of a HIT that asks them."""
    asked = "".join(
        f"<Question><QuestionIdentifier>{name}</QuestionIdentifier>"
        f"<QuestionContent><Text>{name}?</Text></QuestionContent>"
        f"<AnswerSpecification>{one.markup}</AnswerSpecification></Question>"
        for name, one in questions.items()
    )
    return f'<QuestionForm xmlns="{SCHEMA}">{asked}</QuestionForm>'


def crowd_page(*, attributes: str = "") -> str:
    """A page with every element that is drawn."""
    asked = "".join(each.markup.replace("NAME", name) for name, each in CROWD.items())
    return f"{SCRIPT}<crowd-form {attributes}>{asked}{AROUND}</crowd-form>"


def crowd_script() -> str:
    """What a worker does on it."""
    return "".join(
        f"{{ const all = [...document.getElementsByName('{name}')]; {each.done} }}"
        for name, each in CROWD.items()
    )
