import Foundation
public import JobQueue

/// Finds anew who is in a rule segment. At most one waits and one runs for a segment.
public struct EvaluateSegment: Job {
    public static let kind = "segment.evaluate"

    public let segmentID: Segment.ID
    public var uniqueKey: String? { segmentID.description }
}
