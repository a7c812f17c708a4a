/// How large a file an import takes, and how long.
public struct ImportLimits: Sendable {
    /// Rows behind the header.
    public var maximumRows: Int
    /// Bytes of one cell, without its quotes.
    public var maximumCellBytes: Int
    public var maximumColumns: Int
    /// Bad values that are told at once; reading ends with the last of them.
    public var maximumErrors: Int
    /// How long the import may keep its connection.
    public var timeout: Duration
    /// How long the import waits for its turn behind another one of the same tenant, and for rows that others change.
    public var patience: Duration

    public init(
        maximumRows: Int = 5_000_000, maximumCellBytes: Int = 64 * 1024, maximumColumns: Int = 64,
        maximumErrors: Int = 100, timeout: Duration = .seconds(1800), patience: Duration = .seconds(120)
    ) {
        self.maximumRows = maximumRows
        self.maximumCellBytes = maximumCellBytes
        self.maximumColumns = maximumColumns
        self.maximumErrors = maximumErrors
        self.timeout = timeout
        self.patience = patience
    }
}
