"""Tables fit the terminal, and nothing that must be copied is cut or split."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_broker.output.table import Column, Table, fitted, lines, shortest_beginnings
from access_broker.output.width import columns_of, cut, wrapped

COLUMNS = (
    Column("id", identifier=True),
    Column("state", state=True),
    Column("role"),
    Column("reason", elastic=True, leaves=1),
    Column("link", leaves=2),
)
ID = "01m8h3sdc1py313r7h5747p2t9"
OTHER = "01m8h3scw9xba2gxeft4pg32kv"
LINK = "https://signin.aws.amazon.com/switchrole?account=000000000000&roleName=access-broker/ec2-full"
ROWS = ((ID, "active", "ec2-full", "look at the instances " * 4, LINK), (OTHER, "revoked", "s3-read", "", LINK))


def shown(width: int, rows=ROWS, columns=COLUMNS) -> list[str]:
    return lines(fitted(Table(columns, rows), width)[0], colour=False)


@pytest.mark.parametrize("width", [60, 80, 120, 200, 400])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(map(columns_of, shown(width))) <= width


def test_what_is_copied_is_whole_or_not_there_at_all():
    for width in range(40, 300):
        text = "\n".join(shown(width))
        assert LINK in text or "https" not in text
        assert "ec2-full" in text
        assert ID[:12] in text


def test_where_there_is_room_nothing_goes():
    table, gone = fitted(Table(COLUMNS, ROWS), 400)
    assert (table.rows, gone) == (ROWS, [])


def test_the_column_that_goes_first_is_named():
    assert fitted(Table(COLUMNS, ROWS), 80)[1] == ["link"]


def test_a_column_without_a_value_takes_no_room():
    rows = tuple((*row[:4], "") for row in ROWS)
    assert "link" not in shown(400, rows)[0]


def test_a_text_that_wraps_is_whole_and_breaks_at_spaces():
    columns = (Column("layer"), Column("detail", elastic=True, wraps=True))
    text = "Rule production-with-approval asks for a reason, and for an approval of another person who may give one."
    found = shown(60, (("access_rule", text),), columns)
    assert len(found) > 2
    assert " ".join(line[13:].strip() for line in found[1:]) == text


@given(st.lists(st.text("0123456789ab", min_size=26, max_size=26), min_size=1, unique=True))
def test_a_shortened_id_is_the_beginning_of_one_id_only(ids):
    for one, short in shortest_beginnings(ids).items():
        assert [other for other in ids if other.startswith(short)] == [one]


@given(st.text(max_size=60), st.integers(min_value=1, max_value=40))
def test_a_cut_text_fits(text, columns):
    assert columns_of(cut(text, columns)) <= columns


def test_wide_letters_count_twice():
    assert columns_of("障害対応") == 8
    assert cut("障害対応", 5) == "障害…"
    rows = ((ID, "active", "ec2-full", "障害対応", ""), (OTHER, "active", "s3-read", "x", ""))
    first, second = shown(120, rows)[1:]
    assert columns_of(first.partition("障")[0]) == columns_of(second[: second.rindex("x")])


def test_a_long_word_is_not_broken():
    assert wrapped(f"see {LINK} now", 20).splitlines() == ["see", LINK, "now"]


@pytest.mark.parametrize(
    ("state", "code"),
    [("active", "32"), ("2 approvals, granted", "33"), ("revoked, unreviewed", "31"), ("expired", "2")],
)
def test_a_state_has_its_colour(state, code):
    table = Table((Column("state", state=True),), ((state,),))
    assert lines(table, colour=True)[1].startswith(f"\x1b[{code}m")
    assert not re.search("\x1b", "".join(lines(table, colour=False)))
