import CLibPQ

/// Lends an array of C strings with a final nil, as libpq takes its keywords and values.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for string in strings {
        offsets.append(bytes.count)
        bytes.append(contentsOf: string.utf8CString)
    }
    return bytes.withUnsafeBufferPointer { buffer in
        var pointers = offsets.map { offset in buffer.baseAddress.map { $0 + offset } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { pointers in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: 1) { none in
                none[0] = nil
                return body(pointers.baseAddress ?? UnsafePointer(none.baseAddress.unsafelyUnwrapped))
            }
        }
    }
}

extension Parameters {
    /// Throws when the protocol cannot carry these values.
    func check(_ statement: StaticString) throws {
        guard slots.count <= 65_535, bytes.count < 1 << 30 else {
            throw PostgresError(.tooLarge, statement: statement.description)
        }
    }

    /// Queues the execution of a prepared statement with these values; `false` when libpq refuses it.
    func send(to connection: OpaquePointer, statement: String) -> Bool {
        if slots.isEmpty { return PQsendQueryPrepared(connection, statement, 0, nil, nil, nil, 1) == 1 }
        return bytes.withUnsafeBytes { buffer in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: slots.count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: slots.count * 2) { numbers in
                    let lengths = UnsafeMutableBufferPointer(rebasing: numbers[..<slots.count])
                    let formats = UnsafeMutableBufferPointer(rebasing: numbers[slots.count...])
                    // An empty value needs an address that is not nil, or libpq would send NULL.
                    let base = buffer.baseAddress ?? UnsafeRawPointer(numbers.baseAddress.unsafelyUnwrapped)
                    for (index, slot) in slots.enumerated() {
                        values.initializeElement(
                            at: index,
                            to: slot.length < 0 ? nil : (base + slot.offset).assumingMemoryBound(to: CChar.self))
                        lengths.initializeElement(at: index, to: Int32(max(0, slot.length)))
                        formats.initializeElement(at: index, to: 1)
                    }
                    return PQsendQueryPrepared(
                        connection, statement, Int32(slots.count), values.baseAddress, lengths.baseAddress,
                        formats.baseAddress, 1) == 1
                }
            }
        }
    }
}

extension ServerReport {
    /// Reads the server's refusal; `nil` for libpq's own report of a lost connection, which has no SQLSTATE.
    init?(refusal result: OpaquePointer) {
        guard Self.isRefusal(result) else { return nil }
        self.init(result)
    }

    /// Whether a failed result is the server's; `C` is PG_DIAG_SQLSTATE.
    static func isRefusal(_ result: OpaquePointer) -> Bool {
        PQresultErrorField(result, Int32(UInt8(ascii: "C"))) != nil
    }

    /// Reads the fields of an error or notice.
    init(_ result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue, let text = PQresultErrorField(result, Int32(ascii)) else { return nil }
            return String(cString: text)
        }
        self.init(
            severity: field("V") ?? field("S") ?? "ERROR",
            // libpq's own reports carry no SQLSTATE; connection_failure says what they are.
            state: SQLState(rawValue: field("C") ?? "08006"),
            message: field("M") ?? PQresultErrorMessage(result).map { String(cString: $0) } ?? "",
            detail: field("D"), hint: field("H"), schema: field("s"), table: field("t"), column: field("c"),
            constraint: field("n"), position: field("P").flatMap(Int.init))
    }
}
