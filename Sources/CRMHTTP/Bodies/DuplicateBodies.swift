import CRM

/// How a pair is merged.
struct MergedPair: JSONBody {
    static let schemaName = "MergedPair"
    static let schemaDescription = "How two customers who may be one are made one."
    static let example = #"{"survivor_id": "019aab50-c4c0-7000-8000-000000000001"}"#
    static let mayBeLeftOut = true

    let survivor: Customer.ID?

    init(_ reader: inout BodyReader) {
        survivor = reader.identifier(
            "survivor_id",
            "Who stays, of whose values those stay that both have; by default the one with more orders, then the older."
        )
    }
}

/// Pairs that are merged.
struct MergedPairs: JSONBody {
    static let schemaName = "MergedPairs"
    static let schemaDescription = "Which pairs are merged: those that are named, or the likeliest of the open ones."
    static let example = #"{"duplicate_ids": ["019aab50-c4c0-7000-8000-000000000001"]}"#
    static let mayBeLeftOut = true

    let pairs: MergedDuplicates
    let faults: [FieldError]

    init(_ reader: inout BodyReader) {
        let ids: [Duplicate.ID]? = reader.identifiers(
            "duplicate_ids", count: 1...MergedDuplicates.maximumNamed, "The pairs.")
        let score = reader.integer(
            "minimum_score", in: Duplicate.minimumScore...100,
            "Where none are named: those with at least this score; 90 unless told otherwise.")
        let limit = reader.integer(
            "limit", in: 1...MergedDuplicates.maximum,
            "Where none are named: at most so many; 10000 unless told otherwise.")
        faults =
            ids == nil || (score == nil && limit == nil)
            ? [] : [FieldError("/duplicate_ids", "invalid", "Either pairs, or a score and a limit.")]
        pairs =
            ids.map { .some($0) }
            ?? .likely(
                minimumScore: score ?? Duplicate.sureScore, limit: limit ?? MergedDuplicates.usualLimit)
    }
}
