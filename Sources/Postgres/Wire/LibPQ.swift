import CLibPQ
import Synchronization

/// libpq's results, counted in debug builds so that tests can prove that none is left.
enum LibPQ {
    #if DEBUG
        private static let living = Atomic<Int>(0)
        /// Results that were taken and not cleared.
        static var livingResults: Int { living.load(ordering: .relaxed) }
    #endif

    static func nextResult(_ connection: OpaquePointer) -> OpaquePointer? {
        let result = PQgetResult(connection)
        #if DEBUG
            if result != nil { living.wrappingAdd(1, ordering: .relaxed) }
        #endif
        return result
    }

    static func clear(_ result: OpaquePointer) {
        PQclear(result)
        #if DEBUG
            living.wrappingSubtract(1, ordering: .relaxed)
        #endif
    }
}
