"""What tapflow promises, rule by rule, each with damage after which it is broken."""

from __future__ import annotations

from tests.datasets.rules import Rule

REFERENCE = "timestamp '2025-06-25'"
ANY = ("*",)

KEYS = {
    "accounts": ("account_id", 150), "locations": ("location_id", 1_000), "devices": ("device_id", 30_000),
    "users": ("user_id", 6_000), "subscriptions": ("subscription_id", 200), "tap_events": ("tap_event_id", 10_000_000),
    "feature_usage": ("usage_id", 1_000_000),
}  # fmt: skip
REFERENCES = {
    "locations.account_id": "accounts", "devices.location_id": "locations", "users.account_id": "accounts",
    "subscriptions.account_id": "accounts", "tap_events.device_id": "devices", "feature_usage.user_id": "users",
    "heartbeats.device_id": "devices",
}  # fmt: skip
FILLED = {
    "accounts": "account_name, size, venue_type, created_at, health_score, mrr",
    "locations": "account_id, location_name, address, city, state, region, timezone, operational_status",
    "devices": "location_id, device_type, status, installed_at",
    "users": "account_id, full_name, email, role, created_at",
    "subscriptions": "account_id, tier, monthly_price, status, started_at",
    "tap_events": "device_id, poured_at, volume_ml, temperature_c, pressure_kpa, is_anomaly",
    "feature_usage": "user_id, feature, used_at, call_count",
    "heartbeats": "device_id, beat_at, status",
}
VALUES = {
    "accounts.size": "small medium large enterprise",
    "accounts.venue_type": "restaurant bar stadium other",
    "locations.operational_status": "operational degraded",
    "locations.region": "Northeast,West Coast,Southeast,Midwest",
    "devices.device_type": "tap_controller sensor gateway",
    "devices.sensor_kind": "temperature pressure flow",
    "devices.status": "online offline maintenance",
    "users.role": "admin manager staff",
    "subscriptions.tier": "starter professional business enterprise",
    "subscriptions.status": "active churned upgraded",
    "tap_events.is_anomaly": "true false",
    "feature_usage.feature": "dashboard report api",
    "heartbeats.status": "online",
}
PER_ACCOUNT = {  # least and most locations, devices of a location and users, and mean of the locations
    "small": (1, 2, 5, 10, 2, 5, 1.5), "medium": (3, 10, 10, 20, 5, 20, 6), "large": (10, 50, 20, 50, 20, 100, 25),
    "enterprise": (50, 100, 30, 100, 100, 500, 75),
}  # fmt: skip
SIZES = {"small": 105, "medium": 30, "large": 12, "enterprise": 3}
REGIONS = {"Northeast": 0.40, "West Coast": 0.25, "Southeast": 0.20, "Midwest": 0.15}
STATES = {
    "Northeast": "Connecticut Maine Massachusetts New_Hampshire New_Jersey New_York Pennsylvania Rhode_Island Vermont",
    "West Coast": "California Oregon Washington",
    "Southeast": "Alabama Delaware Florida Georgia Kentucky Maryland Mississippi North_Carolina South_Carolina Tennessee "
    "Virginia West_Virginia District_of_Columbia",
    "Midwest": "Iowa Illinois Indiana Kansas Michigan Minnesota Missouri Nebraska North_Dakota Ohio South_Dakota Wisconsin",
}
TYPES = {"tap_controller": 0.6, "sensor": 0.3, "gateway": 0.1}
STATUS = {"online": 21_250, "offline": 2_500, "maintenance": 1_250}
ROLES = {"admin": 0.1, "manager": 0.3, "staff": 0.6}
PEAK = "(11, 12, 13, 18, 19, 20, 21, 22)"

# every account with what is known of it; a null left_at: still there
ACCOUNTS = """(select a.*, (select max(ended_at) from subscriptions s where s.account_id = a.account_id and s.status = 'churned')
    as left_at from accounts a)"""
DEVICES = f"""(select d.*, l.account_id, l.timezone, a.venue_type, a.size, a.left_at, a.created_at as account_created_at
    from devices d join locations l using (location_id) join {ACCOUNTS} a using (account_id))"""
TAPS = f"(select * from {DEVICES} where device_type = 'tap_controller' and status = 'online')"
POURS = f"(select e.*, t.* exclude (device_id), timezone(t.timezone, timezone('UTC', e.poured_at)) as local from tap_events e join {TAPS} t using (device_id))"
TIER = (
    "case when n < 10 then 'starter' when n < 50 then 'professional' when n < 200 then 'business' else 'enterprise' end"
)
PRICE = "case tier when 'starter' then 299 when 'professional' then 999 when 'business' then 2999 else 9999 end"
OWN_TIER = f"(select account_id, {TIER} as tier, n from (select account_id, count(*) as n from {DEVICES} group by 1))"
LAST = "(select * from subscriptions where status <> 'upgraded')"
REVENUE = "sum(monthly_price) filter (where started_at <= {at} and (ended_at is null or ended_at > {at}))"
COUNTS = (
    "(select a.account_id, a.size, count({key}) as n from accounts a left join {table} using (account_id) group by all)"
)


def one(table: str, change: str, where: str = "true") -> list[str]:
    """Change one row."""
    return [f"update {table} set {change} where rowid = (select min(rowid) from {table} where {where})"]


def outside(counts: str, low: int, high: int) -> str:
    """How many accounts, or locations, have too few or too many rows, by the size of the account."""
    bounds = " or ".join(
        f"(size = '{size}' and n not between {of[low]} and {of[high]})" for size, of in PER_ACCOUNT.items()
    )
    return f"select count(*) from {counts} where {bounds}"


def listed(values: str) -> str:
    texts = values.split(",") if "," in values else values.split()
    return ", ".join("'" + text.replace("_", " ") + "'" if "," in values else f"'{text}'" for text in texts)


def keys() -> dict[str, Rule]:
    found = {}
    for table, (key, room) in KEYS.items():
        found[f"{table}.{key} counts from 1"] = Rule(
            f"select count(*) filter ({key} is null) + abs(min({key}) - 1) + abs(max({key}) - count(*)) + count(*) - count(distinct {key}) from {table}",
            [f"delete from {table} where {key} = 1"],
            also=ANY,
        )
        found[f"{table}.{key} keeps its range"] = Rule(
            f"select max({key}) from {table}", [f"update {table} set {key} = {room} + 1 where {key} = 1"], 1, room, ANY
        )
    for name, other in REFERENCES.items():
        table, column = name.split(".")
        found[f"{name} refers to {other}"] = Rule(
            f"select count(*) from {table} where {column} not in (select {KEYS[other][0]} from {other})",
            one(table, f"{column} = 99999999"),
            also=ANY,
        )
    found["a device beats once at a time"] = Rule(
        "select count(*) - count(distinct (device_id, beat_at)) from heartbeats",
        ["insert into heartbeats select * from heartbeats limit 1"],
    )
    return found


def contents() -> dict[str, Rule]:
    found = {}
    for table, columns in FILLED.items():
        for column in columns.split(", "):
            found[f"{table}.{column} is always there"] = Rule(
                f"select count(*) from {table} where {column} is null", one(table, f"{column} = null"), also=ANY
            )
    for name, values in VALUES.items():
        table, column = name.split(".")
        found[f"{name} is one of its values"] = Rule(
            f"select count(*) from {table} where {column}::text not in ({listed(values)})",
            [
                f"alter table {table} alter {column} type text",
                *one(table, f"{column} = 'else'", f"{column} is not null"),
            ],
            also=ANY,
        )
    return found


RULES: dict[str, Rule] = {
    **keys(),
    **contents(),
    # accounts
    "150 accounts": Rule("select count(*) from accounts", ["delete from accounts where account_id = 150"], 150, 150, ANY),
    **{
        f"{number} {size} accounts": Rule(
            f"select count(*) from accounts where size = '{size}'", one("accounts", "size = 'none'", f"size = '{size}'"), number, number, ANY
        )
        for size, number in SIZES.items()
    },
    **{
        f"{number} accounts of {low} to {high - 1} days": Rule(
            f"select count(*) from accounts where epoch({REFERENCE} - created_at) / 86400 >= {low} and epoch({REFERENCE} - created_at) / 86400 < {high}",
            one("accounts", "created_at = timestamp '2022-01-01'", f"epoch({REFERENCE} - created_at) / 86400 >= {low} and epoch({REFERENCE} - created_at) / 86400 < {high}"),
            number, number, ANY,
        )
        for low, high, number in ((730, 1_095, 30), (365, 730, 45), (182, 365, 45), (0, 182, 30))
    },
    # 150 accounts with a standard deviation of about 0.116: four standard errors
    "health is 0.75 in the mean": Rule("select avg(health_score) from accounts", ["update accounts set health_score = 0.9 * health_score"], 0.712, 0.788),
    "health spreads by 0.12": Rule("select stddev(health_score) from accounts", ["update accounts set health_score = 0.75 + 0.5 * (health_score - 0.75)"], 0.09, 0.15),
    "health is a share": Rule("select count(*) from accounts where health_score not between 0 and 1", one("accounts", "health_score = 1.01")),
    "mrr is what is paid": Rule(
        "select count(*) from accounts a where mrr <> coalesce((select sum(monthly_price) from subscriptions s where s.account_id = a.account_id and status = 'active'), 0)",
        one("accounts", "mrr = mrr + 1"), also=ANY,
    ),
    "mrr follows the numbers of devices": Rule(
        f"select abs(sum({PRICE}) / sum(mrr) - 1) from accounts join {OWN_TIER} using (account_id) where mrr > 0",
        ["update accounts set mrr = mrr * 1.06"], high=0.05, also=ANY,
    ),
    # locations
    "locations of an account": Rule(outside(COUNTS.format(key="location_id", table="locations"), 0, 1), ["delete from locations where account_id = 5"], also=ANY),
    **{
        f"mean locations of {size} accounts": Rule(
            f"select avg(n) from {COUNTS.format(key='location_id', table='locations')} where size = '{size}'",
            [f"insert into locations select l.* from locations l join accounts using (account_id) where size = '{size}'"],
            of[6] - 0.51 / SIZES[size], of[6] + 0.51 / SIZES[size], ANY,
        )
        for size, of in PER_ACCOUNT.items()
    },
    **{
        f"locations in {region}": Rule(
            f"select count(*) filter (region = '{region}') - {share} * count(*) from locations",
            [*one("locations", "region = 'Mountain'", f"region = '{region}'")] * 2, -1, 1, ANY,
        )
        for region, share in REGIONS.items()
    },
    "states lie in their region": Rule(
        "select count(*) from locations where not case region " + " ".join(f"when '{region}' then state in ({listed(states.replace(' ', ','))})" for region, states in STATES.items()) + " else false end",
        one("locations", "state = 'Texas'"), also=ANY,
    ),
    "zones are those of the United States": Rule(
        "select count(*) from locations where timezone not like 'America/%' or (state in ('California', 'Oregon', 'Washington') and timezone not in ('America/Los_Angeles', 'America/Boise')) "
        "or (region = 'Northeast' and timezone <> 'America/New_York')",
        one("locations", "timezone = 'America/Denver'", "region = 'Northeast'"), also=ANY,
    ),
    "operational is 80 % online": Rule(
        "select count(*) from locations join (select location_id, avg((status = 'online')::int) as online from devices group by 1) using (location_id) where (operational_status = 'operational') <> (online >= 0.8)",
        one("locations", "operational_status = if(operational_status = 'degraded', 'operational', 'degraded')"), also=ANY,
    ),
    "70 to 80 % of locations are operational": Rule(
        "select avg((operational_status = 'operational')::int) from locations",
        ["update locations set operational_status = 'degraded' where location_id % 6 = 0"], 0.70, 0.80, ANY,
    ),
    # devices
    "25,000 devices": Rule("select count(*) from devices", ["delete from devices where device_id = 25000"], 25_000, 25_000, ANY),
    "devices of a location": Rule(
        outside("(select l.location_id, a.size, count(device_id) as n from locations l join accounts a using (account_id) left join devices using (location_id) group by all)", 2, 3),
        ["delete from devices where location_id = 7"], also=ANY,
    ),
    **{
        f"share of {kind}": Rule(
            f"select avg((device_type = '{kind}')::int) from devices",
            [f"update devices set device_type = if(device_type = '{kind}', 'none', device_type) where device_id % 4 = 0"], share - 0.01, share + 0.01, ANY,
        )
        for kind, share in TYPES.items()
    },
    "a gateway in every location": Rule(
        "select count(*) from locations where location_id not in (select location_id from devices where device_type = 'gateway')",
        ["update devices set device_type = 'sensor' where location_id = 9 and device_type = 'gateway'"], also=ANY,
    ),
    "sensors have a kind and nothing else has": Rule(
        "select count(*) from devices where (device_type = 'sensor') <> (sensor_kind is not null)", one("devices", "sensor_kind = 'flow'", "sensor_kind is null"), also=ANY
    ),
    **{
        f"{number} devices {status}": Rule(
            f"select count(*) from devices where status = '{status}'", one("devices", "status = 'none'", f"status = '{status}'"), number, number, ANY
        )
        for status, number in STATUS.items()
    },
    # one-way analysis of variance over some 860 locations of 29 devices: the standard error of the correlation is 0.006
    "devices of a location are alike": Rule(
        "select (between_ - within_) / (between_ + (size_ - 1) * within_) from (select sum(n * (own - total) ** 2) / (count(*) - 1) as between_, "
        "sum(n * own * (1 - own)) / (sum(n) - count(*)) as within_, (sum(n) - sum(n * n) / sum(n)) / (count(*) - 1) as size_ from "
        "(select count(*)::double as n, avg((status = 'online')::int) as own from devices group by location_id), "
        "(select avg((status = 'online')::int) as total from devices))",
        ["update devices set status = if(hash(device_id) % 100 < 85, 'online', 'offline')"], 0.07, 0.13, ANY,
    ),
    "devices are installed in an account that is there": Rule(
        f"select count(*) from {DEVICES} where installed_at < account_created_at or installed_at > {REFERENCE}",
        one("devices", "installed_at = timestamp '2022-01-01'"), also=ANY,
    ),
    "devices are maintained after they are installed": Rule(
        f"select count(*) from devices where last_maintenance_at < installed_at or last_maintenance_at > {REFERENCE}",
        one("devices", f"last_maintenance_at = {REFERENCE} + interval 1 second"), also=ANY,
    ),
    "some devices have never been maintained": Rule(
        "select avg((last_maintenance_at is null)::int) from devices", ["update devices set last_maintenance_at = installed_at"], 0.05, 0.95, ANY
    ),
    # users
    "users of an account": Rule(outside(COUNTS.format(key="user_id", table="users"), 4, 5), ["delete from users where account_id = 5"], also=ANY),
    **{
        f"share of {role}s": Rule(
            f"select avg((role = '{role}')::int) from users", [f"update users set role = if(role = '{role}', 'none', role) where user_id % 5 = 0"], share - 0.01, share + 0.01, ANY
        )
        for role, share in ROLES.items()
    },
    "an admin in every account": Rule(
        "select count(*) from accounts where account_id not in (select account_id from users where role = 'admin')",
        ["update users set role = 'staff' where account_id = 9"], also=ANY,
    ),
    "e-mails are unique": Rule("select count(*) - count(distinct email) from users", one("users", "email = (select max(email) from users)")),
    "users come after their account": Rule(
        f"select count(*) from users u join {ACCOUNTS} a using (account_id) where u.created_at < a.created_at or u.created_at > coalesce(left_at, {REFERENCE})",
        one("users", "created_at = timestamp '2022-01-01'"), also=ANY,
    ),
    # subscriptions
    "at most one is active": Rule(
        "select count(*) from (select account_id from subscriptions where status = 'active' group by 1 having count(*) > 1)",
        ["insert into subscriptions select * replace (500 as subscription_id) from subscriptions where status = 'active' limit 1"], also=ANY,
    ),
    "the last one is active or churned, the others upgraded": Rule(
        "select count(*) from (select (status = 'upgraded') = (row_number() over (partition by account_id order by started_at desc) = 1) as wrong from subscriptions) where wrong",
        one("subscriptions", "status = 'churned'", "status = 'upgraded'"), also=ANY,
    ),
    "every account has one": Rule("select count(*) from accounts where account_id not in (select account_id from subscriptions)", ["delete from subscriptions where account_id = 3"], also=ANY),
    "active ones have no end": Rule("select count(*) from subscriptions where (status = 'active') <> (ended_at is null)", one("subscriptions", f"ended_at = {REFERENCE}", "status = 'active'"), also=ANY),
    "they end after they start": Rule(f"select count(*) from subscriptions where ended_at <= started_at or ended_at > {REFERENCE}", one("subscriptions", "ended_at = started_at", "ended_at is not null"), also=ANY),
    "the first one starts with the account": Rule(
        "select count(*) from accounts a join (select account_id, min(started_at) as first from subscriptions group by 1) using (account_id) where first <> created_at",
        one("accounts", "created_at = created_at + interval 1 second"), also=ANY,
    ),
    "an upgrade ends one and starts the next, which is dearer": Rule(
        "select count(*) from (select status, ended_at, monthly_price, lead(started_at) over w as next, lead(monthly_price) over w as dearer from subscriptions "
        "window w as (partition by account_id order by started_at)) where status = 'upgraded' and (ended_at <> next or dearer <= monthly_price)",
        one("subscriptions", "ended_at = ended_at - interval 1 second", "status = 'upgraded'"), also=ANY,
    ),
    "there are upgrades": Rule("select count(*) from subscriptions where status = 'upgraded'", ["delete from subscriptions where status = 'upgraded'"], 15, 50, ANY),
    "prices are those of the tiers": Rule(f"select count(*) from subscriptions where monthly_price <> {PRICE}", one("subscriptions", "monthly_price = 1000"), also=ANY),
    "the tier follows the number of devices": Rule(
        f"select count(*) from {LAST} s join {OWN_TIER} t using (account_id) where s.tier <> t.tier", one("subscriptions", "tier = 'none'", "status = 'active'"), also=ANY
    ),
    "2 to 3 % leave in a month": Rule(
        f"select sum((status = 'churned')::int) / sum(epoch(coalesce(ended_at, {REFERENCE}) - started_at) / 86400 / 30.4375) from subscriptions",
        ["update subscriptions set status = 'active' where status = 'churned' and account_id % 2 = 0"], 0.02, 0.03, ANY,
    ),
    "mrr grows by 5 to 10 % a month": Rule(
        f"select ({REVENUE.format(at=REFERENCE)} / {REVENUE.format(at=REFERENCE + ' - interval 24 month')}) ** (1 / 24.0) - 1 from subscriptions",
        ["update subscriptions set started_at = timestamp '2022-01-01'"], 0.05, 0.10, ANY,
    ),
    # pours
    "only online taps pour": Rule(f"select count(*) from tap_events where device_id not in (select device_id from {TAPS})", one("devices", "device_type = 'gateway'", "device_id = (select min(device_id) from tap_events)"), also=ANY),
    "taps pour after they are installed": Rule(f"select count(*) from {POURS} where poured_at < installed_at", one("tap_events", "poured_at = timestamp '2022-01-01'"), also=ANY),
    "nobody pours who has left": Rule(f"select count(*) from {POURS} where poured_at >= left_at", ["update subscriptions set status = 'churned', ended_at = timestamp '2025-06-24 12:00' where status = 'active' and account_id = 2"], also=ANY),
    "volumes are 20 to 200": Rule("select count(*) from tap_events where volume_ml not between 20 and 200", one("tap_events", "volume_ml = 201")),
    "3.5 % are anomalies": Rule("select count(*) filter (is_anomaly) - round(0.035 * count(*)) from tap_events", one("tap_events", "is_anomaly = true", "not is_anomaly"), also=ANY),
    "an anomaly is out of one range, nothing else is out of any": Rule(
        "select count(*) from tap_events where is_anomaly <> ((temperature_c not between 2 and 6) <> (pressure_kpa not between 70 and 110)) or ((temperature_c not between 2 and 6) and (pressure_kpa not between 70 and 110))",
        one("tap_events", "temperature_c = 6.01", "not is_anomaly"), also=ANY,
    ),
    "both kinds of anomalies": Rule("select avg((temperature_c not between 2 and 6)::int) from tap_events where is_anomaly", ["update tap_events set temperature_c = 9"], 0.5, 0.7, ANY),
    # the same share in every hour would be 8 of 24
    **{
        f"peaks of {venue}": Rule(
            f"select avg((hour(local) in {PEAK})::int) from {POURS} where venue_type = '{venue}'",
            ["update tap_events set poured_at = date_trunc('day', poured_at) + to_seconds(hash(tap_event_id) % 86400)"], 0.5, 0.85, ANY,
        )
        for venue in ("restaurant", "bar", "stadium", "other")
    },
    "venues differ": Rule(
        f"select avg((hour(local) = 13)::int) filter (venue_type = 'restaurant') / avg((hour(local) = 13)::int) filter (venue_type = 'bar') from {POURS}",
        ["update tap_events set poured_at = timestamp '2025-06-24 17:30'"], 1.3, 3.0, ANY,
    ),
    # use
    "users use what is there": Rule("select count(*) from feature_usage join users using (user_id) where used_at < created_at", one("feature_usage", "used_at = timestamp '2022-01-01'"), also=ANY),
    "nobody uses anything who has left": Rule(
        f"select count(*) from feature_usage join users using (user_id) join {ACCOUNTS} a using (account_id) where used_at >= left_at",
        ["update subscriptions set status = 'churned', ended_at = timestamp '2025-06-24 06:00' where status = 'active' and account_id = 2"], also=ANY,
    ),
    "2 to 10 views per user and day": Rule(
        "select count(*) from (select count(*) as n from feature_usage where feature = 'dashboard' group by user_id, used_at::date) where n not between 2 and 10",
        ["insert into feature_usage select * from feature_usage where user_id = (select min(user_id) from feature_usage where feature = 'dashboard')", *["insert into feature_usage select * from feature_usage where user_id = (select min(user_id) from feature_usage where feature = 'dashboard')"] * 3], also=ANY,
    ),
    "6 views in the mean": Rule(
        "select avg(n) from (select count(*) as n from feature_usage where feature = 'dashboard' group by user_id, used_at::date)",
        ["delete from feature_usage where feature = 'dashboard' and usage_id % 5 = 0"], 5.75, 6.25, ANY,
    ),
    "views and reports are one row each": Rule("select count(*) from feature_usage where feature <> 'api' and call_count <> 1", one("feature_usage", "call_count = 2", "feature = 'dashboard'")),
    "reports are for managers and admins": Rule("select count(*) from feature_usage join users using (user_id) where feature = 'report' and role = 'staff'", ["update users set role = 'staff' where user_id in (select user_id from feature_usage where feature = 'report')"], also=ANY),
    "calls of the API are by admins": Rule("select count(*) from feature_usage join users using (user_id) where feature = 'api' and role <> 'admin'", ["update users set role = 'staff' where user_id in (select user_id from feature_usage where feature = 'api')"], also=ANY),
    "one row of calls per account and day": Rule(
        "select count(*) from (select count(*) as n from feature_usage join users using (user_id) where feature = 'api' group by account_id, used_at::date) where n > 1",
        ["insert into feature_usage select * from feature_usage where feature = 'api'"], also=ANY,
    ),
    "calls on the days with access and no others": Rule(
        "select count(*) from (select distinct account_id, used_at::date as day from feature_usage join users using (user_id) where feature = 'api') c full join "
        f"(select account_id, d as day from subscriptions, (select unnest(generate_series((select min(used_at::date) from feature_usage), {REFERENCE} - interval 1 day, interval 1 day)) as d) "
        f"where tier <> 'starter' and started_at <= d and coalesce(ended_at, {REFERENCE}) > d) s on c.account_id = s.account_id and c.day = s.day::date "
        # of a day whose account leaves a second later there is hardly a trace
        "where c.account_id is null or s.account_id is null",
        ["delete from feature_usage where feature = 'api' and usage_id % 9 = 0"], also=ANY,
    ),
    "calls follow the number of devices": Rule(
        f"select corr(call_count, n) from feature_usage join users using (user_id) join {OWN_TIER} using (account_id) where feature = 'api'",
        ["update feature_usage set call_count = 1000 + usage_id % 7"], 0.98, 1, ANY,
    ),
    "12 calls per device": Rule(
        f"select sum(call_count) / sum(n) from feature_usage join users using (user_id) join {OWN_TIER} using (account_id) where feature = 'api'",
        ["update feature_usage set call_count = call_count * 2"], 11.8, 12.2, ANY,
    ),
    # heartbeats
    "only online devices beat": Rule("select count(*) from heartbeats h join devices d using (device_id) where d.status <> 'online' or h.status <> d.status", one("devices", "status = 'offline'", "status = 'online' and device_id in (select device_id from heartbeats)"), also=ANY),
    "every five minutes": Rule("select count(*) from heartbeats where epoch(beat_at) % 300 <> 0", one("heartbeats", "beat_at = beat_at + interval 1 second"), also=ANY),
    "no device beats before it is installed": Rule("select count(*) from heartbeats join devices using (device_id) where beat_at < installed_at", ["update devices set installed_at = timestamp '2025-06-24 23:59' where device_id = (select min(device_id) from heartbeats)"], also=ANY),
    "nobody beats who has left": Rule(
        f"select count(*) from heartbeats join {DEVICES} d using (device_id) where beat_at >= left_at",
        ["update subscriptions set status = 'churned', ended_at = timestamp '2025-06-24 06:00' where status = 'active' and account_id = 2"], also=ANY,
    ),
}  # fmt: skip


def windows(tap_days: int, usage_days: int, beat_hours: int) -> dict[str, Rule]:
    """What depends on the windows."""
    starts = {
        "tap_events.poured_at": f"interval {tap_days} day",
        "feature_usage.used_at": f"interval {usage_days} day",
        "heartbeats.beat_at": f"interval {beat_hours} hour",
    }
    found = {}
    for name, length in starts.items():
        table, column = name.split(".")
        found[f"{name} lies in its window"] = Rule(
            f"select count(*) from {table} where {column} < {REFERENCE} - {length} or {column} >= {REFERENCE}",
            one(table, f"{column} = {REFERENCE}"),
            also=ANY,
        )
    start = f"({REFERENCE} - interval {tap_days} day)"
    there = f"(select * from {TAPS} where installed_at <= {start} and coalesce(left_at, {REFERENCE}) >= {REFERENCE})"
    found["60 to 80 % of taps pour in a peak hour"] = Rule(
        # a window of whole days has every local hour as often as it has days
        f"select count(distinct (device_id, date_trunc('hour', local))) / ({tap_days * 8.0} * (select count(*) from {there})) "
        f"from {POURS} where device_id in (select device_id from {there}) and hour(local) in {PEAK}",
        ["delete from tap_events where tap_event_id % 2 = 0"],
        0.6,
        0.8,
        ANY,
    )
    found["16 to 24 pours a day"] = Rule(
        f"select count(*) / {tap_days}.0 / (select count(*) from {there}) from tap_events where device_id in (select device_id from {there})",
        ["delete from tap_events where tap_event_id % 2 = 0"],
        16,
        24,
        ANY,
    )
    if tap_days >= 7:
        found["weekends are busier"] = Rule(
            "select avg(n) filter (isodow(day) >= 6) / avg(n) filter (isodow(day) < 6) from (select poured_at::date as day, count(*) as n from tap_events group by 1)",
            ["delete from tap_events where isodow(poured_at) >= 6 and tap_event_id % 4 = 0"],
            1.08,
            1.4,
            ANY,
        )
    found["every online device beats all the time"] = Rule(
        f"select sum(abs(n - expected)) from (select device_id, count(beat_at) as n, {beat_hours * 12} as expected from {DEVICES} d left join heartbeats using (device_id) "
        f"where d.status = 'online' and installed_at <= {REFERENCE} - interval {beat_hours} hour and left_at is null group by all)",
        ["delete from heartbeats where rowid = (select min(rowid) from heartbeats)"],
        also=ANY,
    )
    return found
