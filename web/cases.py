"""A case in the browser: its record, where it stands, what happened, what can be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from engine import queries
from engine.errors import InvalidAnswers, NotAllowed
from handlers import access as case_access
from handlers import cases as records
from handlers import directory, vocabulary
from handlers.casefile import CaseClosed
from handlers.practices import by_model, practice_of
from web import outlines, timeline_words, why, words
from web.access import open_case
from web.errors import status_of
from web.people import can_do, now, reading, runtime, signed_in, writing
from web.sign_in import safe_address
from web.trays import page_number

blueprint = Blueprint("cases", __name__, url_prefix="/cases")

LONGEST_SEARCH = 100
LONGEST_REASON = 1_000
EVENTS_ON_A_PAGE = 200
_WAITS = {
    "userTask": "A person has to do",
    "callActivity": "Carried on in another diagram",
    "intermediateCatchEvent": "Waits for",
    "serviceTask": "The service has to do",
}
_SECTIONS = (
    ("cases.summary", "Summary"),
    ("cases.plan", "Plan"),
    ("cases.meetings", "Meetings"),
    ("cases.tasks", "Tasks"),
    ("cases.timeline", "Timeline"),
    ("cases.diagram", "Diagram"),
    ("documents.index", "Documents"),
    ("cases.notes", "Case notes"),
)


@blueprint.post("")
def search() -> ResponseReturnValue:
    """Keep what is searched for in the session, and show what it finds.

    Names and postcodes of families do not belong in addresses, which browsers and proxies keep.
    """
    text = request.form.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    session["search"] = text
    return redirect(_found_link(text, request.form), 303)


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The cases that the person may see, found by words, status and whose they are."""
    user = signed_in()
    text = session.get("search", "") if request.args.get("search") == "yes" else ""
    status = _status(request.args)
    mine = request.args.get("mine") == "yes"
    with reading() as connection:
        found = records.search(
            connection,
            user,
            text=text,
            status=None if status == "all" else status,
            mine=mine,
            page=page_number(),
        )

    return render_template(
        "cases.html",
        found=found,
        text=text,
        status=status,
        mine=mine,
        filtered=bool(text or mine or status != "open"),
        page_link=lambda number: _found_link(text, request.args, number),
    )


def _status(given: Mapping[str, str]) -> str:
    status = given.get("status", "open")
    return status if status in ("open", "closed", "all") else "open"


def _found_link(text: str, given: Mapping[str, str], page: int = 1) -> str:
    """The address of a page of cases, of those that the words in the session find if any."""
    return url_for(
        "cases.index",
        search="yes" if text else None,
        status=_status(given),
        mine="yes" if given.get("mine") == "yes" else None,
        page=page if page > 1 else None,
    )


@blueprint.post("/<reference>/opening")
def opening(reference: str) -> ResponseReturnValue:
    """Record the safeguarding reason for opening a file without consent, then open it."""
    reason = request.form.get("reason", "").strip()
    there = safe_address(request.form.get("next"), url_for("cases.summary", reference=reference))
    mistake = None
    if not reason:
        mistake = "Enter the safeguarding reason"
    elif len(reason) > LONGEST_REASON:
        mistake = f"The reason must be {LONGEST_REASON:,} characters or less"
    elif vocabulary.unshowable(reason):
        mistake = vocabulary.CANNOT_BE_SHOWN
    if mistake:
        page = render_template(
            "case_reason.html",
            reference=reference,
            next=there,
            reason=reason,
            errors={"reason": mistake},
        )
        return page, 422
    return open_case(signed_in(), reference, reason) or redirect(there, 303)


@blueprint.get("/<reference>")
def summary(reference: str) -> ResponseReturnValue:
    """The family, consent, rating and who works on the case."""
    return case_page(
        "case_summary.html",
        reference,
        openings=_openings(reference),
        incidents=queries.incidents(runtime(), reference),
    )


@blueprint.get("/<reference>/plan")
def plan(reference: str) -> ResponseReturnValue:
    """The assessment and the plan's actions, with what each lacks to be SMART."""
    return case_page("case_plan.html", reference)


@blueprint.get("/<reference>/meetings")
def meetings(reference: str) -> ResponseReturnValue:
    """The meetings of the Team Around the Child, agreed and held."""
    return case_page("case_meetings.html", reference)


@blueprint.get("/<reference>/tasks")
def tasks(reference: str) -> ResponseReturnValue:
    """The open tasks of the case, and those that are done."""
    done = [
        task for task in queries.closed_tasks(runtime(), reference) if task.status == "completed"
    ]
    names = _names([task.closed_by for task in done if task.closed_by])
    return case_page("case_tasks.html", reference, done=done, names=names, why=_why(reference))


def _why(reference: str) -> dict[int, why.Why]:
    """Why each open task of the case is there, by the task's number."""
    found = {
        task.id: queries.grounds(runtime(), task.id)
        for task in queries.open_tasks(runtime(), reference)
    }
    names = _names([who for grounds in found.values() for who in why.people_in(grounds)])
    return {number: why.in_words(grounds, names) for number, grounds in found.items()}


@blueprint.get("/<reference>/timeline")
def timeline(reference: str) -> ResponseReturnValue:
    """What happened, latest first, in words: a page of it, so that an old case opens as fast."""
    everything = request.args.get("show") == "all"
    page = page_number()
    events = queries.history(
        runtime(),
        reference,
        limit=EVENTS_ON_A_PAGE + 1,
        offset=(page - 1) * EVENTS_ON_A_PAGE,
        latest_first=True,
    )
    older = len(events) > EVENTS_ON_A_PAGE
    events = events[:EVENTS_ON_A_PAGE]
    processes = {each.id: each.process_name for each in queries.instances(runtime(), reference)}
    people = [event.actor for event in events]
    people += [event.detail["to"] for event in events if event.kind == "assigned"]
    names = _names(people)
    entries = [
        entry
        for event in events
        if (everything or timeline_words.matters(event))
        and (entry := timeline_words.entry(event, processes.get(event.instance_id, ""), names))
    ]
    return case_page(
        "case_timeline.html",
        reference,
        entries=entries,
        everything=everything,
        newer=page - 1,
        older=page + 1 if older else None,
    )


@blueprint.get("/<reference>/diagram")
def diagram(reference: str) -> ResponseReturnValue:
    """Where the case is on its diagrams, as a picture and in words."""
    instances = queries.instances(runtime(), reference)
    asked = request.args.get("process", type=int)
    chosen = next((each for each in instances if each.id == asked), None)
    if chosen is None:
        running = [each for each in instances if each.ended_at is None] or instances
        chosen = running[-1]
    drawn = queries.diagram(runtime(), chosen.id)
    return case_page(
        "case_diagram.html",
        reference,
        instances=instances,
        chosen=chosen,
        marks={
            "active": list(drawn.active),
            "done": list(drawn.done),
            "incidents": list(drawn.incidents),
        },
        places=_places(chosen, drawn),
        **outlines.in_words(chosen, drawn),
    )


@blueprint.get("/<reference>/diagram/<int(max=2147483647):instance_id>.bpmn")
def diagram_file(reference: str, instance_id: int) -> ResponseReturnValue:
    """The diagram that an instance of this case runs on, as it was deployed."""
    if all(each.id != instance_id for each in queries.instances(runtime(), reference)):
        abort(404)
    return Response(queries.diagram(runtime(), instance_id).xml, mimetype="application/xml")


@blueprint.get("/<reference>/notes")
def notes(reference: str) -> ResponseReturnValue:
    """The case notes, and a form for another."""
    return _notes_page(reference)


@blueprint.post("/<reference>/notes")
def add_note(reference: str) -> ResponseReturnValue:
    """Write a case note."""
    text = request.form.get("text", "")
    try:
        author, at = signed_in(), now()
        writing(lambda connection: records.add_note(connection, author, reference, text, now=at))
    except InvalidAnswers as refusal:
        return _notes_page(reference, text, refusal.errors), 422
    except (CaseClosed, NotAllowed) as refusal:
        # Written while the file was still open: what was typed stays to be copied.
        return _notes_page(reference, text, refused=refusal.message), status_of(refusal)
    flash("The note was added.")
    return redirect(url_for("cases.notes", reference=reference), 303)


def _places(instance: queries.InstanceRow, drawn: queries.Diagram) -> list[str]:
    """Where an instance stands, in words, for those who cannot see the picture."""
    with reading() as connection:
        model = runtime().model(connection, instance.deployment_id)
    elements = model.processes[instance.process].elements
    places = []
    for element_id in drawn.active:
        element = elements[element_id]
        if element.kind == "subProcess":
            continue  # what it stands at inside is listed by itself
        lane = f" ({element.lane})" if element.lane else ""
        places.append(f"{_WAITS.get(element.kind, 'At')}: {element.label}{lane}")
    places += [
        f"The service could not go on at: {elements[element_id].label}"
        for element_id in drawn.incidents
    ]
    return places


def messages_for(reference: str) -> list[queries.Message]:
    """What the person signed in may ask for the case, now."""
    user = signed_in()
    waiting = [
        each for each in queries.waiting_messages(runtime(), reference) if user.has(*each.roles)
    ]
    if not waiting:
        return []
    with reading() as connection:
        return [
            each for each in waiting if case_access.may_ask(connection, user, reference, each.name)
        ]


def _notes_page(
    reference: str,
    text: str = "",
    errors: Mapping[str, str] | None = None,
    *,
    refused: str = "",
) -> str:
    with reading() as connection:
        may = case_access.may_contribute(connection, signed_in(), reference)
    return case_page(
        "case_notes.html", reference, text=text, errors=errors, refused=refused, may_contribute=may
    )


def _openings(reference: str) -> list[case_access.Opening]:
    """Who opened the file, for those who answer for it."""
    with reading() as connection:
        if not signed_in().has(*practice_of(connection, reference).managers):
            return []
        return case_access.openings(connection, reference)[:20]


def _names(ids: Sequence[str]) -> dict[str, str]:
    with reading() as connection:
        return directory.names(connection, ids)


def case_page(template: str, reference: str, **values: Any) -> str:
    """A page of the case, with what every one of them shows: who it is about and where to go."""
    user = signed_in()
    with reading() as connection:
        case = records.case(connection, reference)
    open_tasks = queries.open_tasks(runtime(), reference)
    return render_template(
        template,
        case=case,
        sections=[
            {
                "text": text,
                "href": url_for(name, reference=reference),
                "current": request.endpoint == name,
            }
            for name, text in _SECTIONS
        ],
        whereabouts=why.whereabouts(queries.whereabouts(runtime(), reference)),
        open_tasks=open_tasks,
        assignees=_names([task.assignee for task in open_tasks if task.assignee]),
        can_do=lambda task: can_do(user, task),
        practice=by_model(case.model),
        messages=messages_for(reference),
        today=words.local(now()).date(),
        **values,
    )
