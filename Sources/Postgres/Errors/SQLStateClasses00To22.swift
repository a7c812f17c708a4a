/// Appendix A from class 00 to 22; ``SQLState`` says how the names are made.
extension SQLState {
    // MARK: Class 00: Successful Completion
    public static let successfulCompletion = SQLState(rawValue: "00000")

    // MARK: Class 01: Warning
    public static let warning = SQLState(rawValue: "01000")
    public static let dynamicResultSetsReturned = SQLState(rawValue: "0100C")
    public static let implicitZeroBitPadding = SQLState(rawValue: "01008")
    public static let nullValueEliminatedInSetFunction = SQLState(rawValue: "01003")
    public static let privilegeNotGranted = SQLState(rawValue: "01007")
    public static let privilegeNotRevoked = SQLState(rawValue: "01006")
    public static let warningStringDataRightTruncation = SQLState(rawValue: "01004")
    public static let deprecatedFeature = SQLState(rawValue: "01P01")

    // MARK: Class 02: No Data
    public static let noData = SQLState(rawValue: "02000")
    public static let noAdditionalDynamicResultSetsReturned = SQLState(rawValue: "02001")

    // MARK: Class 03: SQL Statement Not Yet Complete
    public static let sqlStatementNotYetComplete = SQLState(rawValue: "03000")

    // MARK: Class 08: Connection Exception
    public static let connectionException = SQLState(rawValue: "08000")
    public static let connectionDoesNotExist = SQLState(rawValue: "08003")
    public static let connectionFailure = SQLState(rawValue: "08006")
    public static let sqlClientUnableToEstablishSQLConnection = SQLState(rawValue: "08001")
    public static let sqlServerRejectedEstablishmentOfSQLConnection = SQLState(rawValue: "08004")
    public static let transactionResolutionUnknown = SQLState(rawValue: "08007")
    public static let protocolViolation = SQLState(rawValue: "08P01")

    // MARK: Class 09: Triggered Action Exception
    public static let triggeredActionException = SQLState(rawValue: "09000")

    // MARK: Class 0A: Feature Not Supported
    public static let featureNotSupported = SQLState(rawValue: "0A000")

    // MARK: Class 0B: Invalid Transaction Initiation
    public static let invalidTransactionInitiation = SQLState(rawValue: "0B000")

    // MARK: Class 0F: Locator Exception
    public static let locatorException = SQLState(rawValue: "0F000")
    public static let invalidLocatorSpecification = SQLState(rawValue: "0F001")

    // MARK: Class 0L: Invalid Grantor
    public static let invalidGrantor = SQLState(rawValue: "0L000")
    public static let invalidGrantOperation = SQLState(rawValue: "0LP01")

    // MARK: Class 0P: Invalid Role Specification
    public static let invalidRoleSpecification = SQLState(rawValue: "0P000")

    // MARK: Class 0Z: Diagnostics Exception
    public static let diagnosticsException = SQLState(rawValue: "0Z000")
    public static let stackedDiagnosticsAccessedWithoutActiveHandler = SQLState(rawValue: "0Z002")

    // MARK: Class 20: Case Not Found
    public static let caseNotFound = SQLState(rawValue: "20000")

    // MARK: Class 21: Cardinality Violation
    public static let cardinalityViolation = SQLState(rawValue: "21000")

    // MARK: Class 22: Data Exception
    public static let dataException = SQLState(rawValue: "22000")
    public static let arraySubscriptError = SQLState(rawValue: "2202E")
    public static let characterNotInRepertoire = SQLState(rawValue: "22021")
    public static let datetimeFieldOverflow = SQLState(rawValue: "22008")
    public static let divisionByZero = SQLState(rawValue: "22012")
    public static let errorInAssignment = SQLState(rawValue: "22005")
    public static let escapeCharacterConflict = SQLState(rawValue: "2200B")
    public static let indicatorOverflow = SQLState(rawValue: "22022")
    public static let intervalFieldOverflow = SQLState(rawValue: "22015")
    public static let invalidArgumentForLogarithm = SQLState(rawValue: "2201E")
    public static let invalidArgumentForNtileFunction = SQLState(rawValue: "22014")
    public static let invalidArgumentForNthValueFunction = SQLState(rawValue: "22016")
    public static let invalidArgumentForPowerFunction = SQLState(rawValue: "2201F")
    public static let invalidArgumentForWidthBucketFunction = SQLState(rawValue: "2201G")
    public static let invalidCharacterValueForCast = SQLState(rawValue: "22018")
    public static let invalidDatetimeFormat = SQLState(rawValue: "22007")
    public static let invalidEscapeCharacter = SQLState(rawValue: "22019")
    public static let invalidEscapeOctet = SQLState(rawValue: "2200D")
    public static let invalidEscapeSequence = SQLState(rawValue: "22025")
    public static let nonstandardUseOfEscapeCharacter = SQLState(rawValue: "22P06")
    public static let invalidIndicatorParameterValue = SQLState(rawValue: "22010")
    public static let invalidParameterValue = SQLState(rawValue: "22023")
    public static let invalidPrecedingOrFollowingSize = SQLState(rawValue: "22013")
    public static let invalidRegularExpression = SQLState(rawValue: "2201B")
    public static let invalidRowCountInLimitClause = SQLState(rawValue: "2201W")
    public static let invalidRowCountInResultOffsetClause = SQLState(rawValue: "2201X")
    public static let invalidTablesampleArgument = SQLState(rawValue: "2202H")
    public static let invalidTablesampleRepeat = SQLState(rawValue: "2202G")
    public static let invalidTimeZoneDisplacementValue = SQLState(rawValue: "22009")
    public static let invalidUseOfEscapeCharacter = SQLState(rawValue: "2200C")
    public static let mostSpecificTypeMismatch = SQLState(rawValue: "2200G")
    public static let nullValueNotAllowed = SQLState(rawValue: "22004")
    public static let nullValueNoIndicatorParameter = SQLState(rawValue: "22002")
    public static let numericValueOutOfRange = SQLState(rawValue: "22003")
    public static let sequenceGeneratorLimitExceeded = SQLState(rawValue: "2200H")
    public static let stringDataLengthMismatch = SQLState(rawValue: "22026")
    public static let stringDataRightTruncation = SQLState(rawValue: "22001")
    public static let substringError = SQLState(rawValue: "22011")
    public static let trimError = SQLState(rawValue: "22027")
    public static let unterminatedCString = SQLState(rawValue: "22024")
    public static let zeroLengthCharacterString = SQLState(rawValue: "2200F")
    public static let floatingPointException = SQLState(rawValue: "22P01")
    public static let invalidTextRepresentation = SQLState(rawValue: "22P02")
    public static let invalidBinaryRepresentation = SQLState(rawValue: "22P03")
    public static let badCopyFileFormat = SQLState(rawValue: "22P04")
    public static let untranslatableCharacter = SQLState(rawValue: "22P05")
    public static let notAnXMLDocument = SQLState(rawValue: "2200L")
    public static let invalidXMLDocument = SQLState(rawValue: "2200M")
    public static let invalidXMLContent = SQLState(rawValue: "2200N")
    public static let invalidXMLComment = SQLState(rawValue: "2200S")
    public static let invalidXMLProcessingInstruction = SQLState(rawValue: "2200T")
    public static let duplicateJSONObjectKeyValue = SQLState(rawValue: "22030")
    public static let invalidArgumentForSQLJSONDatetimeFunction = SQLState(rawValue: "22031")
    public static let invalidJSONText = SQLState(rawValue: "22032")
    public static let invalidSQLJSONSubscript = SQLState(rawValue: "22033")
    public static let moreThanOneSQLJSONItem = SQLState(rawValue: "22034")
    public static let noSQLJSONItem = SQLState(rawValue: "22035")
    public static let nonNumericSQLJSONItem = SQLState(rawValue: "22036")
    public static let nonUniqueKeysInAJSONObject = SQLState(rawValue: "22037")
    public static let singletonSQLJSONItemRequired = SQLState(rawValue: "22038")
    public static let sqlJSONArrayNotFound = SQLState(rawValue: "22039")
    public static let sqlJSONMemberNotFound = SQLState(rawValue: "2203A")
    public static let sqlJSONNumberNotFound = SQLState(rawValue: "2203B")
    public static let sqlJSONObjectNotFound = SQLState(rawValue: "2203C")
    public static let tooManyJSONArrayElements = SQLState(rawValue: "2203D")
    public static let tooManyJSONObjectMembers = SQLState(rawValue: "2203E")
    public static let sqlJSONScalarRequired = SQLState(rawValue: "2203F")
    public static let sqlJSONItemCannotBeCastToTargetType = SQLState(rawValue: "2203G")
}
