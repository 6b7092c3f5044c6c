"""The drawing of events: every mark in its lane and within the drawing."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from serving.console.events import LANES, Event
from serving.console.timeline_chart import FLOOR, LANE, timeline_chart

AS_OF = datetime(2025, 7, 1)  # noqa: DTZ001
AGO = st.floats(0.01, 900).map(lambda days: AS_OF - timedelta(days=days))
EVENTS = st.builds(
    Event,
    lane=st.sampled_from(list(LANES)),
    at=AGO,
    says=st.just("Something."),
    until=st.none() | st.floats(0.01, 400).map(lambda days: AS_OF - timedelta(days=days)),
    open=st.booleans(),
    size=st.floats(0, 1),
)


def ago(days: float, lane: str = "orders", size: float = 1.0, **more: object) -> Event:
    return Event(lane, AS_OF - timedelta(days=days), "Something.", size=size, **more)  # type: ignore[arg-type]


@given(st.lists(EVENTS, min_size=1, max_size=40), st.sampled_from([340.0, 760.0]))
def test_every_mark_lies_in_its_lane(events: list[Event], width: float) -> None:
    chart = timeline_chart(events, AS_OF, width)
    if chart is None:
        assert all(event.at < AS_OF - timedelta(days=730) for event in events)
        return
    assert [lane.name for lane in chart.lanes] == [
        name for name in LANES.values() if name in {lane.name for lane in chart.lanes}
    ]
    for lane in chart.lanes:
        for mark in lane.marks:
            assert 0 <= mark.x <= mark.x + mark.width <= width
            assert lane.y <= mark.y <= mark.y + mark.height <= lane.y + FLOOR + 0.2
    assert chart.height >= LANE * len(chart.lanes)


def test_orders_are_as_high_as_their_money_and_stand_at_their_day() -> None:
    chart = timeline_chart([ago(0, size=100.0), ago(50, size=50.0), ago(100, size=0.0)], AS_OF, 216.0)
    assert chart is not None
    assert [(mark.x + 1.5, mark.height) for mark in chart.lanes[0].marks] == [(208, 26), (108, 14), (8, 2)]


def test_visits_are_counted_by_week() -> None:
    visits = [ago(days, "engagement") for days in (1, 2, 3, 6.9, 7.1, 80)]
    chart = timeline_chart(visits, AS_OF, 760.0)
    assert chart is not None
    heights = [mark.height for mark in chart.lanes[0].marks]
    assert heights == [26.0, 8.0, 8.0]


def test_an_open_complaint_reaches_to_this_day_and_a_solved_one_to_its_end() -> None:
    complaints = [
        ago(60, "complaints", open=True),
        ago(100, "complaints", until=AS_OF - timedelta(days=50)),
    ]
    chart = timeline_chart(complaints, AS_OF, 216.0)
    assert chart is not None
    spans = [(mark.x, mark.x + mark.width, mark.open) for mark in chart.lanes[0].marks]
    assert spans == [(88, 208, True), (8, 108, False)]


def test_better_answers_stand_higher() -> None:
    chart = timeline_chart([ago(10, "surveys", 0.0), ago(20, "surveys", 1.0)], AS_OF, 300.0)
    assert chart is not None
    worse, better = chart.lanes[0].marks
    assert better.y < worse.y


def test_what_lies_more_than_two_years_back_is_not_drawn() -> None:
    assert timeline_chart([ago(800)], AS_OF, 300.0) is None
    assert timeline_chart([], AS_OF, 300.0) is None
    chart = timeline_chart([ago(800), ago(10)], AS_OF, 300.0)
    assert chart is not None
    assert chart.lanes[0].number == 1
