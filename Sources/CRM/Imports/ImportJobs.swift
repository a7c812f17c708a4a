public import JobQueue

/// Goes on with an import of a file, for a while: then it leaves its slot to others and waits behind them.
public struct RunImport: Job {
    public static let kind = "import.run"
    /// What takes long has few slots, so that it leaves the connections to others.
    public static let queue = "imports"
    public static let slots = QueueSlots(maximum: 2)

    public let importID: FileImport.ID
    public var uniqueKey: String? { importID.description }

    public init(importID: FileImport.ID) { self.importID = importID }
}
