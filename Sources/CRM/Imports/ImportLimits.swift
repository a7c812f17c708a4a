/// How large a file an import takes, and how long.
public struct ImportLimits: Sendable {
    /// Rows behind the header.
    public var maximumRows: Int
    /// Bytes of the text, once it is decompressed.
    public var maximumBytes: Int
    /// Bytes of one cell, without its quotes; of one line of JSON.
    public var maximumCellBytes: Int
    public var maximumColumns: Int
    /// Bytes of one row, with the blank lines before it.
    public var maximumRowBytes: Int
    /// Bad values that are told at once, of a header or a row.
    public var maximumErrors: Int
    /// Rejected rows that are kept; an import that has more is failed.
    public var maximumRejected: Int
    /// Rejected rows that are kept of a file that is imported whole or not at all, and of one that is only tried.
    public var maximumRejectedOfWhole: Int
    /// Rows and bytes that are written at once.
    public var batchRows: Int
    public var batchBytes: Int
    /// How long one transaction may take; with a file that is imported whole or not at all it is the whole import.
    public var timeout: Duration
    /// How long the import waits for its turn behind another one of the same tenant, and for rows that others change.
    public var patience: Duration
    /// After this long a job leaves its slot to others and goes on behind them.
    public var slice: Duration

    public init(
        maximumRows: Int = 20_000_000, maximumBytes: Int = 16 << 30, maximumCellBytes: Int = 64 * 1024,
        maximumColumns: Int = ImportOptions.maximumColumns, maximumRowBytes: Int = 32 << 20, maximumErrors: Int = 20,
        maximumRejected: Int = 100_000,
        maximumRejectedOfWhole: Int = 1000, batchRows: Int = 10_000, batchBytes: Int = 4 << 20,
        timeout: Duration = .seconds(1800), patience: Duration = .seconds(120), slice: Duration = .seconds(10)
    ) {
        self.maximumRows = maximumRows
        self.maximumBytes = maximumBytes
        self.maximumCellBytes = maximumCellBytes
        self.maximumColumns = maximumColumns
        self.maximumRowBytes = maximumRowBytes
        self.maximumErrors = maximumErrors
        self.maximumRejected = maximumRejected
        self.maximumRejectedOfWhole = maximumRejectedOfWhole
        self.batchRows = batchRows
        self.batchBytes = batchBytes
        self.timeout = timeout
        self.patience = patience
        self.slice = slice
    }
}
