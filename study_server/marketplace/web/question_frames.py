"""What is shown inside a HIT's frame, and where its form is sent."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeSerializer

from study_server.marketplace.errors import WorkerError
from study_server.marketplace.questions import question_forms
from study_server.marketplace.questions.hit_questions import HitQuestion, read_question
from study_server.marketplace.questions.html_questions import (
    NOT_AVAILABLE,
    adapt,
    with_parameters,
)
from study_server.marketplace.store import (
    Transaction,
    assignments,
    hits,
    qualifications,
)
from study_server.marketplace.store.tables import Assignment, Hit
from study_server.marketplace.web.access import for_anyone
from study_server.marketplace.web.application import courier, market
from study_server.marketplace.work import qualification_grants, worker_actions
from study_server.marketplace.work.deadlines import pass_time
from study_server.webkit.addresses import is_same_origin
from study_server.webkit.security_headers import as_frame
from study_server.webkit.signed_values import signing_keys

frames = Blueprint("market_frames", __name__)

# What a requester's page may do: scripts, forms, windows of its own, but no access
# to cookies or pages of this site, and no leaving of the frame by itself.
SANDBOX: Final = "allow-scripts allow-forms allow-popups allow-modals allow-downloads"
# Other people's pages: what they load is theirs to say, whom they reach is not.
_OPEN: Final = "frame-ancestors 'self'; base-uri 'none'"


def site() -> str:
    """The marketplace's address: the public one, or as this browser knows it."""
    return market().settings.base_url or request.url_root.rstrip("/")


@dataclass(frozen=True, kw_only=True)
class QuestionFrame:
    """A frame on a page of ours with a page of somebody else's.

    Attributes:
        url: What it shows.
        sandbox: What that page may do.
        height: Pixels the requester asked for; 0 fills the window.
    """

    url: str
    sandbox: str
    height: int


def frame_of(hit: Hit, *, assignment: Assignment | None = None) -> QuestionFrame:
    """What a HIT's frame shows: the requester's page, or ours with their HTML.

    A page of another site keeps its own cookies; one that is ours gets none.
    """
    question = read_question(hit.question)
    url, is_own = question.url, _is_ours(question.url)
    if question.kind != "ExternalQuestion":
        url = url_for("market_frames.show", token=_tokens().dumps(hit.public_id))
        is_own = True
    return QuestionFrame(
        url=with_parameters(
            url,
            hit_id=hit.public_id,
            site=site(),
            assignment_id=None if assignment is None else assignment.public_id,
            worker_id=None if assignment is None else assignment.worker.public_id,
        ),
        sandbox=SANDBOX if is_own else f"{SANDBOX} allow-same-origin",
        height=question.frame_height,
    )


def _is_ours(url: str) -> bool:
    return any(is_same_origin(url, ours) for ours in (site(), request.url_root))


def _public(path: str) -> str:
    """The whole public address of a path of ours."""
    return urljoin(f"{site()}/", path)


def url_of_test(request_id: str) -> str:
    """What the frame of a Qualification test shows."""
    token = _tokens().dumps(request_id)
    return url_for("market_frames.show_test", token=token)


@frames.get("/task/<token>")
@for_anyone
def show(token: str) -> ResponseReturnValue:
    """An HTMLQuestion or a QuestionForm, without access to this site."""
    with market().store.read() as tx:
        hit = hits.by_public_id(tx, _read_token(token))
        if hit is None:
            return _said("This HIT is gone.", 404)
        question = read_question(hit.question)
        text = hit.question
    if question.kind == "HTMLQuestion":
        page = _adapted(question)
    else:
        page = _form_page(text, action=_public(url_for("market_frames.submit")))
    return as_frame(make_response(page), policy=f"sandbox {SANDBOX}; {_OPEN}")


@frames.get("/test/<token>")
@for_anyone
def show_test(token: str) -> ResponseReturnValue:
    """A Qualification test, without access to this site."""
    with market().store.read() as tx:
        asked = qualifications.find_request(tx, _read_token(token))
        test = None if asked is None else asked.test
    if test is None:
        return _said("This test is gone.", 404)
    action = _public(url_for("market_frames.submit_test", token=token))
    page = _form_page(test, action=action)
    return as_frame(make_response(page), policy=f"sandbox {SANDBOX}; {_OPEN}")


@frames.post("/test/<token>")
@for_anyone
def submit_test(token: str) -> ResponseReturnValue:
    """Hand in a Qualification test."""
    here = market()
    with here.store.write() as tx:
        asked = qualifications.find_request(tx, _read_token(token))
        if asked is None or asked.test is None:
            return _said("This test is gone.", 404)
        form = question_forms.read_form(asked.test)
        values = request.form.to_dict(flat=False)
        if wrong := question_forms.complaints(form, values):
            return _shown_again(form, values, wrong, action=request.url)
        answer = question_forms.write_filled_in(form, values)
        try:
            qualification_grants.hand_in(tx, asked, answer=answer, at=here.clock())
        except WorkerError as error:
            return _said(f"{error}.", error.status)
    return _said("Your answers were handed in.", 200, is_done=True)


@frames.route("/mturk/externalSubmit", methods=["GET", "POST"])
@for_anyone
def submit() -> ResponseReturnValue:
    """Where the form of every HIT is sent, by a page of anybody's, in either way.

    There is no cookie: the page comes from another site. The assignment's id is
    known to its worker and the requester's page only.
    """
    here = market()
    pass_time(here.store, now=here.clock())
    assignment_id = request.values.get("assignmentId", "")
    if assignment_id == NOT_AVAILABLE:
        return _said("This is a preview: accept the HIT before you submit it.", 400)
    try:
        with here.store.write() as tx:
            _take(tx, assignment_id)
    except _NotFilledInError as error:
        action = url_for("market_frames.submit", _external=True)
        return _shown_again(error.form, error.values, error.wrong, action=action)
    except WorkerError as error:
        return _said(f"Not submitted: {error}.", error.status)
    courier().wake()
    return _said("Your answers were submitted. Thank you.", 200, is_done=True)


@frames.get("/crowd-html-elements.js")
@for_anyone
def crowd_script() -> ResponseReturnValue:
    """Our stand-in for the elements: its parts as one script, in a scope of its own."""
    folder = Path(current_app.static_folder or "") / "marketplace" / "crowd"
    parts = [path.read_text("utf-8") for path in sorted(folder.glob("*.js"))]
    # A page may name more than one of the original's scripts; each is this one.
    once = '(() => { if (customElements.get("crowd-form")) return;'
    response = make_response("\n".join([once, *parts, "})();", ""]))
    response.mimetype = "text/javascript"
    response.cache_control.max_age = 300
    response.add_etag()
    return response.make_conditional(request)


def _take(tx: Transaction, assignment_id: str) -> None:
    here = market()
    found = assignments.live(tx, assignment_id) or assignments.latest(tx, assignment_id)
    if found is None:
        raise WorkerError("the form sent no assignmentId of this marketplace")
    worker_actions.submit(
        tx, found, _answer(found.hit), at=here.clock(), faults=here.faults
    )


class _NotFilledInError(Exception):
    """A QuestionForm whose answers are not what it asks for."""

    def __init__(
        self,
        form: question_forms.QuestionForm,
        values: dict[str, list[str]],
        wrong: dict[str, str],
    ) -> None:
        super().__init__("; ".join(wrong.values()))
        self.form, self.values, self.wrong = form, values, wrong


def _answer(hit: Hit) -> str:
    if hit.question_kind == "QuestionForm":
        form = question_forms.read_form(hit.question)
        values = request.form.to_dict(flat=False)
        if wrong := question_forms.complaints(form, values):
            raise _NotFilledInError(form, values, wrong)
        return question_forms.write_filled_in(form, values)
    fields = chain(request.args.items(multi=True), request.form.items(multi=True))
    return worker_actions.answers_of_form(fields)


def _adapted(question: HitQuestion) -> str:
    return adapt(
        question.html,
        site=site(),
        hit_script=_static("external_hit.js"),
        crowd_script=_public(url_for("market_frames.crowd_script")),
    )


def _form_page(text: str, *, action: str) -> str:
    return _drawn(question_forms.read_form(text), action=action)


def _shown_again(
    form: question_forms.QuestionForm,
    values: dict[str, list[str]],
    wrong: dict[str, str],
    *,
    action: str,
) -> Response:
    """The form as it was filled in, and what is wrong with it beside each question."""
    page = _drawn(form, action=action, values=values, wrong=wrong)
    return as_frame(make_response(page, 400), policy=f"sandbox {SANDBOX}; {_OPEN}")


def _drawn(
    form: question_forms.QuestionForm,
    *,
    action: str,
    values: dict[str, list[str]] | None = None,
    wrong: dict[str, str] | None = None,
) -> str:
    assignment_id = request.values.get("assignmentId", "")
    return render_template(
        "marketplace/question_form.html",
        form=form,
        action=action,
        assignment_id=assignment_id,
        is_preview=assignment_id == NOT_AVAILABLE,
        values=values,
        wrong=wrong or {},
    )


def _said(text: str, status: int, *, is_done: bool = False) -> Response:
    page = render_template("marketplace/frame_message.html", text=text, is_done=is_done)
    # Whoever framed the form may show the answer to it.
    policy = (
        "default-src 'none'; style-src 'self' *; script-src 'self' *; img-src data: *"
    )
    return as_frame(make_response(page, status), policy=policy)


def _static(name: str) -> str:
    return _public(url_for("static", filename=f"marketplace/{name}"))


def _tokens() -> URLSafeSerializer:
    return URLSafeSerializer(signing_keys(), salt="frame")


def _read_token(token: str) -> str:
    try:
        return str(_tokens().loads(token))
    except BadSignature:
        return ""
