"""The bundled HiveServer2 IDL, held against the public one that the impyla package carries."""

from schema.public import OURS, PUBLIC, Comparison, read

VERSIONS = {("TStringColumn", 1): "impyla reads strings as bytes, Hive's own file says string"}

HIVE_4 = ["DownloadData", "GetCrossReference", "GetPrimaryKeys", "GetQueryId", "SetClientInfo", "UploadData"]
"""Functions that came after the public file's version."""

IMPALA = ["CloseImpalaOperation", "GetExecSummary", "GetRuntimeProfile", "PingImpalaHS2Service"]


def test_ids_names_and_types_agree_with_the_public_interface() -> None:
    ours, public = read(OURS / "hive_server2.thrift"), read(PUBLIC / "TCLIService.thrift")
    found = Comparison(VERSIONS, {})
    found.functions(ours, public, public.names())
    assert found.wrong == []
    assert found.used == set(VERSIONS)
    assert {"TOpenSessionReq", "TRowSet", "TStringColumn", "TTypeEntry", "TOperationHandle"} <= found.seen
    added = [name for name in ours.names() if name not in public.names()]
    assert sorted(added) == sorted([*HIVE_4, *IMPALA])


def test_what_impala_adds_agrees_too() -> None:
    found = Comparison({}, {"TGetExecSummaryResp": (2, 3), "TGetRuntimeProfileResp": (3, 5)})
    names = [f"ImpalaHiveServer2Service:{name}" for name in IMPALA]
    found.functions(read(OURS / "hive_server2.thrift"), read(PUBLIC / "ImpalaService.thrift"), names)
    assert found.wrong == []


def test_every_function_takes_one_request_and_gives_one_answer() -> None:
    ours = read(OURS / "hive_server2.thrift")
    for name in ours.names():
        function = ours.function(name)
        assert function is not None
        assert function.service == ("ImpalaHiveServer2Service" if name in IMPALA else "TCLIService")
        assert [(f.id, f.name, f.type.name) for f in function.args.fields.values()] == [(1, "req", f"T{name}Req")]
        assert [(f.id, f.type.name) for f in function.result.fields.values()] == [(0, f"T{name}Resp")]
