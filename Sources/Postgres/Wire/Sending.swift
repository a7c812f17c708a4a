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
    func check(_ label: StatementLabel) throws {
        guard Self.fits(slots.count, bytes: bytes.count) else { throw PostgresError(.tooLarge, label) }
    }

    /// Whether so many values, of so many bytes together, fit into one Bind: the server takes no message over
    /// 0x3FFFFFFE bytes, and each value brings a format and a length. (PostgreSQL 15, `PQ_LARGE_MESSAGE_LIMIT`.)
    static func fits(_ values: Int, bytes: Int) -> Bool {
        // What else is in the message: its length, the names of portal and statement, the numbers of values and formats.
        let others = 256
        return values <= 65_535 && bytes + 6 * values + others <= 0x3FFF_FFFE
    }

    /// Lends the values as libpq takes them.
    fileprivate func withValues<Result>(_ body: (Values) -> Result) -> Result {
        if slots.isEmpty { return body(Values(count: 0, values: nil, lengths: nil, formats: nil)) }
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
                    return body(
                        Values(
                            count: Int32(slots.count), values: values.baseAddress, lengths: lengths.baseAddress,
                            formats: formats.baseAddress))
                }
            }
        }
    }

    fileprivate struct Values {
        let count: Int32
        let values: UnsafePointer<UnsafePointer<CChar>?>?
        let lengths: UnsafePointer<Int32>?
        let formats: UnsafePointer<Int32>?
    }
}

extension SQL {
    /// Queues the execution of the statement that stands prepared as `name`; `false` when libpq refuses it.
    func sendPrepared(_ name: PreparedName, to connection: OpaquePointer) -> Bool {
        name.cString.withUnsafeBufferPointer { name in
            parameters.withValues {
                PQsendQueryPrepared(
                    connection, name.baseAddress, $0.count, $0.values, $0.lengths, $0.formats, 1) == 1
            }
        }
    }

    /// Queues the whole statement, which leaves nothing on the server; `false` when libpq refuses it.
    func sendUnprepared(to connection: OpaquePointer) -> Bool {
        withText { text in
            let types = parameters.slots.map(\.type.oid)
            return parameters.withValues {
                PQsendQueryParams(connection, text, $0.count, types, $0.values, $0.lengths, $0.formats, 1) == 1
            }
        }
    }

    /// Queues the preparation of the statement as `name`; `false` when libpq refuses it.
    func sendPrepare(as name: PreparedName, to connection: OpaquePointer) -> Bool {
        withText { text in
            let types = parameters.slots.map(\.type.oid)
            return name.cString.withUnsafeBufferPointer {
                PQsendPrepare(connection, $0.baseAddress, text, Int32(types.count), types) == 1
            }
        }
    }

    private func withText<Result>(_ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        (utf8 + [0]).withUnsafeBytes { body($0.assumingMemoryBound(to: CChar.self).baseAddress) }
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
            detail: field("D"), hint: field("H"), position: field("P").flatMap(Int.init),
            internalPosition: field("p").flatMap(Int.init), internalQuery: field("q"), context: field("W"),
            schema: field("s"), table: field("t"), column: field("c"), dataType: field("d"), constraint: field("n"),
            sourceFile: field("F"), sourceLine: field("L").flatMap(Int.init), sourceFunction: field("R"))
    }
}
