import Synchronization

/// Whether the schema was seen to fit the program. Opens once, for all copies of a ``Database``.
final class SchemaGate: Sendable {
    private let state = Atomic(false)

    var isOpen: Bool { state.load(ordering: .relaxed) }

    func open() { state.store(true, ordering: .relaxed) }
}
