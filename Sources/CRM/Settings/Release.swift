/// Which release of the product a program is of.
public enum Release {
    public static let number = "0.1.0"

    /// What programs say of themselves: the release, and the newest migration that they were built for.
    public static var version: String { "\(number) (schema \(SchemaVersion.required))" }
}
