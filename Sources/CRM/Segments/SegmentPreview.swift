/// Whom a rule describes now, before it is a segment's.
public struct SegmentPreview: Sendable {
    static let sampleSize = 10

    public let count: Int
    /// The newest of them.
    public let sample: [Customer]
}

extension SegmentPreview: JSONObject {
    public static let schemaName = "SegmentPreview"
    public static let schemaDescription =
        "Whom a rule describes now. What changed within the last seconds, or by a file that is still coming in, is not counted yet."
    public static var example: SegmentPreview { SegmentPreview(count: 1_204, sample: [.example]) }

    public func members(_ json: inout JSONWriter) {
        json.member("count", count, "How many customers.")
        json.member("sample", sample, "The newest of them; none for a caller who may not read customers.")
    }
}
