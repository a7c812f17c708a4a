/// How seldom a look is made that takes long.
///
/// While a transaction is open for long, dead entries stay in the indexes, and a look from the beginning steps over all of
/// them: it takes a processor, and pages that the claims need from the server's memory.
enum Restraint {
    /// A look may take a twentieth of the time.
    private static let factor = 20

    /// How long to rest after a look.
    static func rest(after duration: Duration) -> Duration { duration * factor }

    /// The same, but no longer than `limit` for a look that takes less than a tenth of that; then it may take a tenth of
    /// the time.
    static func rest(after duration: Duration, atMost limit: Duration) -> Duration {
        min(duration * factor, max(limit, duration * (factor / 2)))
    }
}
