// HiveServer2's Thrift interface (TCLIService), as its clients use it: Beeline and other JDBC drivers, impyla, PyHive,
// and whoever talks to Spark's Thrift server. Field ids, names and types are those that travel on the wire, to Hive 4.

enum TProtocolVersion {
  HIVE_CLI_SERVICE_PROTOCOL_V1 = 0, HIVE_CLI_SERVICE_PROTOCOL_V2 = 1, HIVE_CLI_SERVICE_PROTOCOL_V3 = 2,
  HIVE_CLI_SERVICE_PROTOCOL_V4 = 3, HIVE_CLI_SERVICE_PROTOCOL_V5 = 4, HIVE_CLI_SERVICE_PROTOCOL_V6 = 5,
  HIVE_CLI_SERVICE_PROTOCOL_V7 = 6, HIVE_CLI_SERVICE_PROTOCOL_V8 = 7, HIVE_CLI_SERVICE_PROTOCOL_V9 = 8,
  HIVE_CLI_SERVICE_PROTOCOL_V10 = 9, HIVE_CLI_SERVICE_PROTOCOL_V11 = 10,
}
enum TTypeId {
  BOOLEAN_TYPE = 0, TINYINT_TYPE = 1, SMALLINT_TYPE = 2, INT_TYPE = 3, BIGINT_TYPE = 4, FLOAT_TYPE = 5,
  DOUBLE_TYPE = 6, STRING_TYPE = 7, TIMESTAMP_TYPE = 8, BINARY_TYPE = 9, ARRAY_TYPE = 10, MAP_TYPE = 11,
  STRUCT_TYPE = 12, UNION_TYPE = 13, USER_DEFINED_TYPE = 14, DECIMAL_TYPE = 15, NULL_TYPE = 16, DATE_TYPE = 17,
  VARCHAR_TYPE = 18, CHAR_TYPE = 19, INTERVAL_YEAR_MONTH_TYPE = 20, INTERVAL_DAY_TIME_TYPE = 21,
  TIMESTAMPLOCALTZ_TYPE = 22,
}
enum TStatusCode {
  SUCCESS_STATUS = 0, SUCCESS_WITH_INFO_STATUS = 1, STILL_EXECUTING_STATUS = 2, ERROR_STATUS = 3,
  INVALID_HANDLE_STATUS = 4,
}
enum TOperationState {
  INITIALIZED_STATE = 0, RUNNING_STATE = 1, FINISHED_STATE = 2, CANCELED_STATE = 3, CLOSED_STATE = 4,
  ERROR_STATE = 5, UKNOWN_STATE = 6, PENDING_STATE = 7, TIMEDOUT_STATE = 8,
}
enum TOperationType {
  EXECUTE_STATEMENT = 0, GET_TYPE_INFO = 1, GET_CATALOGS = 2, GET_SCHEMAS = 3, GET_TABLES = 4, GET_TABLE_TYPES = 5,
  GET_COLUMNS = 6, GET_FUNCTIONS = 7, UNKNOWN = 8,
}
enum TFetchOrientation {
  FETCH_NEXT = 0, FETCH_PRIOR = 1, FETCH_RELATIVE = 2, FETCH_ABSOLUTE = 3, FETCH_FIRST = 4, FETCH_LAST = 5,
}
enum TJobExecutionStatus { IN_PROGRESS = 0, COMPLETE = 1, NOT_AVAILABLE = 2 }
enum TGetInfoType {
  CLI_MAX_DRIVER_CONNECTIONS = 0, CLI_MAX_CONCURRENT_ACTIVITIES = 1, CLI_DATA_SOURCE_NAME = 2,
  CLI_FETCH_DIRECTION = 8, CLI_SERVER_NAME = 13, CLI_SEARCH_PATTERN_ESCAPE = 14, CLI_DBMS_NAME = 17,
  CLI_DBMS_VER = 18, CLI_ACCESSIBLE_TABLES = 19, CLI_ACCESSIBLE_PROCEDURES = 20, CLI_CURSOR_COMMIT_BEHAVIOR = 23,
  CLI_DATA_SOURCE_READ_ONLY = 25, CLI_DEFAULT_TXN_ISOLATION = 26, CLI_IDENTIFIER_CASE = 28,
  CLI_IDENTIFIER_QUOTE_CHAR = 29, CLI_MAX_COLUMN_NAME_LEN = 30, CLI_MAX_CURSOR_NAME_LEN = 31,
  CLI_MAX_SCHEMA_NAME_LEN = 32, CLI_MAX_CATALOG_NAME_LEN = 34, CLI_MAX_TABLE_NAME_LEN = 35,
  CLI_SCROLL_CONCURRENCY = 43, CLI_TXN_CAPABLE = 46, CLI_USER_NAME = 47, CLI_TXN_ISOLATION_OPTION = 72,
  CLI_INTEGRITY = 73, CLI_GETDATA_EXTENSIONS = 81, CLI_NULL_COLLATION = 85, CLI_ALTER_TABLE = 86,
  CLI_ORDER_BY_COLUMNS_IN_SELECT = 90, CLI_SPECIAL_CHARACTERS = 94, CLI_MAX_COLUMNS_IN_GROUP_BY = 97,
  CLI_MAX_COLUMNS_IN_INDEX = 98, CLI_MAX_COLUMNS_IN_ORDER_BY = 99, CLI_MAX_COLUMNS_IN_SELECT = 100,
  CLI_MAX_COLUMNS_IN_TABLE = 101, CLI_MAX_INDEX_SIZE = 102, CLI_MAX_ROW_SIZE = 104, CLI_MAX_STATEMENT_LEN = 105,
  CLI_MAX_TABLES_IN_SELECT = 106, CLI_MAX_USER_NAME_LEN = 107, CLI_OJ_CAPABILITIES = 115, CLI_XOPEN_CLI_YEAR = 10000,
  CLI_CURSOR_SENSITIVITY = 10001, CLI_DESCRIBE_PARAMETER = 10002, CLI_CATALOG_NAME = 10003,
  CLI_COLLATION_SEQ = 10004, CLI_MAX_IDENTIFIER_LEN = 10005, CLI_ODBC_KEYWORDS = 10006,
}

// A column's type: nested types are further entries of the list, named by their index in it

typedef i32 TTypeEntryPtr

union TTypeQualifierValue { 1: i32 i32Value, 2: string stringValue }

struct TTypeQualifiers { 1: map<string, TTypeQualifierValue> qualifiers }

struct TPrimitiveTypeEntry { 1: TTypeId type, 2: TTypeQualifiers typeQualifiers }

struct TArrayTypeEntry { 1: TTypeEntryPtr objectTypePtr }

struct TMapTypeEntry { 1: TTypeEntryPtr keyTypePtr, 2: TTypeEntryPtr valueTypePtr }

struct TStructTypeEntry { 1: map<string, TTypeEntryPtr> nameToTypePtr }

struct TUnionTypeEntry { 1: map<string, TTypeEntryPtr> nameToTypePtr }

struct TUserDefinedTypeEntry { 1: string typeClassName }

union TTypeEntry {
  1: TPrimitiveTypeEntry primitiveEntry,
  2: TArrayTypeEntry arrayEntry,
  3: TMapTypeEntry mapEntry,
  4: TStructTypeEntry structEntry,
  5: TUnionTypeEntry unionEntry,
  6: TUserDefinedTypeEntry userDefinedTypeEntry,
}

struct TTypeDesc { 1: list<TTypeEntry> types }

struct TColumnDesc { 1: string columnName, 2: TTypeDesc typeDesc, 3: i32 position, 4: string comment }

struct TTableSchema { 1: list<TColumnDesc> columns }

// Rows, as protocol versions up to 5 send them: an unset value is NULL

struct TBoolValue { 1: bool value }

struct TByteValue { 1: byte value }

struct TI16Value { 1: i16 value }

struct TI32Value { 1: i32 value }

struct TI64Value { 1: i64 value }

struct TDoubleValue { 1: double value }

struct TStringValue { 1: string value }

union TColumnValue {
  1: TBoolValue boolVal,
  2: TByteValue byteVal,
  3: TI16Value i16Val,
  4: TI32Value i32Val,
  5: TI64Value i64Val,
  6: TDoubleValue doubleVal,
  7: TStringValue stringVal,
}

struct TRow { 1: list<TColumnValue> colVals }

// Columns, from version 6 on: bit n of `nulls` (lowest first) says that value n is NULL

struct TBoolColumn { 1: list<bool> values, 2: binary nulls }

struct TByteColumn { 1: list<byte> values, 2: binary nulls }

struct TI16Column { 1: list<i16> values, 2: binary nulls }

struct TI32Column { 1: list<i32> values, 2: binary nulls }

struct TI64Column { 1: list<i64> values, 2: binary nulls }

struct TDoubleColumn { 1: list<double> values, 2: binary nulls }

struct TStringColumn { 1: list<string> values, 2: binary nulls }

struct TBinaryColumn { 1: list<binary> values, 2: binary nulls }

union TColumn {
  1: TBoolColumn boolVal,
  2: TByteColumn byteVal,
  3: TI16Column i16Val,
  4: TI32Column i32Val,
  5: TI64Column i64Val,
  6: TDoubleColumn doubleVal,
  7: TStringColumn stringVal,
  8: TBinaryColumn binaryVal,
}

struct TRowSet {
  1: i64 startRowOffset,
  2: list<TRow> rows,
  3: list<TColumn> columns,
  4: binary binaryColumns,
  5: i32 columnCount,
}

// What every answer begins with, and the handles that requests name

struct TStatus {
  1: TStatusCode statusCode,
  2: list<string> infoMessages,
  3: string sqlState,
  4: i32 errorCode,
  5: string errorMessage,
}

struct THandleIdentifier { 1: binary guid, 2: binary secret }

struct TSessionHandle { 1: THandleIdentifier sessionId }

struct TOperationHandle {
  1: THandleIdentifier operationId,
  2: TOperationType operationType,
  3: bool hasResultSet,
  4: double modifiedRowCount,
}

// Sessions

struct TOpenSessionReq {
  1: TProtocolVersion client_protocol,
  2: string username,
  3: string password,
  4: map<string, string> configuration,
}

struct TOpenSessionResp {
  1: TStatus status,
  2: TProtocolVersion serverProtocolVersion,
  3: TSessionHandle sessionHandle,
  4: map<string, string> configuration,
}

struct TSetClientInfoReq { 1: TSessionHandle sessionHandle, 2: map<string, string> configuration }

struct TSetClientInfoResp { 1: TStatus status }

struct TCloseSessionReq { 1: TSessionHandle sessionHandle }

struct TCloseSessionResp { 1: TStatus status }

union TGetInfoValue {
  1: string stringValue,
  2: i16 smallIntValue,
  3: i32 integerBitmask,
  4: i32 integerFlag,
  5: i32 binaryValue,
  6: i64 lenValue,
}

struct TGetInfoReq { 1: TSessionHandle sessionHandle, 2: TGetInfoType infoType }

struct TGetInfoResp { 1: TStatus status, 2: TGetInfoValue infoValue }

// Requests that an operation runs; its results are fetched with the handle

struct TExecuteStatementReq {
  1: TSessionHandle sessionHandle,
  2: string statement,
  3: map<string, string> confOverlay,
  4: bool runAsync,
  5: i64 queryTimeout,
}

struct TExecuteStatementResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TUploadDataReq { 1: TSessionHandle sessionHandle, 2: string tableName, 3: string path, 4: binary values }

struct TUploadDataResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TDownloadDataReq {
  1: TSessionHandle sessionHandle,
  2: string tableName,
  3: string query,
  4: string format,
  5: map<string, string> downloadOptions,
}

struct TDownloadDataResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TGetTypeInfoReq { 1: TSessionHandle sessionHandle }

struct TGetTypeInfoResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TGetCatalogsReq { 1: TSessionHandle sessionHandle }

struct TGetCatalogsResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TGetSchemasReq { 1: TSessionHandle sessionHandle, 2: string catalogName, 3: string schemaName }

struct TGetSchemasResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TGetTablesReq {
  1: TSessionHandle sessionHandle,
  2: string catalogName,
  3: string schemaName,
  4: string tableName,
  5: list<string> tableTypes,
}

struct TGetTablesResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TGetTableTypesReq { 1: TSessionHandle sessionHandle }

struct TGetTableTypesResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TGetColumnsReq {
  1: TSessionHandle sessionHandle,
  2: string catalogName,
  3: string schemaName,
  4: string tableName,
  5: string columnName,
}

struct TGetColumnsResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TGetFunctionsReq {
  1: TSessionHandle sessionHandle,
  2: string catalogName,
  3: string schemaName,
  4: string functionName,
}

struct TGetFunctionsResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TGetPrimaryKeysReq {
  1: TSessionHandle sessionHandle,
  2: string catalogName,
  3: string schemaName,
  4: string tableName,
}

struct TGetPrimaryKeysResp { 1: TStatus status, 2: TOperationHandle operationHandle }

struct TGetCrossReferenceReq {
  1: TSessionHandle sessionHandle,
  2: string parentCatalogName,
  3: string parentSchemaName,
  4: string parentTableName,
  5: string foreignCatalogName,
  6: string foreignSchemaName,
  7: string foreignTableName,
}

struct TGetCrossReferenceResp { 1: TStatus status, 2: TOperationHandle operationHandle }

// An operation and its results

struct TProgressUpdateResp {
  1: list<string> headerNames,
  2: list<list<string>> rows,
  3: double progressedPercentage,
  4: TJobExecutionStatus status,
  5: string footerSummary,
  6: i64 startTime,
}

struct TGetOperationStatusReq { 1: TOperationHandle operationHandle, 2: bool getProgressUpdate }

struct TGetOperationStatusResp {
  1: TStatus status,
  2: TOperationState operationState,
  3: string sqlState,
  4: i32 errorCode,
  5: string errorMessage,
  6: string taskStatus,
  7: i64 operationStarted,
  8: i64 operationCompleted,
  9: bool hasResultSet,
  10: TProgressUpdateResp progressUpdateResponse,
  11: i64 numModifiedRows,
}

struct TCancelOperationReq { 1: TOperationHandle operationHandle }

struct TCancelOperationResp { 1: TStatus status }

struct TCloseOperationReq { 1: TOperationHandle operationHandle }

struct TCloseOperationResp { 1: TStatus status }

struct TGetQueryIdReq { 1: TOperationHandle operationHandle }

struct TGetQueryIdResp { 1: string queryId }

struct TGetResultSetMetadataReq { 1: TOperationHandle operationHandle }

struct TGetResultSetMetadataResp { 1: TStatus status, 2: TTableSchema schema }

struct TFetchResultsReq {
  1: TOperationHandle operationHandle,
  2: TFetchOrientation orientation,
  3: i64 maxRows,
  4: i16 fetchType,
}

struct TFetchResultsResp { 1: TStatus status, 2: bool hasMoreRows, 3: TRowSet results }

struct TGetLogReq { 1: TOperationHandle operationHandle }

struct TGetLogResp { 1: TStatus status, 2: string log }

// Delegation tokens

struct TGetDelegationTokenReq { 1: TSessionHandle sessionHandle, 2: string owner, 3: string renewer }

struct TGetDelegationTokenResp { 1: TStatus status, 2: string delegationToken }

struct TCancelDelegationTokenReq { 1: TSessionHandle sessionHandle, 2: string delegationToken }

struct TCancelDelegationTokenResp { 1: TStatus status }

struct TRenewDelegationTokenReq { 1: TSessionHandle sessionHandle, 2: string delegationToken }

struct TRenewDelegationTokenResp { 1: TStatus status }

service TCLIService {
  TOpenSessionResp OpenSession(1: TOpenSessionReq req)
  TSetClientInfoResp SetClientInfo(1: TSetClientInfoReq req)
  TCloseSessionResp CloseSession(1: TCloseSessionReq req)
  TGetInfoResp GetInfo(1: TGetInfoReq req)

  TExecuteStatementResp ExecuteStatement(1: TExecuteStatementReq req)
  TUploadDataResp UploadData(1: TUploadDataReq req)
  TDownloadDataResp DownloadData(1: TDownloadDataReq req)
  TGetTypeInfoResp GetTypeInfo(1: TGetTypeInfoReq req)
  TGetCatalogsResp GetCatalogs(1: TGetCatalogsReq req)
  TGetSchemasResp GetSchemas(1: TGetSchemasReq req)
  TGetTablesResp GetTables(1: TGetTablesReq req)
  TGetTableTypesResp GetTableTypes(1: TGetTableTypesReq req)
  TGetColumnsResp GetColumns(1: TGetColumnsReq req)
  TGetFunctionsResp GetFunctions(1: TGetFunctionsReq req)
  TGetPrimaryKeysResp GetPrimaryKeys(1: TGetPrimaryKeysReq req)
  TGetCrossReferenceResp GetCrossReference(1: TGetCrossReferenceReq req)

  TGetOperationStatusResp GetOperationStatus(1: TGetOperationStatusReq req)
  TCancelOperationResp CancelOperation(1: TCancelOperationReq req)
  TCloseOperationResp CloseOperation(1: TCloseOperationReq req)
  TGetQueryIdResp GetQueryId(1: TGetQueryIdReq req)
  TGetResultSetMetadataResp GetResultSetMetadata(1: TGetResultSetMetadataReq req)
  TFetchResultsResp FetchResults(1: TFetchResultsReq req)

  // Cloudera's and Impala's: the log of an operation
  TGetLogResp GetLog(1: TGetLogReq req)

  TGetDelegationTokenResp GetDelegationToken(1: TGetDelegationTokenReq req)
  TCancelDelegationTokenResp CancelDelegationToken(1: TCancelDelegationTokenReq req)
  TRenewDelegationTokenResp RenewDelegationToken(1: TRenewDelegationTokenReq req)
}

// What Impala's own server adds; impyla tries it on every server

enum TRuntimeProfileFormat { STRING = 0, BASE64 = 1, THRIFT = 2, JSON = 3 }

struct TDmlResult { 1: map<string, i64> rows_modified, 2: i64 num_row_errors, 3: map<string, i64> rows_deleted }

struct TGetExecSummaryReq {
  1: TOperationHandle operationHandle,
  2: TSessionHandle sessionHandle,
  3: bool include_query_attempts,
}

struct TGetExecSummaryResp { 1: TStatus status }

struct TGetRuntimeProfileReq {
  1: TOperationHandle operationHandle,
  2: TSessionHandle sessionHandle,
  3: TRuntimeProfileFormat format,
  4: bool include_query_attempts,
}

struct TGetRuntimeProfileResp { 1: TStatus status, 2: string profile, 4: list<string> failed_profiles }

struct TPingImpalaHS2ServiceReq { 1: TSessionHandle sessionHandle }

struct TPingImpalaHS2ServiceResp { 1: TStatus status, 2: string version, 3: string webserver_address, 4: i64 timestamp }

struct TCloseImpalaOperationReq { 1: TOperationHandle operationHandle }

struct TCloseImpalaOperationResp { 1: TStatus status, 2: TDmlResult dml_result }

service ImpalaHiveServer2Service extends TCLIService {
  TGetExecSummaryResp GetExecSummary(1: TGetExecSummaryReq req)
  TGetRuntimeProfileResp GetRuntimeProfile(1: TGetRuntimeProfileReq req)
  TPingImpalaHS2ServiceResp PingImpalaHS2Service(1: TPingImpalaHS2ServiceReq req)
  TCloseImpalaOperationResp CloseImpalaOperation(1: TCloseImpalaOperationReq req)
}
