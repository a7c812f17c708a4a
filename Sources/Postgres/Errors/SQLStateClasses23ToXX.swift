/// Appendix A from class 23 to XX; ``SQLState`` says how the names are made.
extension SQLState {
    // MARK: Class 23: Integrity Constraint Violation
    public static let integrityConstraintViolation = SQLState(rawValue: "23000")
    public static let restrictViolation = SQLState(rawValue: "23001")
    public static let notNullViolation = SQLState(rawValue: "23502")
    public static let foreignKeyViolation = SQLState(rawValue: "23503")
    public static let uniqueViolation = SQLState(rawValue: "23505")
    public static let checkViolation = SQLState(rawValue: "23514")
    public static let exclusionViolation = SQLState(rawValue: "23P01")

    // MARK: Class 24: Invalid Cursor State
    public static let invalidCursorState = SQLState(rawValue: "24000")

    // MARK: Class 25: Invalid Transaction State
    public static let invalidTransactionState = SQLState(rawValue: "25000")
    public static let activeSQLTransaction = SQLState(rawValue: "25001")
    public static let branchTransactionAlreadyActive = SQLState(rawValue: "25002")
    public static let heldCursorRequiresSameIsolationLevel = SQLState(rawValue: "25008")
    public static let inappropriateAccessModeForBranchTransaction = SQLState(rawValue: "25003")
    public static let inappropriateIsolationLevelForBranchTransaction = SQLState(rawValue: "25004")
    public static let noActiveSQLTransactionForBranchTransaction = SQLState(rawValue: "25005")
    public static let readOnlySQLTransaction = SQLState(rawValue: "25006")
    public static let schemaAndDataStatementMixingNotSupported = SQLState(rawValue: "25007")
    public static let noActiveSQLTransaction = SQLState(rawValue: "25P01")
    public static let inFailedSQLTransaction = SQLState(rawValue: "25P02")
    public static let idleInTransactionSessionTimeout = SQLState(rawValue: "25P03")

    // MARK: Class 26: Invalid SQL Statement Name
    public static let invalidSQLStatementName = SQLState(rawValue: "26000")

    // MARK: Class 27: Triggered Data Change Violation
    public static let triggeredDataChangeViolation = SQLState(rawValue: "27000")

    // MARK: Class 28: Invalid Authorization Specification
    public static let invalidAuthorizationSpecification = SQLState(rawValue: "28000")
    public static let invalidPassword = SQLState(rawValue: "28P01")

    // MARK: Class 2B: Dependent Privilege Descriptors Still Exist
    public static let dependentPrivilegeDescriptorsStillExist = SQLState(rawValue: "2B000")
    public static let dependentObjectsStillExist = SQLState(rawValue: "2BP01")

    // MARK: Class 2D: Invalid Transaction Termination
    public static let invalidTransactionTermination = SQLState(rawValue: "2D000")

    // MARK: Class 2F: SQL Routine Exception
    public static let sqlRoutineException = SQLState(rawValue: "2F000")
    public static let functionExecutedNoReturnStatement = SQLState(rawValue: "2F005")
    public static let modifyingSQLDataNotPermitted = SQLState(rawValue: "2F002")
    public static let prohibitedSQLStatementAttempted = SQLState(rawValue: "2F003")
    public static let readingSQLDataNotPermitted = SQLState(rawValue: "2F004")

    // MARK: Class 34: Invalid Cursor Name
    public static let invalidCursorName = SQLState(rawValue: "34000")

    // MARK: Class 38: External Routine Exception
    public static let externalRoutineException = SQLState(rawValue: "38000")
    public static let containingSQLNotPermitted = SQLState(rawValue: "38001")
    public static let externalRoutineModifyingSQLDataNotPermitted = SQLState(rawValue: "38002")
    public static let externalRoutineProhibitedSQLStatementAttempted = SQLState(rawValue: "38003")
    public static let externalRoutineReadingSQLDataNotPermitted = SQLState(rawValue: "38004")

    // MARK: Class 39: External Routine Invocation Exception
    public static let externalRoutineInvocationException = SQLState(rawValue: "39000")
    public static let invalidSQLStateReturned = SQLState(rawValue: "39001")
    public static let externalRoutineInvocationNullValueNotAllowed = SQLState(rawValue: "39004")
    public static let triggerProtocolViolated = SQLState(rawValue: "39P01")
    public static let srfProtocolViolated = SQLState(rawValue: "39P02")
    public static let eventTriggerProtocolViolated = SQLState(rawValue: "39P03")

    // MARK: Class 3B: Savepoint Exception
    public static let savepointException = SQLState(rawValue: "3B000")
    public static let invalidSavepointSpecification = SQLState(rawValue: "3B001")

    // MARK: Class 3D: Invalid Catalog Name
    public static let invalidCatalogName = SQLState(rawValue: "3D000")

    // MARK: Class 3F: Invalid Schema Name
    public static let invalidSchemaName = SQLState(rawValue: "3F000")

    // MARK: Class 40: Transaction Rollback
    public static let transactionRollback = SQLState(rawValue: "40000")
    public static let transactionIntegrityConstraintViolation = SQLState(rawValue: "40002")
    public static let serializationFailure = SQLState(rawValue: "40001")
    public static let statementCompletionUnknown = SQLState(rawValue: "40003")
    public static let deadlockDetected = SQLState(rawValue: "40P01")

    // MARK: Class 42: Syntax Error or Access Rule Violation
    public static let syntaxErrorOrAccessRuleViolation = SQLState(rawValue: "42000")
    public static let syntaxError = SQLState(rawValue: "42601")
    public static let insufficientPrivilege = SQLState(rawValue: "42501")
    public static let cannotCoerce = SQLState(rawValue: "42846")
    public static let groupingError = SQLState(rawValue: "42803")
    public static let windowingError = SQLState(rawValue: "42P20")
    public static let invalidRecursion = SQLState(rawValue: "42P19")
    public static let invalidForeignKey = SQLState(rawValue: "42830")
    public static let invalidName = SQLState(rawValue: "42602")
    public static let nameTooLong = SQLState(rawValue: "42622")
    public static let reservedName = SQLState(rawValue: "42939")
    public static let datatypeMismatch = SQLState(rawValue: "42804")
    public static let indeterminateDatatype = SQLState(rawValue: "42P18")
    public static let collationMismatch = SQLState(rawValue: "42P21")
    public static let indeterminateCollation = SQLState(rawValue: "42P22")
    public static let wrongObjectType = SQLState(rawValue: "42809")
    public static let generatedAlways = SQLState(rawValue: "428C9")
    public static let undefinedColumn = SQLState(rawValue: "42703")
    public static let undefinedFunction = SQLState(rawValue: "42883")
    public static let undefinedTable = SQLState(rawValue: "42P01")
    public static let undefinedParameter = SQLState(rawValue: "42P02")
    public static let undefinedObject = SQLState(rawValue: "42704")
    public static let duplicateColumn = SQLState(rawValue: "42701")
    public static let duplicateCursor = SQLState(rawValue: "42P03")
    public static let duplicateDatabase = SQLState(rawValue: "42P04")
    public static let duplicateFunction = SQLState(rawValue: "42723")
    public static let duplicatePreparedStatement = SQLState(rawValue: "42P05")
    public static let duplicateSchema = SQLState(rawValue: "42P06")
    public static let duplicateTable = SQLState(rawValue: "42P07")
    public static let duplicateAlias = SQLState(rawValue: "42712")
    public static let duplicateObject = SQLState(rawValue: "42710")
    public static let ambiguousColumn = SQLState(rawValue: "42702")
    public static let ambiguousFunction = SQLState(rawValue: "42725")
    public static let ambiguousParameter = SQLState(rawValue: "42P08")
    public static let ambiguousAlias = SQLState(rawValue: "42P09")
    public static let invalidColumnReference = SQLState(rawValue: "42P10")
    public static let invalidColumnDefinition = SQLState(rawValue: "42611")
    public static let invalidCursorDefinition = SQLState(rawValue: "42P11")
    public static let invalidDatabaseDefinition = SQLState(rawValue: "42P12")
    public static let invalidFunctionDefinition = SQLState(rawValue: "42P13")
    public static let invalidPreparedStatementDefinition = SQLState(rawValue: "42P14")
    public static let invalidSchemaDefinition = SQLState(rawValue: "42P15")
    public static let invalidTableDefinition = SQLState(rawValue: "42P16")
    public static let invalidObjectDefinition = SQLState(rawValue: "42P17")

    // MARK: Class 44: WITH CHECK OPTION Violation
    public static let withCheckOptionViolation = SQLState(rawValue: "44000")

    // MARK: Class 53: Insufficient Resources
    public static let insufficientResources = SQLState(rawValue: "53000")
    public static let diskFull = SQLState(rawValue: "53100")
    public static let outOfMemory = SQLState(rawValue: "53200")
    public static let tooManyConnections = SQLState(rawValue: "53300")
    public static let configurationLimitExceeded = SQLState(rawValue: "53400")

    // MARK: Class 54: Program Limit Exceeded
    public static let programLimitExceeded = SQLState(rawValue: "54000")
    public static let statementTooComplex = SQLState(rawValue: "54001")
    public static let tooManyColumns = SQLState(rawValue: "54011")
    public static let tooManyArguments = SQLState(rawValue: "54023")

    // MARK: Class 55: Object Not In Prerequisite State
    public static let objectNotInPrerequisiteState = SQLState(rawValue: "55000")
    public static let objectInUse = SQLState(rawValue: "55006")
    public static let cantChangeRuntimeParam = SQLState(rawValue: "55P02")
    public static let lockNotAvailable = SQLState(rawValue: "55P03")
    public static let unsafeNewEnumValueUsage = SQLState(rawValue: "55P04")

    // MARK: Class 57: Operator Intervention
    public static let operatorIntervention = SQLState(rawValue: "57000")
    public static let queryCanceled = SQLState(rawValue: "57014")
    public static let adminShutdown = SQLState(rawValue: "57P01")
    public static let crashShutdown = SQLState(rawValue: "57P02")
    public static let cannotConnectNow = SQLState(rawValue: "57P03")
    public static let databaseDropped = SQLState(rawValue: "57P04")
    public static let idleSessionTimeout = SQLState(rawValue: "57P05")

    // MARK: Class 58: System Error (errors external to PostgreSQL itself)
    public static let systemError = SQLState(rawValue: "58000")
    public static let ioError = SQLState(rawValue: "58030")
    public static let undefinedFile = SQLState(rawValue: "58P01")
    public static let duplicateFile = SQLState(rawValue: "58P02")

    // MARK: Class 72: Snapshot Failure
    public static let snapshotTooOld = SQLState(rawValue: "72000")

    // MARK: Class F0: Configuration File Error
    public static let configFileError = SQLState(rawValue: "F0000")
    public static let lockFileExists = SQLState(rawValue: "F0001")

    // MARK: Class HV: Foreign Data Wrapper Error (SQL/MED)
    public static let fdwError = SQLState(rawValue: "HV000")
    public static let fdwColumnNameNotFound = SQLState(rawValue: "HV005")
    public static let fdwDynamicParameterValueNeeded = SQLState(rawValue: "HV002")
    public static let fdwFunctionSequenceError = SQLState(rawValue: "HV010")
    public static let fdwInconsistentDescriptorInformation = SQLState(rawValue: "HV021")
    public static let fdwInvalidAttributeValue = SQLState(rawValue: "HV024")
    public static let fdwInvalidColumnName = SQLState(rawValue: "HV007")
    public static let fdwInvalidColumnNumber = SQLState(rawValue: "HV008")
    public static let fdwInvalidDataType = SQLState(rawValue: "HV004")
    public static let fdwInvalidDataTypeDescriptors = SQLState(rawValue: "HV006")
    public static let fdwInvalidDescriptorFieldIdentifier = SQLState(rawValue: "HV091")
    public static let fdwInvalidHandle = SQLState(rawValue: "HV00B")
    public static let fdwInvalidOptionIndex = SQLState(rawValue: "HV00C")
    public static let fdwInvalidOptionName = SQLState(rawValue: "HV00D")
    public static let fdwInvalidStringLengthOrBufferLength = SQLState(rawValue: "HV090")
    public static let fdwInvalidStringFormat = SQLState(rawValue: "HV00A")
    public static let fdwInvalidUseOfNullPointer = SQLState(rawValue: "HV009")
    public static let fdwTooManyHandles = SQLState(rawValue: "HV014")
    public static let fdwOutOfMemory = SQLState(rawValue: "HV001")
    public static let fdwNoSchemas = SQLState(rawValue: "HV00P")
    public static let fdwOptionNameNotFound = SQLState(rawValue: "HV00J")
    public static let fdwReplyHandle = SQLState(rawValue: "HV00K")
    public static let fdwSchemaNotFound = SQLState(rawValue: "HV00Q")
    public static let fdwTableNotFound = SQLState(rawValue: "HV00R")
    public static let fdwUnableToCreateExecution = SQLState(rawValue: "HV00L")
    public static let fdwUnableToCreateReply = SQLState(rawValue: "HV00M")
    public static let fdwUnableToEstablishConnection = SQLState(rawValue: "HV00N")

    // MARK: Class P0: PL/pgSQL Error
    public static let plpgsqlError = SQLState(rawValue: "P0000")
    public static let raiseException = SQLState(rawValue: "P0001")
    public static let noDataFound = SQLState(rawValue: "P0002")
    public static let tooManyRows = SQLState(rawValue: "P0003")
    public static let assertFailure = SQLState(rawValue: "P0004")

    // MARK: Class XX: Internal Error
    public static let internalError = SQLState(rawValue: "XX000")
    public static let dataCorrupted = SQLState(rawValue: "XX001")
    public static let indexCorrupted = SQLState(rawValue: "XX002")
}
