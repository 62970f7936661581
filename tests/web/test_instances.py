"""The managers' caseload: found by what it waits for, followed over maps, mended, reassigned."""

from __future__ import annotations

import csv
import io

from engine import queries

from .conftest import World, contact
from .test_episodes import RETURNED, TO_THE_ASSESSMENT, assessed, set_active, with_an_incident

WEST = {**contact()["family"], "cluster": "west", "name": "West"}


def instance(world: World, reference: str, process: str) -> queries.InstanceRow:
    """The instance of the case that runs this map."""
    (found,) = [
        each for each in queries.instances(world.runtime, reference) if each.process == process
    ]
    return found


def listed(world: World, query: str = "", user: str = "manager") -> str:
    return world.browser(user).get(f"/instances{query}").text


def test_from_overdue_to_the_case_and_its_reason_in_two_clicks(world: World) -> None:
    late = world.contact()
    world.pass_time(days=40)
    fresh = world.contact()
    browser = world.browser("manager")
    page = browser.get("/instances")
    assert late in page.text
    assert fresh in page.text
    overdue = browser.get(page.links()["Overdue (1)"])
    assert late in overdue.text
    assert fresh not in overdue.text
    link = next(
        address
        for words, address in overdue.links().items()
        if words.startswith("Complete basic checks")
    )
    case = browser.get(link)
    assert late in case.text
    assert "days late" in case.text
    assert "MASH worker" in case.text
    assert "Why it waits for “Complete basic checks”" in case.text
    assert "What the operating model says" in case.text
    assert "What can come next" in case.text
    # And back to the same list.
    assert case.all("//a[@class='govuk-back-link']/@href") == ["/instances?overdue=yes"]


def test_the_list_is_narrowed_down_by_what_the_address_says(world: World) -> None:
    new = world.contact(family=WEST)
    returned = assessed(world, RETURNED)
    failed = with_an_incident(world)
    world.pass_time(days=30)
    fresh = world.contact(reference="FRESH")
    version = queries.deployments(world.runtime, ["caf"])[0].id
    everything = {new, returned, failed, fresh}
    for query, expected in {
        "": everything,
        "?map=caf/caf_coordinator": {returned, failed},
        "?map=caf/stuck_caf": set(),
        "?at=1F": {new, fresh},
        "?at=complete_caf_assessment": {returned},
        "?at=2j": {returned},
        "?at=caf assess": {returned},
        "?at=ask_to_arrange_first_tac": {failed},
        "?at=Closure requested": everything,
        "?role=mash_worker": {new, fresh},
        "?role=lead_professional": {returned},
        "?cluster=west": {new},
        "?age=28": {new, returned, failed},
        "?overdue=yes": {new},
        "?incident=yes": {failed},
        f"?version={version}": everything,
        "?status=ended": set(),
        "?role=mash_worker&age=28": {new},
    }.items():
        page = listed(world, query)
        assert {each for each in everything if each in page} == expected, query
    # What makes no sense narrows nothing down.
    assert fresh in listed(world, "?map=x&role=%00&age=1&version=0&sort=x&status=x&cluster=x")


def test_filters_are_said_and_taken_away_one_by_one(world: World) -> None:
    world.contact(family=WEST)
    browser = world.browser("manager")
    page = browser.press(
        browser.get("/instances?overdue=yes"),
        "Apply",
        {"role": "mash_worker", "cluster": "west", "at": " 1F "},
        status=200,
    )
    assert page.all("//input[@name='at']/@value") == ["1F"]
    assert "Waits for: MASH worker" in page.text
    assert "Nothing matches these filters." in page.text
    without = page.links()["Remove the filter Cluster: West"]
    assert without == "/instances?at=1F&role=mash_worker&overdue=yes"
    assert page.links()["Clear all filters"] == "/instances"
    unknown = browser.get("/instances?at=7X")
    assert "No step has the clause or name “7X”." in unknown.text


def test_the_list_is_sorted_and_split_into_pages(world: World) -> None:
    references = [world.contact() for _ in range(27)]
    browser = world.browser("manager")
    first = browser.get("/instances?map=caf/overview&sort=oldest")
    second = browser.get(first.links()["Next page"])
    shown = [each for each in references if each in first.text]
    assert shown == references[:25]
    assert [each for each in references if each in second.text] == references[25:]
    assert "27 maps of cases, page 1 of 2, oldest first." in first.text
    newest = browser.get("/instances?sort=newest").text
    assert newest.index(references[26]) < newest.index(references[25])
    urgent = with_an_incident(world)  # which nothing is due for comes after what is due
    assert urgent not in browser.get("/instances").text


def test_a_manager_sees_neither_rows_nor_counts_of_the_other_council(world: World) -> None:
    caf = world.contact()
    theirs = world.browser("cadsmanager").get("/instances")
    assert caf not in theirs.text
    assert "All running (0)" in theirs.text
    assert "No case is running." in theirs.text
    number = instance(world, caf, "overview").id
    world.browser("cadsmanager").get(f"/instances/{caf}/{number}", 404)
    world.browser("cadsmanager").get("/instances/map/caf/overview", 403)
    world.browser("cadsmanager").get("/instances/map/caf/overview/drawing.bpmn", 403)
    world.browser("manager").get("/instances/map/caf/nothing", 404)
    for path in ("/instances", "/instances/list.csv", "/instances/map/caf/overview"):
        world.browser("coordinator").get(path, 403)
    assert theirs.links().keys() & {"CAF co-ordinator"} == set()


def test_an_instance_of_another_case_is_not_found_under_this_one(world: World) -> None:
    one, other = world.contact(), world.contact()
    number = instance(world, other, "overview").id
    world.browser("manager").get(f"/instances/{one}/{number}", 404)
    world.browser("manager").get(f"/instances/{one}/999999", 404)


def test_opening_an_instance_is_logged_as_opening_the_case(world: World) -> None:
    reference = world.contact()
    browser = world.browser("manager")
    browser.get(f"/instances/{reference}/{instance(world, reference, 'overview').id}")
    assert "Morgan Manager" in browser.get(f"/cases/{reference}").text


def test_an_instance_tells_its_way_and_leads_to_the_maps_around_it(world: World) -> None:
    reference = world.contact()
    world.pass_time(days=3)
    world.complete(
        "mash", reference, "complete_basic_checks", checks_outcome="None.", recommendation="caf"
    )
    decided = {"tray_decision": "co_ordinators", "tray_decision_reason": "Several needs."}
    world.complete("manager", reference, "decide_tray", **decided)
    world.pass_time(days=2)
    browser = world.browser("manager")
    overview = instance(world, reference, "overview")
    page = browser.get(f"/instances/{reference}/{overview.id}?role=caf_co_ordinator")
    assert "Complete basic checks 1F" in page.text
    assert "3 days Done by Max Mash" in page.text
    assert "Goes on in CAF co-ordinator process (map 2)" in page.text
    assert "Done: Decide tray by Morgan Manager" in page.text
    inside = browser.get(page.links()["Go to CAF co-ordinator process (map 2)"])
    assert inside.heading == "CAF co-ordinator process (map 2)"
    assert "Create contact record" in inside.text
    assert "2 days" in inside.text
    outside = browser.get(inside.links()["CAF Team overview"])
    assert outside.path.startswith(f"/instances/{reference}/{overview.id}")
    # The filters of the list came along.
    (back,) = outside.all("//a[@class='govuk-back-link']/@href")
    assert back == "/instances?role=caf_co_ordinator"


def test_the_path_has_the_flows_that_were_taken_and_no_others(world: World) -> None:
    reference = assessed(world, RETURNED)
    found = instance(world, reference, "caf_coordinator")
    path = queries.path(world.runtime, found.id)
    with world.runtime.database.connect() as connection:
        process = world.runtime.model(connection, found.deployment_id).processes[found.process]
    steps = {process.flows[flow].source for flow in path.flows}
    assert {"make_enquiries", "confirm_consent", "quality_assure_assessment"} <= steps
    chosen = [flow for flow in process.outgoing["are_all_criteria_met"] if flow.id in path.flows]
    assert [flow.name for flow in chosen] == ["No: back to the author"]
    assert path.whole
    visits = [visit.element for visit in path.visits if visit.kind == "userTask"]
    assert visits.count("complete_caf_assessment") == 2


def test_an_incident_is_tried_again_from_the_instance(world: World) -> None:
    reference = with_an_incident(world)
    browser = world.browser("manager")
    page = browser.get("/instances?incident=yes")
    link = next(words for words in page.links() if words.startswith("The service could not go on"))
    case = browser.get(page.links()[link])
    assert "Lee Leadpro is no longer active" in case.text
    assert "Tried 1 time" in case.text
    again = browser.follow(browser.press(case, "Try again"))
    assert "tried again and failed again" in again.text
    assert again.path == case.path
    set_active(world, "leadpro", True)
    done = browser.follow(browser.press(again, "Try again"))
    assert "It was tried again and went through." in done.text
    assert "Hold TAC" in done.text
    assert reference in done.text
    assert "There are no incidents." in browser.get("/instances?incident=yes").text


def test_an_incident_in_its_own_list_leads_to_where_it_stands(world: World) -> None:
    reference = with_an_incident(world)
    browser = world.browser("manager")
    page = browser.get("/incidents")
    case = browser.get(page.links()[f"Tell lead professional of {reference}"])
    assert "Lee Leadpro is no longer active" in case.text


def test_a_task_is_given_to_someone_else_from_the_instance(world: World) -> None:
    reference = world.contact()
    browser = world.browser("manager")
    number = instance(world, reference, "overview").id
    page = browser.get(f"/instances/{reference}/{number}?overdue=yes")
    form = browser.get(page.links()["Give to someone : Complete basic checks"])
    assert "There is a problem" in browser.press(form, "Give the task", status=422).text
    given = browser.follow(browser.press(form, "Give the task", {"to": "mash2"}))
    assert given.path == page.path
    assert "Complete basic checks is now with Mia Mash." in given.text
    assert "Given to Mia Mash: Complete basic checks" in given.text
    elsewhere = {"to": "mash", "next": "//elsewhere.example/"}
    given = browser.press(browser.get(f"/tasks/{world.task(reference).id}/give"),
                          "Give the task", elsewhere)  # fmt: skip
    assert given.response.headers["Location"] == f"/cases/{reference}/tasks"


def test_the_list_as_a_file_has_what_is_shown_but_no_names(world: World) -> None:
    late = world.contact(family={**WEST, "name": "Sample-Family"})
    world.pass_time(days=40)
    world.contact()
    answer = world.browser("manager").flask.get("/instances/list.csv?overdue=yes")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    text = answer.data.decode("utf-8")
    assert text[0] == "\ufeff"
    assert "Sample-Family" not in text
    (row,) = csv.DictReader(io.StringIO(text[1:]))
    assert row["Case"] == late
    assert row["Map"] == "CAF Team overview"
    assert row["Waits for"] == "Complete basic checks"
    assert row["Role"] == "MASH worker"
    assert row["Since"] == "2026-03-04 09:00"
    assert (row["Late"], row["Incident"]) == ("yes", "no")


def test_no_cell_of_the_file_is_a_formula(world: World) -> None:
    reference = world.contact()
    for name in ("=1+1", "+1", "-1", "@A1", "\t=1"):
        with world.runtime.database.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE user_account SET name = ? WHERE id = 'mash'", (name,)
            )
        task = world.task(reference)
        if task.assignee is None:
            world.claim("mash", task)
        answer = world.browser("manager").flask.get("/instances/list.csv")
        (row,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
        assert row["Who has it"] == f"'{name}"


def test_a_map_as_a_whole_counts_what_waits_and_how_long_it_took(world: World) -> None:
    done = [world.contact(family=WEST) for _ in range(3)]
    for days, reference in zip((1, 3, 5), done, strict=True):
        world.pass_time(days=days)
        world.complete(
            "mash", reference, "complete_basic_checks", checks_outcome="None.", recommendation="caf"
        )
    world.contact()
    world.pass_time(days=40)
    world.contact()
    browser = world.browser("manager")
    page = browser.get("/instances/map/caf/overview")
    assert "5 cases are on this map now." in page.text
    assert "between 21 January 2026 and 22 April 2026" in page.text
    # Waits of 1, 4 and 9 days.
    assert "Complete basic checks 1F, 2A, 2B; MASH worker 2 waiting" in page.text
    assert "4 days of 3 waits" in page.text
    # What is overdue most comes first.
    assert page.text.index("Decide tray") < page.text.index("Complete basic checks 1F")
    link = page.links()["3 overdue at Decide tray"]
    shown = browser.get(link).text
    assert all(reference in shown for reference in done)
    short = browser.press(page, "Show", {"period": "28", "cluster": "west"}, status=200)
    assert "3 cases are on this map now." in short.text
    assert "between 25 March 2026 and 22 April 2026" in short.text
    assert "4 days of 3 waits" not in short.text
    assert browser.flask.get("/instances/map/caf/overview/drawing.bpmn").data.startswith(b"<?xml")
    empty = browser.get("/instances/map/caf/stuck_caf")
    assert "Nothing waits on this map" in empty.text


def test_of_an_even_number_of_waits_the_median_lies_between_and_calls_are_timed_too(
    world: World,
) -> None:
    to_the_enquiries = TO_THE_ASSESSMENT[:3]
    closed = {
        "contact_closure_reason": "caf_not_appropriate",
        "synopsis": "Spoke to the school.",
        "advice_given": "Breakfast club.",
    }
    for days in (2, 5):
        reference = world.contact()
        for user, element, answers in to_the_enquiries:
            world.complete(user, reference, element, **answers)
        world.pass_time(days=days)
        world.complete("coordinator", reference, "make_enquiries", enquiries="Done.",
                       enquiry_outcome="close")  # fmt: skip
        world.complete("coordinator", reference, "write_closure_synopsis", **closed)
        world.pass_time(days=2)
        world.complete("manager", reference, "oversee_contact_closure",
                       closure_decision="agree", oversight_comment="Fine.")  # fmt: skip
    browser = world.browser("manager")
    inside = browser.get("/instances/map/caf/caf_coordinator")
    assert "0 cases are on this map now." in inside.text
    assert "Make enquiries 2H, 2I; CAF co-ordinator 0 0 None 3 days of 2 waits" in inside.text
    # Each call lasted two days longer than what was waited for inside it.
    around = browser.get("/instances/map/caf/overview")
    assert "0 0 None 5 days of 2 waits" in around.text
    ended = browser.get("/instances?status=ended").text
    assert "4 maps of cases, newest first." in ended
