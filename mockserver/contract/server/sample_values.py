"""Values for test runs, chosen so that different readings of a filter select different runs.

Names differ only in case, hold wildcards of LIKE, or fold differently in Unicode, SQLite and
PostgreSQL.
"""

from __future__ import annotations

from uuid import UUID

NAMES = (
    # Case, and separators: _ is a wildcard of LIKE, - is none. Most filters name the first: it has
    # capitals, so that a server which ignores case shows in them.
    *("ETL", "etl", "etl-nightly", "Nightly ETL", "load_users", "load-users", "LOAD USERS"),
    # Wildcards (deviation like-wildcards).
    *("100%", "100 percent", "%", "50%_done", "_", "__", "a_b", "a-b", "aXb", "a%b", "AB"),
    # PostgreSQL escapes by a backslash, also the % that the server adds; SQLite does not.
    *("back\\slash", "back/slash", "\\", "\\\\", "end\\", "\\%", "\\_", "end%", "%end"),
    # SQLite lowers only A to Z. Folding makes ss of ß; İ lowers to two code points in Python.
    *("ÜBER", "über", "uber", "straße", "STRASSE", "strasse", "İstanbul", "istanbul", "ISTANBUL"),
    # ſ, the Kelvin and the Angstrom sign fold to letters of other blocks.
    *("ıstanbul", "КЛЮЧ", "ключ", "Ключ", "ſ", "s", "S", "K", "k", "\u212a", "Å", "å", "\u212b"),
    # str.lower makes a final ς, PostgreSQL always σ; titlecase; letters that fold to several.
    *("ΣΊΣΥΦΟΣ", "σίσυφος", "σίσυφοσ", "ǅ", "ǆ", "ŉ", "ﬁle", "FILE", "ῼ", "ᾳ", "é", "É"),
    # No case, beyond 16 bits, white space, fullwidth letters.
    *("日本語", "😀", "a\nb", "a\tb", " padded ", "Ω", "\u2126", "ω", "Ⅷ", "ⅷ", "ẞ", "Ａ", "ａ"),
)
NUL_NAMES = ("\0", "etl\0", "\0etl", "Etl\0ETL", "a\0%", "über\0")
"""Names that PostgreSQL answers with 503 (deviation `nul-in-text`)."""
# Quotes, [] and null: SQLite stores tags as the text of a JSON list.
TAGS = ("nightly", "Nightly", "etl", "ETL", "über", "Über", "a b", "%", "'", '"', "[]", "null", "")
STATE_NAMES = ("Late", "Retrying", "TimedOut", "completed", "ÜBER", "")
SCHEDULED_TIMES = (
    "2031-05-01T00:00:00Z",
    # The instant above and a microsecond.
    "2031-05-01T02:00:00.000001+02:00",
    "2030-12-31T23:59:59.999999Z",
    # A day later in UTC, and in another year.
    "1999-12-31T19:00:00-05:00",
    "2024-02-29T12:00:00.5Z",
)
VERSIONS = ("1", "1.0", "V2", "v2", "ß", "")
QUEUES = ("default", "Default", "gpu %", "очередь", "")
DEPLOYMENT_IDS = tuple(str(UUID(int=number << 124 | 0xABCDEF, version=4)) for number in (3, 10, 15))
"""Ids without a deployment: a run may name one, and filters compare only the id."""
CREATOR_IDS = ("aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000")
CREATOR_TYPES = ("AUTOMATION", "automation", "USER")
