"""The functions that SQLite, MySQL and MariaDB bring along.

SQLite: `pragma_function_list` of 3.40, with what the manual adds to 3.51. MariaDB:
`information_schema.SQL_FUNCTIONS` of 10.11 and its grammar; MySQL 8: the manual, Functions and
Operators. Those that read or write files or load code are left out: they are told apart earlier.
"""

from faber_db.model.dialect import Dialect

_SQLITE_NAMES = """
-> ->> abs acos acosh any_value asin asinh atan atan2 atanh avg bm25 cast ceil ceiling
changes char coalesce concat concat_ws cos cosh count cume_dist current_date current_time
current_timestamp date datetime degrees dense_rank exp first_value floor format
generate_series glob group_concat hex highlight if ifnull iif instr json json_array
json_array_insert json_array_length json_each json_error_position json_extract
json_group_array json_group_object json_insert json_object json_patch json_pretty
json_quote json_remove json_replace json_set json_tree json_type json_valid jsonb
jsonb_array jsonb_array_insert jsonb_each jsonb_extract jsonb_group_array
jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace
jsonb_set jsonb_tree julianday lag last_insert_rowid last_value lead length like
likelihood likely ln log log10 log2 lower ltrim match matchinfo max median min mod
nth_value ntile nullif octet_length offsets percent_rank percentile percentile_cont
percentile_disc pi pow power printf quote radians raise random randomblob rank replace
round row_number rtreecheck rtreedepth rtreenode rtrim sign sin sinh snippet soundex
sqlite_compileoption_get sqlite_compileoption_used sqlite_source_id sqlite_version sqrt
strftime string_agg substr substring subtype sum tan tanh time timediff total
total_changes trim trunc typeof unhex unicode unistr unistr_quote unixepoch unlikely upper
values zeroblob
"""
_MYSQL_NAMES = """
abs acos add_months adddate addtime aes_decrypt aes_encrypt any_value ascii asin atan
atan2 avg benchmark bin bin_to_uuid bit_and bit_count bit_length bit_or bit_xor cast ceil
ceiling char char_length character_length charset chr coalesce coercibility collation
column_add column_check column_create column_delete column_exists column_get column_json
column_list compress concat concat_ws connection_id conv convert convert_tz cos cot count
crc32 crc32c cume_dist curdate current_date current_role current_time current_timestamp
current_user curtime database date date_add date_format date_sub datediff day dayname
dayofmonth dayofweek dayofyear decode default degrees dense_rank des_decrypt des_encrypt
elt encode encrypt exp export_set extract extractvalue field find_in_set first_value floor
format format_bytes format_pico_time found_rows from_base64 from_days from_unixtime
geometrycollection geomfromtext geomfromwkb get_format get_lock greatest group_concat
grouping hex hour if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr
interval is_free_lock is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_used_lock is_uuid
isnull json_array json_array_append json_array_insert json_array_intersect json_arrayagg
json_compact json_contains json_contains_path json_depth json_detailed json_equals
json_exists json_extract json_insert json_keys json_length json_loose json_merge
json_merge_patch json_merge_preserve json_normalize json_object json_object_filter_keys
json_object_to_array json_objectagg json_overlaps json_pretty json_query json_quote
json_remove json_replace json_schema_valid json_schema_validation_report json_search
json_set json_storage_free json_storage_size json_table json_type json_unquote json_valid
json_value lag last_day last_insert_id last_value lastval lcase lead least left length
lengthb linestring ln localtime localtimestamp locate log log10 log2 lower lpad ltrim
make_set makedate maketime master_pos_wait match max mbrcontains mbrcoveredby mbrcovers
mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin md5 median
microsecond mid min minute mod month monthname multilinestring multipoint multipolygon
name_const natural_sort_key nextval now nth_value ntile nullif nvl nvl2 oct octet_length
old_password ord password percent_rank percentile_cont percentile_disc period_add
period_diff pi point polygon position pow power quarter quote radians rand random_bytes
rank regexp_instr regexp_like regexp_replace regexp_substr release_all_locks release_lock
repeat replace reverse right round row_count row_number rownum rpad rtrim schema schemas
sec_to_time second session_user setval sformat sha sha1 sha2 sign sin sleep soundex space
sqrt std stddev stddev_pop stddev_samp str_to_date strcmp subdate substr substring
substring_index subtime sum sys_guid sysdate system_user tan time time_format time_to_sec
timediff timestamp timestampadd timestampdiff to_base64 to_char to_days to_seconds trim
truncate ucase uncompress uncompressed_length unhex unix_timestamp updatexml upper user
utc_date utc_time utc_timestamp uuid uuid_short uuid_to_bin uuid_v4 uuid_v7
validate_password_strength value values var_pop var_samp variance version week weekday
weekofyear weight_string year yearweek
"""
_SPATIAL = "st_"  # over a hundred of them


_SQLITE = frozenset(_SQLITE_NAMES.split())
_MYSQL = frozenset(_MYSQL_NAMES.split())


def is_built_in(name: str, dialect: Dialect) -> bool:
    """Whether a function (lower case) comes with the product."""
    if dialect is Dialect.SQLITE:
        return name in _SQLITE or name.startswith("pragma_")
    return name in _MYSQL or name.startswith(_SPATIAL)
