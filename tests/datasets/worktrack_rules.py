"""What worktrack promises, rule by rule, each with damage after which it is broken."""

from __future__ import annotations

from tests.datasets.rules import Rule

KEY = "('task_created', 'task_completed', 'handoff_completed', 'blocker_resolved')"
KINDS = (
    f"{KEY[:-1]}, 'login_succeeded', 'dashboard_viewed', 'work_note_added', 'task_assigned', 'task_status_changed', "
    "'blocker_added', 'project_created')"
)
SUPPORT = "('login_succeeded', 'dashboard_viewed')"
START, END = "timestamp '2025-08-01'", "timestamp '2026-02-01'"
LATE = "(ingested_at_utc::date - event_at_utc::date)"


def rows_of(table: str, wrong: str) -> str:
    """How many rows are wrong; what is neither true nor false is not."""
    return f"select count(*) from {table} where {wrong}"


def refers(table: str, column: str, to: str, key: str) -> Rule:
    """A foreign key."""
    return Rule(
        rows_of(table, f"{column} is not null and {column} not in (select {key} from {to})"),
        [
            f"update {table} set {column} = 999999 where rowid = (select max(rowid) from {table} where {column} is "
            f"not null)"
        ],
        also=LOST.get(column, ()),
    )


def full(table: str, *columns: str) -> dict[str, Rule]:
    """Columns without nulls."""
    return {
        f"{table}.{column} is always there": Rule(
            rows_of(table, f"{column} is null"),
            [f"update {table} set {column} = null where rowid = (select max(rowid) from {table})"],
            also=ALSO.get(f"{table}.{column}", ()),
        )
        for column in columns
    }


def no_pile(table: str, column: str) -> Rule:
    """The last seven days have at most half more than a week of the four weeks before has."""
    return Rule(
        f"select count(*) filter ({column} >= {END} - interval 7 days) * 4.0 / "
        f"greatest(count(*) filter ({column} >= {END} - interval 35 days and {column} < {END} - interval 7 days), 1) "
        f"from {table}",
        [f"update {table} set {column} = {END} - interval 1 minute where {column} >= {END} - interval 63 days"],
        high=1.5,
        also=ANY,
    )


def inside(table: str, column: str) -> Rule:
    return Rule(
        rows_of(table, f"{column} < {START} or {column} >= {END}"),
        [
            f"update {table} set {column} = {END} where rowid = (select max(rowid) from {table} where {column} is "
            f"not null)"
        ],
        also=ANY,
    )


ANY = ("*",)  # times that are moved break orders, too
LOST = {
    "account_id": ANY, "user_id": ("events are of users of the account",), "project_id": ANY, "task_id": ANY,
    "owner_user_id": ANY, "created_by_user_id": ANY, "assignee_user_id": ANY,
}  # fmt: skip
ALSO = {
    "accounts.account_id": ANY, "users.user_id": ANY, "users.email": ("e-mails are unique",),
    "events.event_id": ("events have a key each",), "users.account_id": ANY, "events.user_id": ANY,
    "events.event_at_utc": ANY, "events.event_type": ANY,
    "events.account_id": ANY, "users.activated_at_utc": ANY, "users.created_at_utc": ANY, "tasks.project_id": ANY,
    "tasks.created_at_utc": ANY, "tasks.created_by_user_id": ANY, "tasks.account_id": ANY, "tasks.status": ANY,
    "projects.account_id": ANY, "projects.created_at_utc": ANY, "projects.owner_user_id": ANY, "projects.status": ANY,
    "users.is_active": ANY, "tasks.due_at_utc": ANY, "events.ingested_at_utc": ANY, "accounts.created_at_utc": ANY,
}  # fmt: skip

RULES: dict[str, Rule] = {
    # how many
    "80 accounts": Rule("select count(*) from accounts", ["delete from accounts where account_id = 80"], 80, 80, ANY),
    "964 to 1,116 users": Rule("select count(*) from users", ["delete from users where user_id > 700"], 964, 1116, ANY),
    "448 to 512 projects": Rule("select count(*) from projects", ["delete from projects where project_id > "
        "440"], 448, 512, ANY),
    "7,812 to 9,009 tasks": Rule("select count(*) from tasks", ["delete from tasks where task_id > "
        "7800"], 7812, 9009, ANY),
    "27,307 to 31,546 task events": Rule(
        "select count(task_id) from events", ["delete from events where task_id > 7000"], 27307, 31546, ANY
    ),
    "8 to 18 users in an account": Rule(
        "select count(*) from (select a.account_id, count(u.user_id) as n from accounts a left join users u using "
        "(account_id) group by 1) where n not between 8 and 18",
        ["delete from users where account_id = 5"], also=ANY,
    ),
    "4 to 8 projects in an account": Rule(
        "select count(*) from (select a.account_id, count(p.project_id) as n from accounts a left join projects p "
        "using (account_id) group by 1) where n not between 4 and 8",
        ["delete from projects where account_id = 5"], also=ANY,
    ),
    "10 to 25 tasks in a project": Rule(
        "select count(*) from (select p.project_id, count(t.task_id) as n from projects p left join tasks t using "
        "(project_id) group by 1) where n not between 10 and 25",
        ["delete from tasks where project_id = 5"], also=ANY,
    ),
    "2 to 5 events of a task": Rule(
        "select count(*) from (select t.task_id, count(e.event_id) as n from tasks t left join events e using "
        "(task_id) group by 1) where n not between 2 and 5",
        ["insert into events select e.* replace (900000 + range as event_id) from events e, range(5) where event_id "
            "= (select min(event_id) from events where event_type = 'work_note_added')"], also=ANY,
    ),
    "3.5 events of a task": Rule(
        # the standard error of the mean of 7,812 uniform draws of 2 to 5 is 0.013: four of them
        "select count(task_id) / (select count(*) from tasks) from events",
        ["delete from events where event_type in ('work_note_added')"], 3.45, 3.55, ANY,
    ),
    # keys
    "accounts have a key each": Rule("select count(*) - count(distinct account_id) from "
        "accounts", ["update accounts set account_id = 7 where account_id = 8"], also=ANY),
    "users have a key each": Rule("select count(*) - count(distinct user_id) from users", ["update users set user_id "
        "= 7 where user_id = 8"], also=ANY),
    "projects have a key each": Rule("select count(*) - count(distinct project_id) from "
        "projects", ["update projects set project_id = 7 where project_id = 8"], also=ANY),
    "tasks have a key each": Rule("select count(*) - count(distinct task_id) from tasks", ["update tasks set task_id "
        "= 7 where task_id = 8"], also=ANY),
    "events have a key each": Rule("select count(*) - count(distinct event_id) from "
        "events", ["update events set event_id = 7 where event_id = 8"]),
    "e-mails are unique": Rule("select count(*) - count(distinct lower(email)) from users", ["update users set email "
        "= (select min(email) from users)"]),
    "users.account_id refers": refers("users", "account_id", "accounts", "account_id"),
    "projects.account_id refers": refers("projects", "account_id", "accounts", "account_id"),
    "projects.owner_user_id refers": refers("projects", "owner_user_id", "users", "user_id"),
    "tasks.account_id refers": refers("tasks", "account_id", "accounts", "account_id"),
    "tasks.project_id refers": refers("tasks", "project_id", "projects", "project_id"),
    "tasks.created_by_user_id refers": refers("tasks", "created_by_user_id", "users", "user_id"),
    "tasks.assignee_user_id refers": refers("tasks", "assignee_user_id", "users", "user_id"),
    "events.account_id refers": refers("events", "account_id", "accounts", "account_id"),
    "events.user_id refers": refers("events", "user_id", "users", "user_id"),
    "events.project_id refers": refers("events", "project_id", "projects", "project_id"),
    "events.task_id refers": refers("events", "task_id", "tasks", "task_id"),
    **full("accounts", "account_id", "account_name", "plan", "created_at_utc", "is_internal"),
    **full("users", "user_id", "account_id", "full_name", "email", "role", "created_at_utc", "activated_at_utc", "is_active"),
    **full("projects", "account_id", "owner_user_id", "project_name", "status", "created_at_utc"),
    **full("tasks", "account_id", "project_id", "created_by_user_id", "title", "status", "priority",
           "created_at_utc", "due_at_utc"),
    **full("events", "event_id", "account_id", "user_id", "event_type", "event_at_utc", "ingested_at_utc"),
    # accounts agree
    "an owner is of the account": Rule(
        rows_of("projects p join users u on u.user_id = p.owner_user_id", "u.account_id <> p.account_id"),
        ["update projects set owner_user_id = (select max(user_id) from users) where project_id = 3"], also=ANY,
    ),
    "a task is of its project's account": Rule(
        rows_of("tasks t join projects p using (project_id)", "t.account_id <> p.account_id"),
        ["update tasks set account_id = account_id + 1 where task_id = 3"], also=ANY,
    ),
    "a creator is of the account": Rule(
        rows_of("tasks t join users u on u.user_id = t.created_by_user_id", "u.account_id <> t.account_id"),
        ["update tasks set created_by_user_id = (select max(user_id) from users) where task_id = 3"], also=ANY,
    ),
    "an assignee is of the account": Rule(
        rows_of("tasks t join users u on u.user_id = t.assignee_user_id", "u.account_id <> t.account_id"),
        ["update tasks set assignee_user_id = (select max(user_id) from users) where task_id = (select min(task_id) "
            "from tasks where assignee_user_id is not null)"], also=ANY,
    ),
    "events are of users of the account": Rule(
        rows_of("events e left join users u using (user_id)", "u.account_id is distinct from e.account_id"),
        ["update events set user_id = (select max(user_id) from users) where event_id = (select min(event_id) from "
            "events where event_type = 'work_note_added')"], also=ANY,
    ),
    "events of a task are of its project and account": Rule(
        rows_of("events e join tasks t using (task_id)", "e.project_id is distinct from t.project_id or e.account_id "
            "<> t.account_id"),
        ["update events set project_id = project_id + 1 where event_id = (select min(event_id) from events where "
            "task_id is not null)"],
    ),
    # order of times
    "an account precedes its users": Rule(
        rows_of("users u join accounts a using (account_id)", "u.created_at_utc < a.created_at_utc"),
        ["update users set created_at_utc = created_at_utc - interval 200 days where user_id = 9"], also=ANY,
    ),
    "an account precedes its projects": Rule(
        rows_of("projects p join accounts a using (account_id)", "p.created_at_utc < a.created_at_utc"),
        ["update projects set created_at_utc = created_at_utc - interval 200 days where project_id = 9"], also=ANY,
    ),
    "users are created before they are activated": Rule(
        rows_of("users", "created_at_utc > activated_at_utc"),
        ["update users set activated_at_utc = created_at_utc - interval 1 second where user_id = 9"],
    ),
    "users are activated before they are deactivated": Rule(
        rows_of("users", "activated_at_utc > deactivated_at_utc"),
        ["update users set deactivated_at_utc = activated_at_utc - interval 1 second where user_id = (select "
            "min(user_id) from users where deactivated_at_utc is not null)"], also=ANY,
    ),
    "projects end after they begin": Rule(
        rows_of("projects", "created_at_utc > completed_at_utc"),
        ["update projects set completed_at_utc = created_at_utc - interval 1 second where project_id = (select "
            "min(project_id) from projects where completed_at_utc is not null)"], also=ANY,
    ),
    "tasks start after they are created": Rule(
        rows_of("tasks", "created_at_utc > first_started_at_utc"),
        ["update tasks set first_started_at_utc = created_at_utc - interval 1 second where task_id = (select "
            "min(task_id) from tasks where status <> 'todo')"],
    ),
    "tasks end after they start": Rule(
        rows_of("tasks", "first_started_at_utc > completed_at_utc"),
        ["update tasks set first_started_at_utc = completed_at_utc + interval 1 second where task_id = (select "
            "min(task_id) from tasks where status = 'done')"], also=("work happens between start and end",),
    ),
    "tasks are due after they are created": Rule(
        rows_of("tasks", "created_at_utc > due_at_utc"),
        ["update tasks set due_at_utc = created_at_utc - interval 1 day where task_id = (select min(task_id) from "
            "tasks where due_at_utc < created_at_utc + interval 31 day)"],
        also=("due dates are 3 to 30 days away, outliers 180 to 720 days more",),
    ),
    "no task is created before its project": Rule(
        rows_of("tasks t join projects p using (project_id)", "t.created_at_utc < p.created_at_utc"),
        ["update projects set created_at_utc = (select min(created_at_utc) + interval 1 second from tasks where "
            "project_id = 9) where project_id = 9"], also=ANY,
    ),
    "no task is created after its project ended": Rule(
        rows_of("tasks t join projects p using (project_id)", "t.created_at_utc > p.completed_at_utc"),
        ["update projects set completed_at_utc = (select max(created_at_utc) - interval 1 second from tasks t where "
            "t.project_id = projects.project_id) where project_id = (select min(project_id) from projects where "
            "status = 'completed')"],
    ),
    "events are recorded after they happen": Rule(
        rows_of("events", "event_at_utc > ingested_at_utc"),
        [f"update events set ingested_at_utc = event_at_utc - interval 1 second where event_id = (select "
            f"min(event_id) from events where {LATE} = 0 and event_at_utc::time > time '00:01:00')"],
    ),
    **{
        f"{table}.{column} is inside the window": inside(table, column)
        for table, column in (
            ("accounts", "created_at_utc"), ("users", "created_at_utc"), ("users", "activated_at_utc"),
            ("users", "deactivated_at_utc"), ("projects", "created_at_utc"), ("projects", "completed_at_utc"),
            ("tasks", "created_at_utc"), ("tasks", "first_started_at_utc"), ("tasks", "completed_at_utc"),
            ("events", "event_at_utc"),
        )
    },
    # who may act
    "owners are activated": Rule(
        rows_of("projects p join users u on u.user_id = p.owner_user_id", "p.created_at_utc < u.activated_at_utc or "
            "p.created_at_utc > u.deactivated_at_utc"),
        ["update users set activated_at_utc = (select created_at_utc + interval 1 second from projects where "
            "project_id = 9) where user_id = (select owner_user_id from projects where project_id = 9)"], also=ANY,
    ),
    "creators are activated and there": Rule(
        rows_of("tasks t join users u on u.user_id = t.created_by_user_id", "t.created_at_utc < u.activated_at_utc "
            "or t.created_at_utc > u.deactivated_at_utc"),
        ["update users set activated_at_utc = (select created_at_utc + interval 1 second from tasks where task_id = "
            "9) where user_id = (select created_by_user_id from tasks where task_id = 9)"], also=ANY,
    ),
    "assignees are activated and there": Rule(
        rows_of("tasks t join users u on u.user_id = t.assignee_user_id", "t.created_at_utc < u.activated_at_utc or "
            "t.created_at_utc >= u.deactivated_at_utc"),
        ["update users set activated_at_utc = (select created_at_utc + interval 1 second from tasks where task_id = "
            "9) where user_id = (select assignee_user_id from tasks where task_id = 9)"], also=ANY,
    ),
    "nobody acts before activation": Rule(
        rows_of("events e join users u using (user_id)", "e.event_at_utc < u.activated_at_utc"),
        ["update events set event_at_utc = (select created_at_utc - interval 1 second from users where user_id = "
            "events.user_id) where event_id = (select min(event_id) from events where event_type = "
            "'login_succeeded')"], also=ANY,
    ),
    "nobody acts after deactivation": Rule(
        rows_of("events e join users u using (user_id)", "e.event_at_utc > u.deactivated_at_utc"),
        ["update events set event_at_utc = (select max(event_at_utc) from events) where event_id = (select "
            "min(event_id) from events join users using (user_id) where event_type = 'login_succeeded' and "
            "deactivated_at_utc is not null)"], also=ANY,
    ),
    # states
    "is_active says whether a user left": Rule(
        rows_of("users", "is_active <> (deactivated_at_utc is null)"), ["update users set is_active = not is_active "
            "where user_id = 9"]
    ),
    "project states": Rule(
        rows_of("projects", "status not in ('active', 'on_hold', 'completed')"),
        ["update projects set status = 'open' where project_id = (select min(project_id) from projects where status "
            "= 'active')"],
    ),
    "a project has an end iff it is completed": Rule(
        rows_of("projects", "(status = 'completed') <> (completed_at_utc is not null)"),
        ["update projects set status = 'active' where project_id = (select min(project_id) from projects where "
            "status = 'completed')"],
    ),
    "task states": Rule(
        rows_of("tasks", "status not in ('todo', 'in_progress', 'blocked', 'done')"),
        ["update tasks set status = 'stuck' where task_id = (select min(task_id) from tasks where status = 'blocked')"],
        also=("a blocked task has an open blocker",),
    ),
    "a task is started iff it is no todo": Rule(
        rows_of("tasks", "(status <> 'todo') <> (first_started_at_utc is not null)"),
        ["update tasks set status = 'todo' where task_id = (select min(task_id) from tasks where status = "
            "'in_progress')"], also=ANY,
    ),
    "a task has an end iff it is done": Rule(
        rows_of("tasks", "(status = 'done') <> (completed_at_utc is not null)"),
        ["update tasks set status = 'in_progress' where task_id = (select min(task_id) from tasks where status = "
            "'done')"], also=ANY,
    ),
    "53 to 57 % of tasks are done": Rule(
        "select avg((status = 'done')::int) from tasks", ["update tasks set status = 'in_progress' where status = "
            "'done' and task_id % 10 = 0"],
        0.53, 0.57, ANY,
    ),
    # quotas
    "7 % of users are deactivated": Rule(
        "select abs(count(deactivated_at_utc) - 0.07 * count(*)) from users",
        ["update users set deactivated_at_utc = null, is_active = true where user_id = (select min(user_id) from "
            "users where deactivated_at_utc is not null)"], high=0.5,
    ),
    "4 % of tasks have no assignee": Rule(
        "select abs(count(*) - count(assignee_user_id) - 0.04 * count(*)) from tasks",
        ["update tasks set assignee_user_id = null where task_id in (select task_id from tasks where "
            "assignee_user_id is not null limit 2)"], high=0.5,
    ),
    "1 % of due dates are 180 to 720 days late": Rule(
        "select abs(count(*) filter (due_at_utc > created_at_utc + interval 31 days) - 0.01 * count(*)) from tasks",
        ["update tasks set due_at_utc = created_at_utc + interval 400 days where task_id in (select task_id from "
            "tasks where due_at_utc < created_at_utc + interval 31 days limit 2)"], high=0.5,
    ),
    "due dates are 3 to 30 days away, outliers 180 to 720 days more": Rule(
        rows_of("tasks", "not (due_at_utc - created_at_utc between interval 3 days and interval 30 days or "
            "due_at_utc - created_at_utc between interval 183 days and interval 750 days)"),
        ["update tasks set due_at_utc = created_at_utc + interval 100 days where task_id = (select min(task_id) from "
            "tasks where due_at_utc > created_at_utc + interval 31 days)"],
    ),
    **{
        f"{share:.0%} of events are recorded {low} to {high} days later": Rule(
            f"select abs(count(*) filter ({LATE} between {low} and {high}) - {share} * count(*)) from events",
            [f"update events set ingested_at_utc = event_at_utc + interval {9 if low == 0 else 0} day where event_id "
                f"in (select event_id from events where {LATE} between {low} and {high} limit 2)"],
            high=0.9999, also=("nothing is recorded more than 7 days "
                "late",) if low == 0 else ("80% of events are recorded 0 to 0 days later",),
        )
        for share, low, high in ((0.8, 0, 0), (0.18, 1, 3), (0.02, 4, 7))
    },
    "nothing is recorded more than 7 days late": Rule(
        rows_of("events", f"{LATE} not between 0 and 7"),
        ["update events set ingested_at_utc = event_at_utc + interval 9 day where event_id = (select min(event_id) "
            "from events where ingested_at_utc::date = event_at_utc::date + 4)"],
        also=ANY,
    ),
    # events and what they tell of
    "kinds of events": Rule(
        rows_of("events", f"event_type not in {KINDS}"), ["update events set event_type = 'note' where event_id = "
            "(select min(event_id) from events where event_type = 'work_note_added')"],
    ),
    "one task_created per task, by its creator, at its creation": Rule(
        "select count(*) from (select t.task_id, count(e.event_id) as n from tasks t left join events e on e.task_id "
        "= t.task_id and e.event_type = 'task_created' and e.user_id = t.created_by_user_id and e.event_at_utc = "
        "t.created_at_utc group by 1) where n <> 1",
        ["update events set event_at_utc = event_at_utc + interval 1 second where event_id = (select min(event_id) "
            "from events where event_type = 'task_created')"],
        also=ANY,
    ),
    "as many task_created as tasks": Rule(
        "select count(*) filter (event_type = 'task_created') - (select count(*) from tasks) from events",
        ["update events set event_type = 'task_created' where event_id = (select min(event_id) from events where "
            "event_type = 'work_note_added')"],
    ),
    "one task_completed per task that is done, at its end": Rule(
        "select count(*) from (select t.task_id, t.status, count(e.event_id) as n from tasks t left join events e on "
        "e.task_id = t.task_id and e.event_type = 'task_completed' and e.event_at_utc = t.completed_at_utc group by "
        "all) where n <> (status = 'done')::int",
        ["update events set event_type = 'work_note_added' where event_id = (select min(event_id) from events where "
            "event_type = 'task_completed')"],
        also=("as many task_completed as tasks that are done",),
    ),
    "as many task_completed as tasks that are done": Rule(
        "select count(*) filter (event_type = 'task_completed') - (select count(*) from tasks where status = 'done') "
        "from events",
        ["update events set event_type = 'task_completed' where event_id = (select min(event_id) from events where "
            "event_type = 'work_note_added')"],
        also=ANY,
    ),
    "one project_created per project, by its owner, at its creation": Rule(
        "select count(*) from (select p.project_id, count(e.event_id) as n from projects p left join events e on "
        "e.project_id = p.project_id and e.event_type = 'project_created' and e.user_id = p.owner_user_id and "
        "e.event_at_utc = p.created_at_utc and e.task_id is null group by 1) where n <> 1",
        ["delete from events where event_id = (select min(event_id) from events where event_type = 'project_created')"],
        also=("as many project_created as projects",),
    ),
    "as many project_created as projects": Rule(
        "select count(*) filter (event_type = 'project_created') - (select count(*) from projects) from events",
        ["update events set event_type = 'project_created' where event_id = (select min(event_id) from events where "
            "event_type = 'dashboard_viewed')"],
        also=ANY,
    ),
    "blockers are resolved after they were added": Rule(
        "select count(*) from events e where event_type = 'blocker_resolved' and not exists (select 1 from events o "
        "where o.task_id = e.task_id and o.event_type = 'blocker_added' and o.event_at_utc <= e.event_at_utc)",
        ["update events set event_type = 'work_note_added' where event_id = (select min(e.event_id) from events e "
            "join events r using (task_id) where e.event_type = 'blocker_added' and r.event_type = "
            "'blocker_resolved')"],
        also=("a blocked task has an open blocker",),
    ),
    "a blocked task has an open blocker": Rule(
        "select count(*) from (select t.task_id, t.status, count(*) filter (e.event_type = 'blocker_added') - "
        "count(*) filter (e.event_type = 'blocker_resolved') as open from tasks t join events e using (task_id) "
        "group by all) where open <> (status = 'blocked')::int",
        ["update tasks set status = 'in_progress' where task_id = (select min(task_id) from tasks where status = "
            "'blocked')"],
    ),
    "work happens between start and end": Rule(
        rows_of("events e join tasks t using (task_id)", "e.event_at_utc < t.created_at_utc or e.event_at_utc > "
            "t.completed_at_utc or (e.event_type in ('handoff_completed', 'blocker_added', 'blocker_resolved') and "
            "(t.status = 'todo' or e.event_at_utc < t.first_started_at_utc))"),
        [f"update events set event_at_utc = {END} - interval 1 second where event_id = (select min(event_id) from "
            f"events join tasks using (task_id) join users using (user_id) where event_type = 'work_note_added' and "
            f"tasks.status = 'done' and deactivated_at_utc is null)"],
        also=ANY,
    ),
    "logins and dashboard views name no task and no project": Rule(
        rows_of("events", f"event_type in {SUPPORT} and (task_id is not null or project_id is not null)"),
        ["update events set project_id = 1 where event_id = (select min(event_id) from events where event_type = "
            "'login_succeeded')"],
    ),
    "events of work name their project": Rule(
        rows_of("events", f"event_type not in {SUPPORT} and (project_id is null or (task_id is null) <> (event_type "
            f"= 'project_created'))"),
        ["update events set project_id = null where event_id = (select min(event_id) from events where event_type = "
            "'project_created')"], also=ANY,
    ),
    "no change of state of a task that was not started": Rule(
        rows_of("events e join tasks t using (task_id)", "e.event_type = 'task_status_changed' and t.status = 'todo'"),
        ["update events set event_type = 'task_status_changed' where event_id = (select min(event_id) from events "
            "join tasks using (task_id) where event_type = 'work_note_added' and status = 'todo')"],
    ),
    "20 % of events are logins and dashboard views": Rule(
        # Poisson numbers of a mean of 7,500: their share has a standard deviation of 0.2 points
        f"select avg((event_type in {SUPPORT})::int) from events", ["delete from events where event_type = "
            "'dashboard_viewed'"], 0.19, 0.21, ANY,
    ),
    "key events are at least 40 %": Rule(
        f"select avg((event_type in {KEY})::int) from events", ["delete from events where event_type = "
            "'task_completed'"], 0.4, 1, ANY
    ),
    "every kind of event occurs": Rule(
        f"select count(distinct event_type) from events where event_type in {KINDS}", ["update events set event_type "
            "= 'work_note_added' where event_type = 'handoff_completed'"], 11, 11, ANY
    ),
    # patterns
    "in every account seven in ten events fall into working hours": Rule(
        "select min(share) from (select account_id, avg((hour(event_at_utc) between 8 and 17)::int) as share from "
        "events group by 1)",
        ["update events set event_at_utc = date_trunc('day', event_at_utc) + interval 1 minute * (event_id % 1440) "
            "where account_id = 9"],
        0.7, 1, ANY,
    ),
    "in every account 85 % of events fall on weekdays": Rule(
        "select min(share) from (select account_id, avg((isodow(event_at_utc) <= 5)::int) as share from events group "
        "by 1)",
        ["update events set event_at_utc = event_at_utc + interval 1 day * (event_id % 7) where account_id = "
            "9"], 0.85, 1, ANY,
    ),
    "a tenth of the users logs in a fourth of the times, and more": Rule(
        # if all were alike, the luckiest tenth of users with 4.5 logins on average would have 19 %
        "select sum(n) filter (place <= 0.1) / sum(n) from (select n, percent_rank() over (order by n desc, user_id) "
        "as place from (select u.user_id, count(e.event_id) as n from users u left join events e on e.user_id = "
        "u.user_id and e.event_type = 'login_succeeded' group by 1))",
        ["update events set user_id = 1 + hash(event_id) % (select max(user_id) from users) where event_type = "
            "'login_succeeded'"], 0.25, 0.5, ANY,
    ),
    "half of the accounts are there before day 45": Rule(
        f"select median(epoch(created_at_utc - {START}) / 86400) from accounts",
        ["update accounts set created_at_utc = created_at_utc + interval 60 days"], 0, 45, ANY,
    ),
    "six monthly cohorts of users": Rule(
        "select count(*) from (select date_trunc('month', created_at_utc) as month, count(*) / (select count(*) from "
        "users) as share from users group by 1) where share >= 0.01",
        ["update users set created_at_utc = timestamp '2025-12-31' where created_at_utc >= timestamp "
            "'2026-01-01'"], 6, 6, ANY,
    ),
    **{
        f"{table}.{column} does not pile up at the end": no_pile(table, column)
        for table, column in (
            ("users", "created_at_utc"), ("users", "activated_at_utc"), ("projects", "completed_at_utc"),
            ("tasks", "created_at_utc"), ("tasks", "first_started_at_utc"), ("tasks", "completed_at_utc"),
            ("events", "event_at_utc"),
        )
    },
}  # fmt: skip
