import TestSupport

/// What tests of requests at once look at.
extension TestAPI {
    /// The status, once others are not in the way of the request any more.
    func status(_ send: () async throws -> Answer) async throws -> Int {
        while true {
            let answer = try await send()
            guard try answer.status == 503 && answer.text("code") == "busy" else { return answer.status }
        }
    }

    /// Requests that ended in a deadlock, one statement each: PostgreSQL ended a transaction of those that waited for each other, and
    /// however often it was run again it met the next deadlock. Their clients are told to come again, as those of a server that is busy
    /// are; they have met a mistake in the order in which rows are locked.
    var deadlocks: [String] {
        log.lines("request").compactMap { $0.metadata["error"] }.filter { $0.contains("server error 40P01") }
    }
}
