"""The functions that SQL of a document may call: those whose answer depends on their arguments alone, and on no order of rows.

What is not listed is refused: everything that reads files, settings, the clock, the catalogue, the environment or chance,
and every approximation. A new version of DuckDB adds nothing here by itself.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


OPERATORS = words(
    """
    ! !__postfix !~~ !~~* % & && * ** + - / // << <@ >> @ @> ^ like_escape | || ~ ~~ ~~* ~~~
    """
)
NUMBERS = words(
    """
    abs acos add asin atan atan2 bit_count cbrt ceil ceiling cos cosh cot degrees divide even exp factorial fdiv
    floor fmod gcd greatest greatest_common_divisor isfinite isinf isnan lcm least least_common_multiple ln log
    log10 log2 mod multiply nextafter pi pow power radians round round_even sign signbit sin sinh sqrt subtract tan
    tanh trunc width_bucket xor
    """
)
TEXTS = words(
    """
    ascii bin bit_length char_length character_length chr concat concat_ws contains damerau_levenshtein
    editdist3 ends_with format from_hex hamming hex ilike_escape instr jaccard jaro_similarity
    jaro_winkler_similarity lcase left len length levenshtein like_escape lower lpad ltrim md5 mismatches
    nfc_normalize not_ilike_escape not_like_escape octet_length ord overlay position prefix printf regexp_escape
    regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace repeat replace reverse right
    rpad rtrim sha1 sha256 split split_part starts_with str_split string_split string_split_regex string_to_array
    strip_accents strlen strpos substr substring suffix to_base64 to_hex translate trim ucase unhex unicode upper
    url_decode url_encode
    """
)
TIMES = words(
    """
    age century date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname
    dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era hour isodow isoyear
    julian last_day make_date make_time make_timestamp make_timestamp_ms microsecond millennium millisecond minute
    month monthname quarter second strftime strptime time_bucket timezone to_days to_decades to_hours
    to_microseconds to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years
    try_strptime week weekday weekofyear year yearweek
    """
)
CHOICES = words(
    """
    coalesce constant_or_null if ifnull nullif typeof
    """
)
LISTS = words(
    """
    array_append array_concat array_contains array_extract array_filter array_length array_slice array_sort
    array_transform cardinality element_at flatten len list_append list_apply list_avg list_cat
    list_concat list_contains list_count list_distinct list_element list_extract list_filter list_has list_has_all
    list_has_any list_indexof list_max list_min list_pack list_position list_prepend list_reduce list_reverse
    list_reverse_sort list_slice list_sort list_sum list_transform list_unique list_value list_where list_zip map
    map_extract map_from_entries map_keys map_values row struct_extract struct_pack unnest
    """
)
SCALAR = OPERATORS | NUMBERS | TEXTS | TIMES | CHOICES | LISTS

AGGREGATES = words(
    """
    avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star countif covar_pop covar_samp entropy
    favg fsum geomean geometric_mean grouping grouping_id histogram kahan_sum kurtosis kurtosis_pop mad max mean
    median min product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2
    regr_slope regr_sxx regr_sxy regr_syy skewness stddev stddev_pop stddev_samp sum sum_no_overflow sumkahan
    var_pop var_samp variance
    """
)
# their answer depends on the order of the rows: only with an ORDER BY inside
ORDERED = words(
    """
    any_value arbitrary array_agg first group_concat last list listagg string_agg
    """
)
# the same, and no ORDER BY can be given, or one that ties leave open
TIED = {
    "arg_max": "first(a order by b desc)", "max_by": "first(a order by b desc)", "argmax": "first(a order by b desc)",
    "arg_min": "first(a order by b)", "min_by": "first(a order by b)", "argmin": "first(a order by b)",
    "mode": "count the values, and take the first by count and value",
}  # fmt: skip
# of windows, besides aggregates
WINDOWS = words(
    """
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank rank_dense row_number
    """
)
# how long their text becomes is an argument, which must be a number that stands in the SQL
LENGTHENING = frozenset({"repeat", "lpad", "rpad"})
FORMATTING = frozenset({"format", "printf"})
MOST_LENGTH = 1_000  # characters
TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})

# names without parentheses that DuckDB reads as functions where no column has them
AMBIENT = words(
    """
    current_catalog current_database current_date current_role current_schema current_time current_timestamp
    current_user localtime localtimestamp session_user user
    """
)
CLOCK = words(
    """
    current_date current_localtime current_localtimestamp current_time current_timestamp get_current_time
    get_current_timestamp localtime localtimestamp now today transaction_timestamp
    """
)
CHANCE = words(
    """
    gen_random_uuid rand random setseed uuid uuidv4 uuidv7
    """
)

TYPES = words(
    """
    array bigint bool boolean bpchar char date datetime dec decimal double float float4 float8 hugeint int int1
    int16 int2 int32 int4 int64 int8 integer interval list logical long map numeric real short signed smallint
    string struct text time timestamp timestamp_ms timestamp_s timestamp_us timestamptz tinyint ubigint uinteger
    usmallint utinyint varchar
    """
) | {"timestamp with time zone"}
