"""SQL of a document reads its tables and nothing else: every way out that DuckDB offers is refused before a row is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen.sql.database import QueryError, sql_database
from tests.support import codes_of, findings_of

HEAD = """
timeframe: {{start: 2025-01-01, days: 10}}
tables:
  - {{name: users, rows: 5, columns: {{email: {{faker: email}}, born: {{datetime_series: {{}}}}, latent: {{uniform: {{low: 0, high: 1}}, hidden: true}}}}}}
  - name: clean
    sql: |
{sql}
"""


def document(sql: str) -> str:
    return HEAD.format(sql="\n".join(f"      {line}" for line in sql.splitlines()))


ATTACKS = {
    # other statements
    "select 1 as a order by 1; select 2 as a order by 1": "sql.not_select",
    "drop table users": "sql.not_select",
    "create table x as select 1": "sql.not_select",
    "copy users to '/tmp/out.csv'": "sql.not_select",
    "attach '/tmp/x.db'": "sql.not_select",
    "pragma database_list": "sql.not_select",
    "set memory_limit = '1TB'": "sql.not_select",
    "install httpfs": "sql.not_select",
    "load httpfs": "sql.not_select",
    "call pragma_version()": "sql.not_select",
    "explain select * from users": "sql.not_select",
    "": "sql.not_select",
    "-- nothing but a remark": "sql.not_select",
    "select 1 as a order by 1 /* ; */ ; -- x\n copy users to 'x'": "sql.not_select",
    "select 'a\\'; drop table users; --' as a order by 1": "sql.not_select",
    "select 1 as a order by 1; /* select": "sql.syntax",
    "summarize users": "sql.not_allowed",
    "describe users": "sql.not_allowed",
    "select * from (describe users) order by 1": "sql.not_allowed",
    "pivot users on email using count(*)": "sql.not_select",
    # files
    "select * from 'users.csv' order by 1": "sql.unknown_table",
    "select * from '/etc/passwd' order by 1": "sql.unknown_table",
    'select * from "/etc/passwd" order by 1': "sql.unknown_table",
    "select * from read_csv('/etc/passwd') order by 1": "sql.function",
    "select * from read_text('/etc/passwd') order by 1": "sql.function",
    "select * from read_blob('/etc/*') order by 1": "sql.function",
    "select * from read_parquet('*.parquet') order by 1": "sql.function",
    "select * from glob('/*') order by 1": "sql.function",
    "select * from sniff_csv('x') order by 1": "sql.function",
    "select * from parquet_metadata('x') order by 1": "sql.function",
    "select * from READ_CSV ('/etc/passwd') order by 1": "sql.function",
    "select (select content from read_text('/etc/passwd')) as a order by 1": "sql.function",
    "select * from users where email in (from read_csv('x')) order by 1": "sql.function",
    "with a as (select * from read_csv('x')) select * from a order by 1": "sql.function",
    # settings, environment, catalogue
    "select getenv('HOME') as a order by 1": "sql.function",
    "select current_setting('memory_limit') as a order by 1": "sql.function",
    "select main.getenv('HOME') as a order by 1": "sql.function",
    "select getvariable('x') as a order by 1": "sql.function",
    "select version() as a order by 1": "sql.function",
    "select current_user as a order by 1": "sql.function",
    "select current_schema() as a order by 1": "sql.function",
    "select * from duckdb_tables() order by 1": "sql.function",
    "select * from duckdb_settings() order by 1": "sql.function",
    "select * from duckdb_secrets() order by 1": "sql.function",
    "select * from pragma_table_info('users') order by 1": "sql.function",
    "select * from duckdb_tables order by 1": "sql.unknown_table",
    "select * from sqlite_master order by 1": "sql.unknown_table",
    "select * from pg_class order by 1": "sql.unknown_table",
    "select * from information_schema.tables order by 1": "sql.unknown_table",
    "select * from pg_catalog.pg_tables order by 1": "sql.unknown_table",
    "select * from main.users order by 1": "sql.unknown_table",
    "select * from system.information_schema.tables order by 1": "sql.unknown_table",
    "select * from query('select 1') order by 1": "sql.function",
    "select * from query_table('users') order by 1": "sql.function",
    "select * from json_execute_serialized_sql('{}') order by 1": "sql.function",
    "select 'users'::regclass as a order by 1": "sql.type",
    "select nextval('x') as a order by 1": "sql.function",
    # names that hide others
    "with users as (select 1 as a) select a from users order by 1": "sql.name_taken",
    "with USERS as (select 1 as a) select a from users order by 1": "sql.name_taken",
    "select * from (with pg_class as (select 1 as a) select a from pg_class) x, pg_class order by 1": "sql.unknown_table",
    "with pg_class as (select relname from pg_class) select relname from pg_class order by 1": "sql.unknown_table",
    "with a as (select * from b), b as (select 1 as x) select * from a order by 1": "sql.unknown_table",
    # chance and clock
    "select random() as a from users order by 1": "sql.function",
    "select * from users order by random()": "sql.function",
    "select uuid() as a order by 1": "sql.function",
    "select now() as a order by 1": "sql.function",
    "select today() as a order by 1": "sql.function",
    "select current_date as a order by 1": "sql.function",
    "select CURRENT_TIMESTAMP as a order by 1": "sql.function",
    "select age(born) as a from users order by 1": "sql.function",
    "select * from users using sample 2 rows order by 1": "sql.not_allowed",
    "select * from users tablesample 50% order by 1": "sql.not_allowed",
    "select * from users, (select * from users using sample 1) s order by 1": "sql.not_allowed",
    "select approx_count_distinct(email) as a from users order by 1": "sql.function",
    "select sleep_ms(1000) as a order by 1": "sql.function",
    # texts and lists of any length
    "select repeat('x', 10000000000) as a order by 1": "sql.function",
    "select repeat('x', users_id * 1000000000) as a from users order by 1": "sql.function",
    "select lpad(email, 2000, 'x') as a from users order by 1": "sql.function",
    "select format('{:1000000000}', 1) as a order by 1": "sql.function",
    "select printf('%1000000000d', 1) as a order by 1": "sql.function",
    "select printf(email, 1) as a from users order by 1": "sql.function",
    "select range(1000000000) as a order by 1": "sql.function",
    "select unnest(generate_series(1, 1000000000)) as a order by 1": "sql.function",
    # no order
    "select * from users": "sql.no_order",
    "select * from (select * from users order by 1)": "sql.no_order",
    "select * from (select * from users limit 2) order by 1": "sql.no_order",
    "select first(email) as a from users order by 1": "sql.no_order",
    "select list(email)[1] as a from users order by 1": "sql.no_order",
    "select any_value(email) as a from users order by 1": "sql.no_order",
    "select arg_max(email, born) as a from users order by 1": "sql.no_order",
    "select email, row_number() over () as a from users order by 1": "sql.no_order",
    "select email, sum(1) over (rows 1 preceding) as a from users order by 1": "sql.no_order",
    "select distinct on (email) email, born from (select distinct on (born) * from users) order by 1": "sql.no_order",
    # other parts
    "select ? as a order by 1": "sql.not_allowed",
    "select $1 as a order by 1": "sql.not_allowed",
    "select email collate de as a from users order by 1": "sql.not_allowed",
    "select * from users positional join users b order by 1": "sql.not_allowed",
    "select #1 as a from users order by 1": "sql.not_allowed",
    "select latent from users order by 1": "sql.unknown_column",
    "select nothing from users order by 1": "sql.unknown_column",
    "select users_id from user order by 1": "sql.unknown_table",
    "select users_id from clean order by 1": "derived.loop",
}


@pytest.mark.parametrize("sql", ATTACKS)
def test_a_way_out_is_refused(sql: str) -> None:
    assert ATTACKS[sql] in codes_of(document(sql))


def test_nesting_and_length_have_bounds() -> None:
    assert codes_of(document(f"select {'(' * 3000}1{')' * 3000} as a order by 1"))[0] in ("sql.syntax", "sql.too_large")
    assert codes_of(document(f"select 1 as a {' ' * 100_000} order by 1")) == ["sql.too_large"]


GOOD = """
select users_id, lower(email) as a, born::date as b from users order by users_id
with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select n from r order by n
select email, row_number() over (partition by email order by born, users_id) as n from users order by email, n
select distinct on (email) email, born from users order by email, born
select string_agg(email, ',' order by email) as a from users order by a
select count(*) filter (born > date '2025-01-03') as n, avg(users_id) as m from users order by n
select a.email from users a join users b using (users_id) left join users c on c.users_id = a.users_id order by a.email
select v.k, r.i from (values (1), (2)) v(k), range(3) r(i) order by v.k, r.i
select users_id from users union all select 7 order by users_id
select users_id from users order by users_id limit 3 offset 1
select case when users_id > 2 then 'x' else null end as a, date_trunc('month', born) as m from users order by a, m
from users select email order by email
select 'now; drop table users -- random()' as a order by a
select max(users_id) as "order" from users where email like '%@%' order by 1 -- random()
select d::date as d from generate_series(date '2025-01-01', date '2025-01-05', interval 1 day) as t(d) order by d
select lpad(users_id::varchar, 5, '0') as a, printf('%05d %s', users_id, email) as b, format('{:>8}', email) as c from users order by a
select email as d from users, unnest(list_value(1, 2)) as t(i) order by d
select u.users_id, (select count(*) from users b where b.users_id < u.users_id) as n from users u order by n
"""


@pytest.mark.parametrize("sql", GOOD.strip().splitlines())
def test_plain_sql_is_accepted(sql: str) -> None:
    assert findings_of(document(sql)) == ()


def test_what_is_wrong_is_told_with_its_place_and_a_near_name() -> None:
    (finding,) = findings_of(document("select users_id, emial from users order by 1"))
    assert (finding.code, finding.json_path) == ("sql.unknown_column", "tables[1].sql")
    assert finding.line == 6
    assert "'emial'" in finding.found
    assert finding.hint == "did you mean 'email'?"


def test_all_that_a_text_says_wrong_is_told_at_once() -> None:
    codes = codes_of(document("select random() as a, now() as b from nobody limit 3"))
    assert sorted(codes) == ["sql.function", "sql.function", "sql.no_order", "sql.unknown_table"]


def test_behind_the_grammar_the_database_itself_reads_and_writes_no_file(tmp_path: Path) -> None:
    """The second wall: whatever got past the look at the text."""
    secret, stolen = tmp_path / "secret.csv", tmp_path / "stolen.csv"
    secret.write_text("a\n1\n")
    with sql_database() as database:
        for text in (
            f"select * from read_csv('{secret}')",
            f"copy (select 1) to '{stolen}'",
            f"attach '{tmp_path / 'other'}'",
            "set enable_external_access = true",
        ):
            with pytest.raises(QueryError):
                database.execute(text)
    assert not stolen.exists()
