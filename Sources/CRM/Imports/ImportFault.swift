/// Why a file cannot be imported any further.
struct ImportFault: Error, Equatable {
    let failure: FileImport.Failure

    init(_ code: String, _ detail: String) { failure = FileImport.Failure(code: code, detail: detail) }

    static func unreadable(_ detail: String) -> ImportFault { ImportFault("unreadable", detail) }
}
