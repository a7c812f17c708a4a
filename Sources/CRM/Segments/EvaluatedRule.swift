/// A segment's rule, on its way to be evaluated.
struct EvaluatedRule: Sendable {
    let id: Segment.ID
    let rule: SegmentRule

    init(id: Segment.ID, rule: SegmentRule) {
        self.id = id
        self.rule = rule
    }

    init?(id: Segment.ID, rule: SegmentRule?) {
        guard let rule else { return nil }
        self.init(id: id, rule: rule)
    }
}

extension [EvaluatedRule] {
    /// Most rule segments of a tenant: each is asked about each customer that changes.
    static let maximum = 200
    /// Most segments that build on each other, one after the other.
    static let maximumChain = 8

    /// Every rule after those whose segments it asks for.
    var inOrder: [EvaluatedRule] {
        var (ordered, done): ([EvaluatedRule], Set<Segment.ID>) = ([], [])
        let ids = Set(map(\.id))
        var rest = self
        while !rest.isEmpty {
            let ready = rest.filter { $0.rule.segments.intersection(ids).isSubset(of: done) }
            // Rings are refused where rules are written.
            let next = ready.isEmpty ? rest : ready
            ordered += next
            done.formUnion(next.map(\.id))
            rest.removeAll { done.contains($0.id) }
        }
        return ordered
    }

    /// One rule and those that build on it, however indirectly, in order.
    func buildingOn(_ id: Segment.ID) -> [EvaluatedRule] {
        var wanted: Set = [id]
        return inOrder.filter { rule in
            guard rule.id == id || !rule.rule.segments.isDisjoint(with: wanted) else { return false }
            wanted.insert(rule.id)
            return true
        }
    }

    /// One rule and those that it builds on, however indirectly, in order.
    func leading(to id: Segment.ID) -> [EvaluatedRule] {
        var wanted: Set = [id]
        return inOrder.reversed().filter { rule in
            guard wanted.contains(rule.id) else { return false }
            wanted.formUnion(rule.rule.segments)
            return true
        }.reversed()
    }

    /// How many segments at most build on each other, one after the other; `nil` when some of them come round to themselves.
    var longestChain: Int? {
        var lengths: [Segment.ID: Int] = [:]
        let ids = Set(map(\.id))
        for rule in inOrder {
            let others = rule.rule.segments.intersection(ids)
            let known = others.compactMap { lengths[$0] }
            guard known.count == others.count else { return nil }
            lengths[rule.id] = (known.max() ?? 0) + 1
        }
        return lengths.values.max() ?? 0
    }
}
