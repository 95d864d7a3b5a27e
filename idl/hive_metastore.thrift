// The Hive Metastore's Thrift interface as its clients use it: Spark with its built-in Hive 2.3 client, Hive's own
// shell and the Python clients. Field ids, names and types are those that travel on the wire in Hive 2.3; what Hive 3
// added is here where it does not clash with them. Left out are resource plans, the schema registry
// and replication.

include "fb303.thrift"

enum HiveObjectType { GLOBAL = 1, DATABASE = 2, TABLE = 3, PARTITION = 4, COLUMN = 5 }
enum PrincipalType { USER = 1, ROLE = 2, GROUP = 3 }
enum PartitionEventType { LOAD_DONE = 1 }
enum TxnState { COMMITTED = 1, ABORTED = 2, OPEN = 3 }
enum LockLevel { DB = 1, TABLE = 2, PARTITION = 3 }
enum LockState { ACQUIRED = 1, WAITING = 2, ABORT = 3, NOT_ACQUIRED = 4 }
enum LockType { SHARED_READ = 1, SHARED_WRITE = 2, EXCLUSIVE = 3 }
enum CompactionType { MINOR = 1, MAJOR = 2 }
enum GrantRevokeType { GRANT = 1, REVOKE = 2 }
enum DataOperationType { SELECT = 1, INSERT = 2, UPDATE = 3, DELETE = 4, UNSET = 5, NO_TXN = 6 }
enum FunctionType { JAVA = 1 }
enum ResourceType { JAR = 1, FILE = 2, ARCHIVE = 3 }
enum FileMetadataExprType { ORC_SARG = 1 }
enum PartitionFilterMode { BY_NAMES = 0, BY_VALUES = 1, BY_EXPR = 2 }
enum ClientCapability { TEST_CAPABILITY = 1, INSERT_ONLY_TABLES = 2 }

// Who may do what

struct HiveObjectRef {
  1: HiveObjectType objectType,
  2: string dbName,
  3: string objectName,
  4: list<string> partValues,
  5: string columnName,
  6: string catName,
}

struct PrivilegeGrantInfo {
  1: string privilege,
  2: i32 createTime,
  3: string grantor,
  4: PrincipalType grantorType,
  5: bool grantOption,
}

struct HiveObjectPrivilege {
  1: HiveObjectRef hiveObject,
  2: string principalName,
  3: PrincipalType principalType,
  4: PrivilegeGrantInfo grantInfo,
  5: string authorizer,
}

struct PrivilegeBag { 1: list<HiveObjectPrivilege> privileges }

struct PrincipalPrivilegeSet {
  1: map<string, list<PrivilegeGrantInfo>> userPrivileges,
  2: map<string, list<PrivilegeGrantInfo>> groupPrivileges,
  3: map<string, list<PrivilegeGrantInfo>> rolePrivileges,
}

struct GrantRevokePrivilegeRequest {
  1: GrantRevokeType requestType,
  2: PrivilegeBag privileges,
  3: bool revokeGrantOption,
}

struct GrantRevokePrivilegeResponse { 1: bool success }

struct Role { 1: string roleName, 2: i32 createTime, 3: string ownerName }

struct RolePrincipalGrant {
  1: string roleName,
  2: string principalName,
  3: PrincipalType principalType,
  4: bool grantOption,
  5: i32 grantTime,
  6: string grantorName,
  7: PrincipalType grantorPrincipalType,
}

struct GetRoleGrantsForPrincipalRequest {
  1: string principal_name,
  2: PrincipalType principal_type,
}

struct GetRoleGrantsForPrincipalResponse {
  1: list<RolePrincipalGrant> principalGrants,
}

struct GetPrincipalsInRoleRequest { 1: string roleName }

struct GetPrincipalsInRoleResponse {
  1: list<RolePrincipalGrant> principalGrants,
}

struct GrantRevokeRoleRequest {
  1: GrantRevokeType requestType,
  2: string roleName,
  3: string principalName,
  4: PrincipalType principalType,
  5: string grantor,
  6: PrincipalType grantorType,
  7: bool grantOption,
}

struct GrantRevokeRoleResponse { 1: bool success }

// Databases, tables and their columns

struct Catalog { 1: string name, 2: string description, 3: string locationUri }

struct CreateCatalogRequest { 1: Catalog catalog }

struct AlterCatalogRequest { 1: string name, 2: Catalog newCat }

struct GetCatalogRequest { 1: string name }

struct GetCatalogResponse { 1: Catalog catalog }

struct GetCatalogsResponse { 1: list<string> names }

struct DropCatalogRequest { 1: string name }

struct FieldSchema { 1: string name, 2: string type, 3: string comment }

struct Type {
  1: string name,
  2: string type1,
  3: string type2,
  4: list<FieldSchema> fields,
}

struct Database {
  1: string name,
  2: string description,
  3: string locationUri,
  4: map<string, string> parameters,
  5: PrincipalPrivilegeSet privileges,
  6: string ownerName,
  7: PrincipalType ownerType,
  8: string catalogName,
  9: i32 createTime,
}

struct SerDeInfo {
  1: string name,
  2: string serializationLib,
  3: map<string, string> parameters,
  4: string description,
  5: string serializerClass,
  6: string deserializerClass,
  7: i32 serdeType,
}

struct Order { 1: string col, 2: i32 order }

struct SkewedInfo {
  1: list<string> skewedColNames,
  2: list<list<string>> skewedColValues,
  3: map<list<string>, string> skewedColValueLocationMaps,
}

struct StorageDescriptor {
  1: list<FieldSchema> cols,
  2: string location,
  3: string inputFormat,
  4: string outputFormat,
  5: bool compressed,
  6: i32 numBuckets,
  7: SerDeInfo serdeInfo,
  8: list<string> bucketCols,
  9: list<Order> sortCols,
  10: map<string, string> parameters,
  11: SkewedInfo skewedInfo,
  12: bool storedAsSubDirectories,
}

struct CreationMetadata {
  1: string catName,
  2: string dbName,
  3: string tblName,
  4: set<string> tablesUsed,
  5: string validTxnList,
  6: i64 materializationTime,
}

struct Table {
  1: string tableName,
  2: string dbName,
  3: string owner,
  4: i32 createTime,
  5: i32 lastAccessTime,
  6: i32 retention,
  7: StorageDescriptor sd,
  8: list<FieldSchema> partitionKeys,
  9: map<string, string> parameters,
  10: string viewOriginalText,
  11: string viewExpandedText,
  12: string tableType,
  13: PrincipalPrivilegeSet privileges,
  14: bool temporary,
  15: bool rewriteEnabled,
  16: CreationMetadata creationMetadata,
  17: string catName,
  18: PrincipalType ownerType,
  19: i64 writeId,
}

struct TableMeta {
  1: string dbName,
  2: string tableName,
  3: string tableType,
  4: string comments,
  5: string catName,
}

struct EnvironmentContext { 1: map<string, string> properties }

struct ClientCapabilities { 1: list<ClientCapability> values }

struct GetTableRequest {
  1: string dbName,
  2: string tblName,
  3: ClientCapabilities capabilities,
  4: string catName,
  6: string validWriteIdList,
  7: bool getColumnStats,
  8: list<string> processorCapabilities,
  9: string processorIdentifier,
  10: string engine,
  11: i64 id,
}

struct GetTableResult { 1: Table table }

struct GetTablesRequest {
  1: string dbName,
  2: list<string> tblNames,
  3: ClientCapabilities capabilities,
  4: string catName,
}

struct GetTablesResult { 1: list<Table> tables }

struct AlterTableRequest {
  1: string catName,
  2: string dbName,
  3: string tableName,
  4: Table table,
  5: EnvironmentContext environmentContext,
  6: i64 writeId,
  7: string validWriteIdList,
  8: list<string> processorCapabilities,
  9: string processorIdentifier,
}

struct AlterTableResponse {}

struct Index {
  1: string indexName,
  2: string indexHandlerClass,
  3: string dbName,
  4: string origTableName,
  5: i32 createTime,
  6: i32 lastAccessTime,
  7: string indexTableName,
  8: StorageDescriptor sd,
  9: map<string, string> parameters,
  10: bool deferredRebuild,
}

// Partitions

struct Partition {
  1: list<string> values,
  2: string dbName,
  3: string tableName,
  4: i32 createTime,
  5: i32 lastAccessTime,
  6: StorageDescriptor sd,
  7: map<string, string> parameters,
  8: PrincipalPrivilegeSet privileges,
  9: string catName,
  10: i64 writeId,
}

struct PartitionWithoutSD {
  1: list<string> values,
  2: i32 createTime,
  3: i32 lastAccessTime,
  4: string relativePath,
  5: map<string, string> parameters,
  6: PrincipalPrivilegeSet privileges,
}

struct PartitionSpecWithSharedSD {
  1: list<PartitionWithoutSD> partitions,
  2: StorageDescriptor sd,
}

struct PartitionListComposingSpec { 1: list<Partition> partitions }

struct PartitionSpec {
  1: string dbName,
  2: string tableName,
  3: string rootPath,
  4: PartitionSpecWithSharedSD sharedSDPartitionSpec,
  5: PartitionListComposingSpec partitionList,
  6: string catName,
}

struct PartitionsByExprRequest {
  1: string dbName,
  2: string tblName,
  3: binary expr,
  4: string defaultPartitionName,
  5: i16 maxParts,
  6: string catName,
}

struct PartitionsByExprResult {
  1: list<Partition> partitions,
  2: bool hasUnknownPartitions,
}

struct AddPartitionsRequest {
  1: string dbName,
  2: string tblName,
  3: list<Partition> parts,
  4: bool ifNotExists,
  5: bool needResult,
  6: string catName,
}

struct AddPartitionsResult { 1: list<Partition> partitions }

struct DropPartitionsExpr { 1: binary expr, 2: i32 partArchiveLevel }

union RequestPartsSpec {
  1: list<string> names,
  2: list<DropPartitionsExpr> exprs,
}

struct DropPartitionsRequest {
  1: string dbName,
  2: string tblName,
  3: RequestPartsSpec parts,
  4: bool deleteData,
  5: bool ifExists,
  6: bool ignoreProtection,
  7: EnvironmentContext environmentContext,
  8: bool needResult,
  9: string catName,
}

struct DropPartitionsResult { 1: list<Partition> partitions }

struct PartitionValuesRow { 1: list<string> row }

struct PartitionValuesRequest {
  1: string dbName,
  2: string tblName,
  3: list<FieldSchema> partitionKeys,
  4: bool applyDistinct,
  5: string filter,
  6: list<FieldSchema> partitionOrder,
  7: bool ascending,
  8: i64 maxParts,
  9: string catName,
}

struct PartitionValuesResponse { 1: list<PartitionValuesRow> partitionValues }

struct AlterPartitionsRequest {
  1: string catName,
  2: string dbName,
  3: string tableName,
  4: list<Partition> partitions,
  5: EnvironmentContext environmentContext,
  6: i64 writeId,
  7: string validWriteIdList,
}

struct AlterPartitionsResponse {}

// Constraints

struct SQLPrimaryKey {
  1: string table_db,
  2: string table_name,
  3: string column_name,
  4: i32 key_seq,
  5: string pk_name,
  6: bool enable_cstr,
  7: bool validate_cstr,
  8: bool rely_cstr,
  9: string catName,
}

struct SQLForeignKey {
  1: string pktable_db,
  2: string pktable_name,
  3: string pkcolumn_name,
  4: string fktable_db,
  5: string fktable_name,
  6: string fkcolumn_name,
  7: i32 key_seq,
  8: i32 update_rule,
  9: i32 delete_rule,
  10: string fk_name,
  11: string pk_name,
  12: bool enable_cstr,
  13: bool validate_cstr,
  14: bool rely_cstr,
  15: string catName,
}

struct SQLUniqueConstraint {
  1: string catName,
  2: string table_db,
  3: string table_name,
  4: string column_name,
  5: i32 key_seq,
  6: string uk_name,
  7: bool enable_cstr,
  8: bool validate_cstr,
  9: bool rely_cstr,
}

struct SQLNotNullConstraint {
  1: string catName,
  2: string table_db,
  3: string table_name,
  4: string column_name,
  5: string nn_name,
  6: bool enable_cstr,
  7: bool validate_cstr,
  8: bool rely_cstr,
}

struct SQLDefaultConstraint {
  1: string catName,
  2: string table_db,
  3: string table_name,
  4: string column_name,
  5: string default_value,
  6: string dc_name,
  7: bool enable_cstr,
  8: bool validate_cstr,
  9: bool rely_cstr,
}

struct SQLCheckConstraint {
  1: string catName,
  2: string table_db,
  3: string table_name,
  4: string column_name,
  5: string check_expression,
  6: string dc_name,
  7: bool enable_cstr,
  8: bool validate_cstr,
  9: bool rely_cstr,
}

struct PrimaryKeysRequest {
  1: string db_name,
  2: string tbl_name,
  3: string catName,
}

struct PrimaryKeysResponse { 1: list<SQLPrimaryKey> primaryKeys }

struct ForeignKeysRequest {
  1: string parent_db_name,
  2: string parent_tbl_name,
  3: string foreign_db_name,
  4: string foreign_tbl_name,
  5: string catName,
}

struct ForeignKeysResponse { 1: list<SQLForeignKey> foreignKeys }

struct UniqueConstraintsRequest {
  1: string catName,
  2: string db_name,
  3: string tbl_name,
}

struct UniqueConstraintsResponse {
  1: list<SQLUniqueConstraint> uniqueConstraints,
}

struct NotNullConstraintsRequest {
  1: string catName,
  2: string db_name,
  3: string tbl_name,
}

struct NotNullConstraintsResponse {
  1: list<SQLNotNullConstraint> notNullConstraints,
}

struct DefaultConstraintsRequest {
  1: string catName,
  2: string db_name,
  3: string tbl_name,
}

struct DefaultConstraintsResponse {
  1: list<SQLDefaultConstraint> defaultConstraints,
}

struct CheckConstraintsRequest {
  1: string catName,
  2: string db_name,
  3: string tbl_name,
}

struct CheckConstraintsResponse { 1: list<SQLCheckConstraint> checkConstraints }

struct DropConstraintRequest {
  1: string dbname,
  2: string tablename,
  3: string constraintname,
  4: string catName,
}

struct AddPrimaryKeyRequest { 1: list<SQLPrimaryKey> primaryKeyCols }

struct AddForeignKeyRequest { 1: list<SQLForeignKey> foreignKeyCols }

struct AddUniqueConstraintRequest {
  1: list<SQLUniqueConstraint> uniqueConstraintCols,
}

struct AddNotNullConstraintRequest {
  1: list<SQLNotNullConstraint> notNullConstraintCols,
}

struct AddDefaultConstraintRequest {
  1: list<SQLDefaultConstraint> defaultConstraintCols,
}

struct AddCheckConstraintRequest {
  1: list<SQLCheckConstraint> checkConstraintCols,
}

// Statistics

struct BooleanColumnStatsData {
  1: i64 numTrues,
  2: i64 numFalses,
  3: i64 numNulls,
  4: string bitVectors,
}

struct DoubleColumnStatsData {
  1: double lowValue,
  2: double highValue,
  3: i64 numNulls,
  4: i64 numDVs,
  5: string bitVectors,
}

struct LongColumnStatsData {
  1: i64 lowValue,
  2: i64 highValue,
  3: i64 numNulls,
  4: i64 numDVs,
  5: string bitVectors,
}

struct StringColumnStatsData {
  1: i64 maxColLen,
  2: double avgColLen,
  3: i64 numNulls,
  4: i64 numDVs,
  5: string bitVectors,
}

struct BinaryColumnStatsData {
  1: i64 maxColLen,
  2: double avgColLen,
  3: i64 numNulls,
  4: string bitVectors,
}

struct Decimal { 1: binary unscaled, 3: i16 scale }

struct DecimalColumnStatsData {
  1: Decimal lowValue,
  2: Decimal highValue,
  3: i64 numNulls,
  4: i64 numDVs,
  5: string bitVectors,
}

struct Date { 1: i64 daysSinceEpoch }

struct DateColumnStatsData {
  1: Date lowValue,
  2: Date highValue,
  3: i64 numNulls,
  4: i64 numDVs,
  5: string bitVectors,
}

union ColumnStatisticsData {
  1: BooleanColumnStatsData booleanStats,
  2: LongColumnStatsData longStats,
  3: DoubleColumnStatsData doubleStats,
  4: StringColumnStatsData stringStats,
  5: BinaryColumnStatsData binaryStats,
  6: DecimalColumnStatsData decimalStats,
  7: DateColumnStatsData dateStats,
}

struct ColumnStatisticsObj {
  1: string colName,
  2: string colType,
  3: ColumnStatisticsData statsData,
}

struct ColumnStatisticsDesc {
  1: bool isTblLevel,
  2: string dbName,
  3: string tableName,
  4: string partName,
  5: i64 lastAnalyzed,
  6: string catName,
}

struct ColumnStatistics {
  1: ColumnStatisticsDesc statsDesc,
  2: list<ColumnStatisticsObj> statsObj,
}

struct AggrStats { 1: list<ColumnStatisticsObj> colStats, 2: i64 partsFound }

struct SetPartitionsStatsRequest {
  1: list<ColumnStatistics> colStats,
  2: bool needMerge,
  3: i64 writeId,
  4: string validWriteIdList,
}

struct SetPartitionsStatsResponse { 1: bool result }

struct TableStatsResult { 1: list<ColumnStatisticsObj> tableStats }

struct PartitionsStatsResult {
  1: map<string, list<ColumnStatisticsObj>> partStats,
}

struct TableStatsRequest {
  1: string dbName,
  2: string tblName,
  3: list<string> colNames,
  4: string catName,
}

struct PartitionsStatsRequest {
  1: string dbName,
  2: string tblName,
  3: list<string> colNames,
  4: list<string> partNames,
  5: string catName,
}

// Functions

struct ResourceUri { 1: ResourceType resourceType, 2: string uri }

struct Function {
  1: string functionName,
  2: string dbName,
  3: string className,
  4: string ownerName,
  5: PrincipalType ownerType,
  6: i32 createTime,
  7: FunctionType functionType,
  8: list<ResourceUri> resourceUris,
  9: string catName,
}

struct GetAllFunctionsResponse { 1: list<Function> functions }

// Transactions, locks and compactions

struct TxnInfo {
  1: i64 id,
  2: TxnState state,
  3: string user,
  4: string hostname,
  5: string agentInfo,
  6: i32 heartbeatCount,
  7: string metaInfo,
  8: i64 startedTime,
  9: i64 lastHeartbeatTime,
}

struct GetOpenTxnsInfoResponse {
  1: i64 txn_high_water_mark,
  2: list<TxnInfo> open_txns,
}

struct GetOpenTxnsResponse {
  1: i64 txn_high_water_mark,
  2: set<i64> open_txns,
  3: i64 min_open_txn,
}

struct OpenTxnRequest {
  1: i32 num_txns,
  2: string user,
  3: string hostname,
  4: string agentInfo,
  5: string replPolicy,
  6: list<i64> replSrcTxnIds,
}

struct OpenTxnsResponse { 1: list<i64> txn_ids }

struct AbortTxnRequest { 1: i64 txnid, 2: string replPolicy }

struct AbortTxnsRequest { 1: list<i64> txn_ids }

struct CommitTxnRequest { 1: i64 txnid, 2: string replPolicy }

struct GetValidWriteIdsRequest {
  1: list<string> fullTableNames,
  2: string validTxnList,
}

struct TableValidWriteIds {
  1: string fullTableName,
  2: i64 writeIdHighWaterMark,
  3: list<i64> invalidWriteIds,
  4: i64 minOpenWriteId,
  5: string abortedBits,
}

struct GetValidWriteIdsResponse { 1: list<TableValidWriteIds> tblValidWriteIds }

struct AllocateTableWriteIdsRequest {
  1: string dbName,
  2: string tableName,
  3: list<i64> txnIds,
  4: string replPolicy,
  5: list<TxnToWriteId> srcTxnToWriteIdList,
}

struct TxnToWriteId { 1: i64 txnId, 2: i64 writeId }

struct AllocateTableWriteIdsResponse { 1: list<TxnToWriteId> txnToWriteIds }

struct LockComponent {
  1: LockType type,
  2: LockLevel level,
  3: string dbname,
  4: string tablename,
  5: string partitionname,
  6: DataOperationType operationType,
  7: bool isTransactional,
  8: bool isDynamicPartitionWrite,
}

struct LockRequest {
  1: list<LockComponent> component,
  2: i64 txnid,
  3: string user,
  4: string hostname,
  5: string agentInfo,
}

struct LockResponse { 1: i64 lockid, 2: LockState state }

struct CheckLockRequest { 1: i64 lockid, 2: i64 txnid, 3: i64 elapsed_ms }

struct UnlockRequest { 1: i64 lockid }

struct ShowLocksRequest {
  1: string dbname,
  2: string tablename,
  3: string partname,
  4: bool isExtended,
}

struct ShowLocksResponseElement {
  1: i64 lockid,
  2: string dbname,
  3: string tablename,
  4: string partname,
  5: LockState state,
  6: LockType type,
  7: i64 txnid,
  8: i64 lastheartbeat,
  9: i64 acquiredat,
  10: string user,
  11: string hostname,
  12: i32 heartbeatCount,
  13: string agentInfo,
  14: i64 blockedByExtId,
  15: i64 blockedByIntId,
  16: i64 lockIdInternal,
}

struct ShowLocksResponse { 1: list<ShowLocksResponseElement> locks }

struct HeartbeatRequest { 1: i64 lockid, 2: i64 txnid }

struct HeartbeatTxnRangeRequest { 1: i64 min, 2: i64 max }

struct HeartbeatTxnRangeResponse { 1: set<i64> aborted, 2: set<i64> nosuch }

struct CompactionRequest {
  1: string dbname,
  2: string tablename,
  3: string partitionname,
  4: CompactionType type,
  5: string runas,
  6: map<string, string> properties,
}

struct CompactionResponse { 1: i64 id, 2: string state, 3: bool accepted }

struct ShowCompactRequest {}

struct ShowCompactResponseElement {
  1: string dbname,
  2: string tablename,
  3: string partitionname,
  4: CompactionType type,
  5: string state,
  6: string workerid,
  7: i64 start,
  8: string runAs,
  9: i64 hightestTxnId,
  10: string metaInfo,
  11: i64 endTime,
  12: string hadoopJobId,
  13: i64 id,
}

struct ShowCompactResponse { 1: list<ShowCompactResponseElement> compacts }

struct AddDynamicPartitions {
  1: i64 txnid,
  2: string dbname,
  3: string tablename,
  4: list<string> partitionnames,
  5: DataOperationType operationType,
}

exception NoSuchTxnException { 1: string message }

exception TxnAbortedException { 1: string message }

exception TxnOpenException { 1: string message }

exception NoSuchLockException { 1: string message }

// Notifications

struct NotificationEventRequest { 1: i64 lastEvent, 2: i32 maxEvents }

struct NotificationEvent {
  1: i64 eventId,
  2: i32 eventTime,
  3: string eventType,
  4: string dbName,
  5: string tableName,
  6: string message,
  7: string messageFormat,
  8: string catName,
}

struct NotificationEventResponse { 1: list<NotificationEvent> events }

struct CurrentNotificationEventId { 1: i64 eventId }

struct NotificationEventsCountRequest {
  1: i64 fromEventId,
  2: string dbName,
  3: string catName,
}

struct NotificationEventsCountResponse { 1: i64 eventsCount }

struct InsertEventRequestData {
  1: list<string> filesAdded,
  2: list<string> filesAddedChecksum,
}

union FireEventRequestData { 1: InsertEventRequestData insertData }

struct FireEventRequest {
  1: bool successful,
  2: FireEventRequestData data,
  3: string dbName,
  4: string tableName,
  5: list<string> partitionVals,
  6: string catName,
}

struct FireEventResponse {}

// Exceptions

exception MetaException { 1: string message }

exception UnknownTableException { 1: string message }

exception UnknownDBException { 1: string message }

exception AlreadyExistsException { 1: string message }

exception InvalidPartitionException { 1: string message }

exception UnknownPartitionException { 1: string message }

exception InvalidObjectException { 1: string message }

exception NoSuchObjectException { 1: string message }

exception InvalidOperationException { 1: string message }

exception ConfigValSecurityException { 1: string message }

exception InvalidInputException { 1: string message }

// Partitions chosen field by field

struct GetPartitionsProjectionSpec {
  1: list<string> fieldList,
  2: string includeParamKeyPattern,
  3: string excludeParamKeyPattern,
}

struct GetPartitionsFilterSpec { 7: PartitionFilterMode filterMode, 8: list<string> filters }

struct GetPartitionsRequest {
  1: string catName,
  2: string dbName,
  3: string tblName,
  4: bool withAuth,
  5: string user,
  6: list<string> groupNames,
  7: GetPartitionsProjectionSpec projectionSpec,
  8: GetPartitionsFilterSpec filterSpec,
}

struct GetPartitionsResponse { 1: list<PartitionSpec> partitionSpec }

// What the metastore caches of the files of tables

struct MetadataPpdResult { 1: binary metadata, 2: binary includeBitset }

struct GetFileMetadataByExprRequest {
  1: list<i64> fileIds,
  2: binary expr,
  3: bool doGetFooters,
  4: FileMetadataExprType type,
}

struct GetFileMetadataByExprResult { 1: map<i64, MetadataPpdResult> metadata, 2: bool isSupported }

struct GetFileMetadataRequest { 1: list<i64> fileIds }

struct GetFileMetadataResult { 1: map<i64, binary> metadata, 2: bool isSupported }

struct PutFileMetadataRequest { 1: list<i64> fileIds, 2: list<binary> metadata, 3: FileMetadataExprType type }

struct PutFileMetadataResult {}

struct ClearFileMetadataRequest { 1: list<i64> fileIds }

struct ClearFileMetadataResult {}

struct CacheFileMetadataRequest { 1: string dbName, 2: string tblName, 3: string partName, 4: bool isAllParts }

struct CacheFileMetadataResult { 1: bool isSupported }

// What Hive 4 asks with one request struct where earlier versions had arguments

struct GetDatabaseRequest {
  1: string name,
  2: string catalogName,
  3: list<string> processorCapabilities,
  4: string processorIdentifier,
}

struct GetFieldsRequest {
  1: string catName,
  2: string dbName,
  3: string tblName,
  4: EnvironmentContext envContext,
  5: string validWriteIdList,
  6: i64 id,
}

struct GetFieldsResponse { 1: list<FieldSchema> fields }

struct GetSchemaRequest {
  1: string catName,
  2: string dbName,
  3: string tblName,
  4: EnvironmentContext envContext,
  5: string validWriteIdList,
  6: i64 id,
}

struct GetSchemaResponse { 1: list<FieldSchema> fields }

struct CreateTableRequest {
  1: Table table,
  2: EnvironmentContext envContext,
  3: list<SQLPrimaryKey> primaryKeys,
  4: list<SQLForeignKey> foreignKeys,
  5: list<SQLUniqueConstraint> uniqueConstraints,
  6: list<SQLNotNullConstraint> notNullConstraints,
  7: list<SQLDefaultConstraint> defaultConstraints,
  8: list<SQLCheckConstraint> checkConstraints,
  9: list<string> processorCapabilities,
  10: string processorIdentifier,
}

struct AppendPartitionsRequest {
  1: string catalogName,
  2: string dbName,
  3: string tableName,
  4: string name,
  5: list<string> partVals,
  6: EnvironmentContext environmentContext,
}

struct RenamePartitionRequest {
  1: string catName,
  2: string dbName,
  3: string tableName,
  4: list<string> partVals,
  5: Partition newPart,
  6: string validWriteIdList,
  7: i64 txnId,
  8: bool clonePart,
}

struct RenamePartitionResponse {}

struct GetPartitionRequest {
  1: string catName,
  2: string dbName,
  3: string tblName,
  4: list<string> partVals,
  5: string validWriteIdList,
  6: i64 id,
}

struct GetPartitionResponse { 1: Partition partition }

struct PartitionsRequest {
  1: string catName,
  2: string dbName,
  3: string tblName,
  4: i16 maxParts,
  5: string validWriteIdList,
  6: i64 id,
  7: bool skipColumnSchemaForPartition,
  8: string includeParamKeyPattern,
  9: string excludeParamKeyPattern,
}

struct PartitionsResponse { 1: list<Partition> partitions }

struct GetPartitionsByFilterRequest {
  1: string catName,
  2: string dbName,
  3: string tblName,
  4: string filter,
  5: i16 maxParts,
  6: bool skipColumnSchemaForPartition,
  7: string includeParamKeyPattern,
  8: string excludeParamKeyPattern,
}

struct GetPartitionsByNamesRequest {
  1: string db_name,
  2: string tbl_name,
  3: list<string> names,
  4: bool get_col_stats,
  5: list<string> processorCapabilities,
  6: string processorIdentifier,
  7: string engine,
  8: string validWriteIdList,
}

struct GetPartitionsByNamesResult { 1: list<Partition> partitions }

struct GetPartitionNamesPsRequest {
  1: string catName,
  2: string dbName,
  3: string tblName,
  4: list<string> partValues,
  5: i16 maxParts,
  6: string validWriteIdList,
  7: i64 id,
}

struct GetPartitionNamesPsResponse { 1: list<string> names }

struct GetPartitionsPsWithAuthRequest {
  1: string catName,
  2: string dbName,
  3: string tblName,
  4: list<string> partVals,
  5: i16 maxParts,
  6: string userName,
  7: list<string> groupNames,
  8: string validWriteIdList,
  9: i64 id,
  10: bool skipColumnSchemaForPartition,
  11: string includeParamKeyPattern,
  12: string excludeParamKeyPattern,
  13: list<string> partNames,
}

struct GetPartitionsPsWithAuthResponse { 1: list<Partition> partitions }

service ThriftHiveMetastore extends fb303.FacebookService {
  // Server settings and identity
  string getMetaConf(1: string key) throws (1: MetaException o1)
  void setMetaConf(1: string key, 2: string value) throws (1: MetaException o1)
  string get_config_value(1: string name, 2: string defaultValue) throws (1: ConfigValSecurityException o1)
  string get_metastore_db_uuid() throws (1: MetaException o1)
  list<string> set_ugi(1: string user_name, 2: list<string> group_names) throws (1: MetaException o1)
  void flushCache()

  // Catalogs, from Hive 3 on
  void create_catalog(1: CreateCatalogRequest catalog)
      throws (1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3)
  void alter_catalog(1: AlterCatalogRequest rqst)
      throws (1: NoSuchObjectException o1, 2: InvalidOperationException o2, 3: MetaException o3)
  GetCatalogResponse get_catalog(1: GetCatalogRequest catName) throws (1: NoSuchObjectException o1, 2: MetaException o2)
  GetCatalogsResponse get_catalogs() throws (1: MetaException o1)
  void drop_catalog(1: DropCatalogRequest catName)
      throws (1: NoSuchObjectException o1, 2: InvalidOperationException o2, 3: MetaException o3)

  // Databases
  void create_database(1: Database database)
      throws (1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3)
  Database get_database(1: string name) throws (1: NoSuchObjectException o1, 2: MetaException o2)
  void drop_database(1: string name, 2: bool deleteData, 3: bool cascade)
      throws (1: NoSuchObjectException o1, 2: InvalidOperationException o2, 3: MetaException o3)
  list<string> get_databases(1: string pattern) throws (1: MetaException o1)
  list<string> get_all_databases() throws (1: MetaException o1)
  void alter_database(1: string dbname, 2: Database db) throws (1: MetaException o1, 2: NoSuchObjectException o2)

  // Column types of the metastore's own making; hardly used
  Type get_type(1: string name) throws (1: MetaException o1, 2: NoSuchObjectException o2)
  bool create_type(1: Type type)
      throws (1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3)
  bool drop_type(1: string type) throws (1: MetaException o1, 2: NoSuchObjectException o2)
  map<string, Type> get_type_all(1: string name) throws (1: MetaException o2)

  // Columns of a table: get_fields leaves the partition keys out, get_schema has them
  list<FieldSchema> get_fields(1: string db_name, 2: string table_name)
      throws (1: MetaException o1, 2: UnknownTableException o2, 3: UnknownDBException o3)
  list<FieldSchema> get_fields_with_environment_context(
      1: string db_name, 2: string table_name, 3: EnvironmentContext environment_context)
      throws (1: MetaException o1, 2: UnknownTableException o2, 3: UnknownDBException o3)
  list<FieldSchema> get_schema(1: string db_name, 2: string table_name)
      throws (1: MetaException o1, 2: UnknownTableException o2, 3: UnknownDBException o3)
  list<FieldSchema> get_schema_with_environment_context(
      1: string db_name, 2: string table_name, 3: EnvironmentContext environment_context)
      throws (1: MetaException o1, 2: UnknownTableException o2, 3: UnknownDBException o3)

  // Tables
  void create_table(1: Table tbl)
      throws (1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3,
      4: NoSuchObjectException o4)
  void create_table_with_environment_context(1: Table tbl, 2: EnvironmentContext environment_context)
      throws (1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3,
      4: NoSuchObjectException o4)
  void create_table_with_constraints(
      1: Table tbl, 2: list<SQLPrimaryKey> primaryKeys, 3: list<SQLForeignKey> foreignKeys,
      4: list<SQLUniqueConstraint> uniqueConstraints, 5: list<SQLNotNullConstraint> notNullConstraints,
      6: list<SQLDefaultConstraint> defaultConstraints, 7: list<SQLCheckConstraint> checkConstraints)
      throws (1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3,
      4: NoSuchObjectException o4)
  void drop_table(1: string dbname, 2: string name, 3: bool deleteData)
      throws (1: NoSuchObjectException o1, 2: MetaException o3)
  void drop_table_with_environment_context(
      1: string dbname, 2: string name, 3: bool deleteData, 4: EnvironmentContext environment_context)
      throws (1: NoSuchObjectException o1, 2: MetaException o3)
  void truncate_table(1: string dbName, 2: string tableName, 3: list<string> partNames) throws (1: MetaException o1)
  list<string> get_tables(1: string db_name, 2: string pattern) throws (1: MetaException o1)
  list<string> get_tables_by_type(1: string db_name, 2: string pattern, 3: string tableType)
      throws (1: MetaException o1)
  list<TableMeta> get_table_meta(1: string db_patterns, 2: string tbl_patterns, 3: list<string> tbl_types)
      throws (1: MetaException o1)
  list<string> get_all_tables(1: string db_name) throws (1: MetaException o1)
  Table get_table(1: string dbname, 2: string tbl_name) throws (1: MetaException o1, 2: NoSuchObjectException o2)
  list<Table> get_table_objects_by_name(1: string dbname, 2: list<string> tbl_names)
      throws (1: MetaException o1, 2: InvalidOperationException o2, 3: UnknownDBException o3)
  GetTableResult get_table_req(1: GetTableRequest req) throws (1: MetaException o1, 2: NoSuchObjectException o2)
  GetTablesResult get_table_objects_by_name_req(1: GetTablesRequest req)
      throws (1: MetaException o1, 2: InvalidOperationException o2, 3: UnknownDBException o3)
  list<string> get_table_names_by_filter(1: string dbname, 2: string filter, 3: i16 max_tables)
      throws (1: MetaException o1, 2: InvalidOperationException o2, 3: UnknownDBException o3)
  void alter_table(1: string dbname, 2: string tbl_name, 3: Table new_tbl)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  void alter_table_with_environment_context(
      1: string dbname, 2: string tbl_name, 3: Table new_tbl, 4: EnvironmentContext environment_context)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  void alter_table_with_cascade(1: string dbname, 2: string tbl_name, 3: Table new_tbl, 4: bool cascade)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  AlterTableResponse alter_table_req(1: AlterTableRequest req)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  list<string> get_materialized_views_for_rewriting(1: string db_name) throws (1: MetaException o1)

  // Constraints
  void drop_constraint(1: DropConstraintRequest req) throws (1: NoSuchObjectException o1, 2: MetaException o3)
  void add_primary_key(1: AddPrimaryKeyRequest req) throws (1: NoSuchObjectException o1, 2: MetaException o2)
  void add_foreign_key(1: AddForeignKeyRequest req) throws (1: NoSuchObjectException o1, 2: MetaException o2)
  void add_unique_constraint(1: AddUniqueConstraintRequest req)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  void add_not_null_constraint(1: AddNotNullConstraintRequest req)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  void add_default_constraint(1: AddDefaultConstraintRequest req)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  void add_check_constraint(1: AddCheckConstraintRequest req) throws (1: NoSuchObjectException o1, 2: MetaException o2)
  PrimaryKeysResponse get_primary_keys(1: PrimaryKeysRequest request)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  ForeignKeysResponse get_foreign_keys(1: ForeignKeysRequest request)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  UniqueConstraintsResponse get_unique_constraints(1: UniqueConstraintsRequest request)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  NotNullConstraintsResponse get_not_null_constraints(1: NotNullConstraintsRequest request)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  DefaultConstraintsResponse get_default_constraints(1: DefaultConstraintsRequest request)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  CheckConstraintsResponse get_check_constraints(1: CheckConstraintsRequest request)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)

  // Partitions: adding and dropping
  Partition add_partition(1: Partition new_part)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  Partition add_partition_with_environment_context(1: Partition new_part, 2: EnvironmentContext environment_context)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  i32 add_partitions(1: list<Partition> new_parts)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  i32 add_partitions_pspec(1: list<PartitionSpec> new_parts)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  AddPartitionsResult add_partitions_req(1: AddPartitionsRequest request)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  Partition append_partition(1: string db_name, 2: string tbl_name, 3: list<string> part_vals)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  Partition append_partition_with_environment_context(
      1: string db_name, 2: string tbl_name, 3: list<string> part_vals,
      4: EnvironmentContext environment_context)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  Partition append_partition_by_name(1: string db_name, 2: string tbl_name, 3: string part_name)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  Partition append_partition_by_name_with_environment_context(
      1: string db_name, 2: string tbl_name, 3: string part_name, 4: EnvironmentContext environment_context)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  bool drop_partition(1: string db_name, 2: string tbl_name, 3: list<string> part_vals, 4: bool deleteData)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  bool drop_partition_with_environment_context(
      1: string db_name, 2: string tbl_name, 3: list<string> part_vals, 4: bool deleteData,
      5: EnvironmentContext environment_context)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  bool drop_partition_by_name(1: string db_name, 2: string tbl_name, 3: string part_name, 4: bool deleteData)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  bool drop_partition_by_name_with_environment_context(
      1: string db_name, 2: string tbl_name, 3: string part_name, 4: bool deleteData,
      5: EnvironmentContext environment_context)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  DropPartitionsResult drop_partitions_req(1: DropPartitionsRequest req)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  Partition exchange_partition(
      1: map<string, string> partitionSpecs, 2: string source_db, 3: string source_table_name, 4: string dest_db,
      5: string dest_table_name)
      throws (1: MetaException o1, 2: NoSuchObjectException o2, 3: InvalidObjectException o3,
      4: InvalidInputException o4)
  list<Partition> exchange_partitions(
      1: map<string, string> partitionSpecs, 2: string source_db, 3: string source_table_name, 4: string dest_db,
      5: string dest_table_name)
      throws (1: MetaException o1, 2: NoSuchObjectException o2, 3: InvalidObjectException o3,
      4: InvalidInputException o4)

  // Partitions: reading. _ps takes the first values of a key, _by_filter a text, _by_expr a serialised expression
  Partition get_partition(1: string db_name, 2: string tbl_name, 3: list<string> part_vals)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  Partition get_partition_with_auth(
      1: string db_name, 2: string tbl_name, 3: list<string> part_vals, 4: string user_name,
      5: list<string> group_names)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  Partition get_partition_by_name(1: string db_name, 2: string tbl_name, 3: string part_name)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  list<Partition> get_partitions(1: string db_name, 2: string tbl_name, 3: i16 max_parts)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  list<Partition> get_partitions_with_auth(
      1: string db_name, 2: string tbl_name, 3: i16 max_parts, 4: string user_name, 5: list<string> group_names)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  list<PartitionSpec> get_partitions_pspec(1: string db_name, 2: string tbl_name, 3: i32 max_parts)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  list<string> get_partition_names(1: string db_name, 2: string tbl_name, 3: i16 max_parts) throws (1: MetaException o2)
  PartitionValuesResponse get_partition_values(1: PartitionValuesRequest request)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  list<Partition> get_partitions_ps(1: string db_name, 2: string tbl_name, 3: list<string> part_vals, 4: i16 max_parts)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  list<Partition> get_partitions_ps_with_auth(
      1: string db_name, 2: string tbl_name, 3: list<string> part_vals, 4: i16 max_parts, 5: string user_name,
      6: list<string> group_names)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  list<string> get_partition_names_ps(
      1: string db_name, 2: string tbl_name, 3: list<string> part_vals, 4: i16 max_parts)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  list<Partition> get_partitions_by_filter(1: string db_name, 2: string tbl_name, 3: string filter, 4: i16 max_parts)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  list<PartitionSpec> get_part_specs_by_filter(
      1: string db_name, 2: string tbl_name, 3: string filter, 4: i32 max_parts)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  PartitionsByExprResult get_partitions_by_expr(1: PartitionsByExprRequest req)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  i32 get_num_partitions_by_filter(1: string db_name, 2: string tbl_name, 3: string filter)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  list<Partition> get_partitions_by_names(1: string db_name, 2: string tbl_name, 3: list<string> names)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)

  // Partitions: changing and naming
  void alter_partition(1: string db_name, 2: string tbl_name, 3: Partition new_part)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  void alter_partitions(1: string db_name, 2: string tbl_name, 3: list<Partition> new_parts)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  void alter_partition_with_environment_context(
      1: string db_name, 2: string tbl_name, 3: Partition new_part, 4: EnvironmentContext environment_context)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  void alter_partitions_with_environment_context(
      1: string db_name, 2: string tbl_name, 3: list<Partition> new_parts,
      4: EnvironmentContext environment_context)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  AlterPartitionsResponse alter_partitions_req(1: AlterPartitionsRequest req)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  void rename_partition(1: string db_name, 2: string tbl_name, 3: list<string> part_vals, 4: Partition new_part)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  bool partition_name_has_valid_characters(1: list<string> part_vals, 2: bool throw_exception)
      throws (1: MetaException o1)
  list<string> partition_name_to_vals(1: string part_name) throws (1: MetaException o1)
  map<string, string> partition_name_to_spec(1: string part_name) throws (1: MetaException o1)
  void markPartitionForEvent(
      1: string db_name, 2: string tbl_name, 3: map<string, string> part_vals, 4: PartitionEventType eventType)
      throws (1: MetaException o1, 2: NoSuchObjectException o2, 3: UnknownDBException o3,
      4: UnknownTableException o4, 5: UnknownPartitionException o5, 6: InvalidPartitionException o6)
  bool isPartitionMarkedForEvent(
      1: string db_name, 2: string tbl_name, 3: map<string, string> part_vals, 4: PartitionEventType eventType)
      throws (1: MetaException o1, 2: NoSuchObjectException o2, 3: UnknownDBException o3,
      4: UnknownTableException o4, 5: UnknownPartitionException o5, 6: InvalidPartitionException o6)

  // Indexes; Hive 3 has none
  Index add_index(1: Index new_index, 2: Table index_table)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  void alter_index(1: string dbname, 2: string base_tbl_name, 3: string idx_name, 4: Index new_idx)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  bool drop_index_by_name(1: string db_name, 2: string tbl_name, 3: string index_name, 4: bool deleteData)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  Index get_index_by_name(1: string db_name, 2: string tbl_name, 3: string index_name)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  list<Index> get_indexes(1: string db_name, 2: string tbl_name, 3: i16 max_indexes)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  list<string> get_index_names(1: string db_name, 2: string tbl_name, 3: i16 max_indexes) throws (1: MetaException o2)

  // Statistics of columns
  bool update_table_column_statistics(1: ColumnStatistics stats_obj)
      throws (1: NoSuchObjectException o1, 2: InvalidObjectException o2, 3: MetaException o3,
      4: InvalidInputException o4)
  bool update_partition_column_statistics(1: ColumnStatistics stats_obj)
      throws (1: NoSuchObjectException o1, 2: InvalidObjectException o2, 3: MetaException o3,
      4: InvalidInputException o4)
  ColumnStatistics get_table_column_statistics(1: string db_name, 2: string tbl_name, 3: string col_name)
      throws (1: NoSuchObjectException o1, 2: MetaException o2, 3: InvalidInputException o3,
      4: InvalidObjectException o4)
  ColumnStatistics get_partition_column_statistics(
      1: string db_name, 2: string tbl_name, 3: string part_name, 4: string col_name)
      throws (1: NoSuchObjectException o1, 2: MetaException o2, 3: InvalidInputException o3,
      4: InvalidObjectException o4)
  TableStatsResult get_table_statistics_req(1: TableStatsRequest request)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  PartitionsStatsResult get_partitions_statistics_req(1: PartitionsStatsRequest request)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  AggrStats get_aggr_stats_for(1: PartitionsStatsRequest request)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  bool set_aggr_stats_for(1: SetPartitionsStatsRequest request)
      throws (1: NoSuchObjectException o1, 2: InvalidObjectException o2, 3: MetaException o3,
      4: InvalidInputException o4)
  bool delete_partition_column_statistics(
      1: string db_name, 2: string tbl_name, 3: string part_name, 4: string col_name)
      throws (1: NoSuchObjectException o1, 2: MetaException o2, 3: InvalidObjectException o3,
      4: InvalidInputException o4)
  bool delete_table_column_statistics(1: string db_name, 2: string tbl_name, 3: string col_name)
      throws (1: NoSuchObjectException o1, 2: MetaException o2, 3: InvalidObjectException o3,
      4: InvalidInputException o4)
  SetPartitionsStatsResponse update_table_column_statistics_req(1: SetPartitionsStatsRequest req)
      throws (1: NoSuchObjectException o1, 2: InvalidObjectException o2, 3: MetaException o3,
      4: InvalidInputException o4)
  SetPartitionsStatsResponse update_partition_column_statistics_req(1: SetPartitionsStatsRequest req)
      throws (1: NoSuchObjectException o1, 2: InvalidObjectException o2, 3: MetaException o3,
      4: InvalidInputException o4)

  // Functions that users define
  void create_function(1: Function func)
      throws (1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3,
      4: NoSuchObjectException o4)
  void drop_function(1: string dbName, 2: string funcName) throws (1: NoSuchObjectException o1, 2: MetaException o3)
  void alter_function(1: string dbName, 2: string funcName, 3: Function newFunc)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  list<string> get_functions(1: string dbName, 2: string pattern) throws (1: MetaException o1)
  Function get_function(1: string dbName, 2: string funcName) throws (1: MetaException o1, 2: NoSuchObjectException o2)
  GetAllFunctionsResponse get_all_functions() throws (1: MetaException o1)

  // Roles and privileges
  bool create_role(1: Role role) throws (1: MetaException o1)
  bool drop_role(1: string role_name) throws (1: MetaException o1)
  list<string> get_role_names() throws (1: MetaException o1)
  bool grant_role(
      1: string role_name, 2: string principal_name, 3: PrincipalType principal_type, 4: string grantor,
      5: PrincipalType grantorType, 6: bool grant_option)
      throws (1: MetaException o1)
  bool revoke_role(1: string role_name, 2: string principal_name, 3: PrincipalType principal_type)
      throws (1: MetaException o1)
  list<Role> list_roles(1: string principal_name, 2: PrincipalType principal_type) throws (1: MetaException o1)
  GrantRevokeRoleResponse grant_revoke_role(1: GrantRevokeRoleRequest request) throws (1: MetaException o1)
  GetPrincipalsInRoleResponse get_principals_in_role(1: GetPrincipalsInRoleRequest request) throws (1: MetaException o1)
  GetRoleGrantsForPrincipalResponse get_role_grants_for_principal(1: GetRoleGrantsForPrincipalRequest request)
      throws (1: MetaException o1)
  PrincipalPrivilegeSet get_privilege_set(1: HiveObjectRef hiveObject, 2: string user_name, 3: list<string> group_names)
      throws (1: MetaException o1)
  list<HiveObjectPrivilege> list_privileges(
      1: string principal_name, 2: PrincipalType principal_type, 3: HiveObjectRef hiveObject)
      throws (1: MetaException o1)
  bool grant_privileges(1: PrivilegeBag privileges) throws (1: MetaException o1)
  bool revoke_privileges(1: PrivilegeBag privileges) throws (1: MetaException o1)
  GrantRevokePrivilegeResponse grant_revoke_privileges(1: GrantRevokePrivilegeRequest request)
      throws (1: MetaException o1)

  // Delegation tokens
  string get_delegation_token(1: string token_owner, 2: string renewer_kerberos_principal_name)
      throws (1: MetaException o1)
  i64 renew_delegation_token(1: string token_str_form) throws (1: MetaException o1)
  void cancel_delegation_token(1: string token_str_form) throws (1: MetaException o1)
  bool add_token(1: string token_identifier, 2: string delegation_token)
  bool remove_token(1: string token_identifier)
  string get_token(1: string token_identifier)
  list<string> get_all_token_identifiers()

  // Transactions, locks and compactions
  GetOpenTxnsResponse get_open_txns()
  GetOpenTxnsInfoResponse get_open_txns_info()
  OpenTxnsResponse open_txns(1: OpenTxnRequest rqst)
  void abort_txn(1: AbortTxnRequest rqst) throws (1: NoSuchTxnException o1)
  void abort_txns(1: AbortTxnsRequest rqst) throws (1: NoSuchTxnException o1)
  void commit_txn(1: CommitTxnRequest rqst) throws (1: NoSuchTxnException o1, 2: TxnAbortedException o2)
  GetValidWriteIdsResponse get_valid_write_ids(1: GetValidWriteIdsRequest rqst)
      throws (1: NoSuchTxnException o1, 2: MetaException o2)
  AllocateTableWriteIdsResponse allocate_table_write_ids(1: AllocateTableWriteIdsRequest rqst)
      throws (1: NoSuchTxnException o1, 2: TxnAbortedException o2, 3: MetaException o3)
  LockResponse lock(1: LockRequest rqst) throws (1: NoSuchTxnException o1, 2: TxnAbortedException o2)
  LockResponse check_lock(1: CheckLockRequest rqst)
      throws (1: NoSuchTxnException o1, 2: TxnAbortedException o2, 3: NoSuchLockException o3)
  void unlock(1: UnlockRequest rqst) throws (1: NoSuchLockException o1, 2: TxnOpenException o2)
  ShowLocksResponse show_locks(1: ShowLocksRequest rqst)
  void heartbeat(1: HeartbeatRequest ids)
      throws (1: NoSuchLockException o1, 2: NoSuchTxnException o2, 3: TxnAbortedException o3)
  HeartbeatTxnRangeResponse heartbeat_txn_range(1: HeartbeatTxnRangeRequest txns)
  void compact(1: CompactionRequest rqst)
  CompactionResponse compact2(1: CompactionRequest rqst)
  ShowCompactResponse show_compact(1: ShowCompactRequest rqst)
  void add_dynamic_partitions(1: AddDynamicPartitions rqst) throws (1: NoSuchTxnException o1, 2: TxnAbortedException o2)

  // Notifications of what changed
  NotificationEventResponse get_next_notification(1: NotificationEventRequest rqst)
  CurrentNotificationEventId get_current_notificationEventId()
  NotificationEventsCountResponse get_notification_events_count(1: NotificationEventsCountRequest rqst)
  FireEventResponse fire_listener_event(1: FireEventRequest rqst)

  // Partitions chosen field by field
  GetPartitionsResponse get_partitions_with_specs(1: GetPartitionsRequest request) throws (1: MetaException o1)

  // What the metastore caches of the files of tables
  GetFileMetadataByExprResult get_file_metadata_by_expr(1: GetFileMetadataByExprRequest req)
  GetFileMetadataResult get_file_metadata(1: GetFileMetadataRequest req)
  PutFileMetadataResult put_file_metadata(1: PutFileMetadataRequest req)
  ClearFileMetadataResult clear_file_metadata(1: ClearFileMetadataRequest req)
  CacheFileMetadataResult cache_file_metadata(1: CacheFileMetadataRequest req)

  // Keys that sign delegation tokens
  i32 add_master_key(1: string key) throws (1: MetaException o1)
  void update_master_key(1: i32 seq_number, 2: string key) throws (1: NoSuchObjectException o1, 2: MetaException o2)
  bool remove_master_key(1: i32 key_seq)
  list<string> get_master_keys()

  // From Hive 4 on
  Database get_database_req(1: GetDatabaseRequest request) throws (1: NoSuchObjectException o1, 2: MetaException o2)
  GetFieldsResponse get_fields_req(1: GetFieldsRequest req)
      throws (1: MetaException o1, 2: UnknownTableException o2, 3: UnknownDBException o3)
  GetSchemaResponse get_schema_req(1: GetSchemaRequest req)
      throws (1: MetaException o1, 2: UnknownTableException o2, 3: UnknownDBException o3)
  void create_table_req(1: CreateTableRequest request) throws (
      1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3, 4: NoSuchObjectException o4)
  Partition append_partition_req(1: AppendPartitionsRequest appendPartitionsReq)
      throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  RenamePartitionResponse rename_partition_req(1: RenamePartitionRequest req)
      throws (1: InvalidOperationException o1, 2: MetaException o2)
  GetPartitionResponse get_partition_req(1: GetPartitionRequest req)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  PartitionsResponse get_partitions_req(1: PartitionsRequest req)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  list<string> fetch_partition_names_req(1: PartitionsRequest partitionReq)
      throws (1: NoSuchObjectException o1, 2: MetaException o2)
  list<string> get_partition_names_req(1: PartitionsByExprRequest req)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  list<Partition> get_partitions_by_filter_req(1: GetPartitionsByFilterRequest req)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  GetPartitionsByNamesResult get_partitions_by_names_req(1: GetPartitionsByNamesRequest req)
      throws (1: MetaException o1, 2: NoSuchObjectException o2, 3: InvalidObjectException o3)
  GetPartitionNamesPsResponse get_partition_names_ps_req(1: GetPartitionNamesPsRequest req)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
  GetPartitionsPsWithAuthResponse get_partitions_ps_with_auth_req(1: GetPartitionsPsWithAuthRequest req)
      throws (1: MetaException o1, 2: NoSuchObjectException o2)
}
