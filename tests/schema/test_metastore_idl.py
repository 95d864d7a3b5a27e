"""The bundled metastore IDL, held against the public one that the impyla package carries."""

import pytest

from inspector.schema.thrift import Function, ThriftSchema
from schema.public import OURS, PUBLIC, Comparison, read

VERSIONS = {
    ("Table", 15): "Hive 2.3 has rewriteEnabled where impyla's has ownerType",
    ("InsertEventRequestData", 2): "Hive 2.3 has filesAddedChecksum where impyla's has replace",
    ("LockComponent", 7): "Hive 3 calls isAcid isTransactional",
    ("get_partition_names_result", 1): "Hive 2.3 declares MetaException alone",
}
"""Where versions of the interface differ and the bundled file follows Hive's own."""

NEWER: dict[str, tuple[int, ...]] = {"get_partition_names_result": (2,)}
"""Fields of the public file that Hive 2.3 does not have."""

CALLED = """
getName getVersion getStatus getCounters shutdown
get_all_databases get_databases get_database create_database drop_database alter_database
get_all_tables get_tables get_table get_table_req get_table_objects_by_name create_table drop_table alter_table
create_table_with_environment_context drop_table_with_environment_context alter_table_with_environment_context
get_fields get_schema get_fields_with_environment_context get_schema_with_environment_context
get_partition get_partitions get_partition_names get_partitions_by_names get_partitions_by_filter
get_partitions_by_expr get_partitions_ps get_partitions_ps_with_auth get_partition_names_ps get_partition_by_name
add_partition add_partitions add_partitions_req append_partition drop_partition drop_partitions_req alter_partitions
alter_partition_with_environment_context rename_partition exchange_partitions
get_functions get_function get_all_functions create_function drop_function
set_ugi get_delegation_token get_config_value getMetaConf setMetaConf
lock unlock check_lock heartbeat open_txns commit_txn abort_txn get_open_txns show_locks compact show_compact
get_table_statistics_req get_partitions_statistics_req get_aggr_stats_for update_table_column_statistics
get_table_column_statistics get_partition_column_statistics
get_next_notification get_current_notificationEventId fire_listener_event
grant_privileges revoke_privileges list_privileges get_privilege_set create_role list_roles
get_primary_keys get_foreign_keys flushCache
""".split()


def function(schema: ThriftSchema, name: str) -> Function:
    found = schema.functions(name)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", CALLED)
def test_what_clients_call_is_there(name: str) -> None:
    assert function(bundled(), name).service == "ThriftHiveMetastore"


_bundled: list[ThriftSchema] = []


def bundled() -> ThriftSchema:
    if not _bundled:
        _bundled.append(read(OURS / "hive_metastore.thrift"))
    return _bundled[0]


def test_what_is_sent_without_a_reply() -> None:
    assert {name for name in ("shutdown", "reinitialize", "get_table") if function(bundled(), name).oneway} == {
        "shutdown",
        "reinitialize",
    }


def test_ids_names_and_types_agree_with_the_public_interface() -> None:
    public = read(PUBLIC / "hive_metastore.thrift")
    found = Comparison(VERSIONS, NEWER)
    found.functions(bundled(), public, public.names())
    assert found.wrong == []
    assert {"Table", "StorageDescriptor", "Partition", "ColumnStatisticsData", "LockRequest"} <= found.seen
