import Crypto
import CryptoExtras
import Dispatch
import Foundation
import Synchronization

/// Hashes passwords with scrypt (RFC 7914), one at a time on a thread of its own: each takes a tenth of a second of a processor and
/// 32 MiB on purpose, and must not hold up other requests.
public final class PasswordHasher: Sendable {
    /// What a hash costs. Stored with each, so that it can be raised.
    public struct Cost: Sendable, Equatable {
        /// The logarithm of the number of rounds.
        var logRounds: Int
        var blockSize: Int
        var parallelism: Int

        /// 2^15 rounds of blocks of 1 KiB: 32 MiB, three times over. (OWASP, “Password Storage Cheat Sheet”)
        public static let standard = Cost(logRounds: 15, blockSize: 8, parallelism: 3)
        /// For tests, which sign in often.
        package static let low = Cost(logRounds: 4, blockSize: 8, parallelism: 1)
    }

    /// So many wait at most, and of one network address; who comes then is told to come back.
    private static let longestLine = 32
    private static let longestOfAddress = 4
    private static let saltBytes = 16
    private static let keyBytes = 32

    private let cost: Cost
    private let queue = DispatchQueue(label: "mehvar.passwords")
    private let waiting = Mutex(Line())

    private struct Line {
        var count = 0
        var addresses: [String: Int] = [:]
    }

    public init(cost: Cost = .standard) { self.cost = cost }

    /// Lends a place in the line. Taken before anything is counted, so that who is turned away has lost nothing.
    ///
    /// - Parameter address: of the network; one cannot keep all the others out.
    /// - Throws: ``ServiceError/overloaded`` while too many wait.
    func withPlace<Result>(for address: String?, _ body: () async throws -> Result) async throws -> Result {
        let mayWait = waiting.withLock { line in
            guard line.count < Self.longestLine,
                address.map({ line.addresses[$0, default: 0] < Self.longestOfAddress }) ?? true
            else { return false }
            line.count += 1
            if let address { line.addresses[address, default: 0] += 1 }
            return true
        }
        guard mayWait else { throw ServiceError.overloaded }
        defer {
            waiting.withLock { line in
                line.count -= 1
                guard let address, let left = line.addresses[address].map({ $0 - 1 }) else { return }
                line.addresses[address] = left == 0 ? nil : left
            }
        }
        return try await body()
    }

    func hash(_ password: String) async throws -> String {
        try await run { [cost] in
            var generator = SystemRandomNumberGenerator()
            let salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
            return try StoredPassword(cost: cost, salt: salt, key: Self.key(password, salt, cost)).text
        }
    }

    /// Whether the password is the one of the hash. Without a hash it is not, which takes as long to find out.
    func verify(_ password: String, _ hash: String?) async throws -> Bool {
        try await run { [cost] in
            let stored = hash.flatMap(StoredPassword.init)
            let salt = stored?.salt ?? [UInt8](repeating: 0, count: Self.saltBytes)
            let key = try Self.key(password, salt, stored?.cost ?? cost)
            // Keys are compared in constant time.
            return stored.map { SymmetricKey(data: $0.key) == SymmetricKey(data: key) } ?? false
        }
    }

    /// Whether the hash was made at another cost than new ones are.
    func isOutdated(_ hash: String) -> Bool { StoredPassword(hash)?.cost != cost }

    private static func key(_ password: String, _ salt: [UInt8], _ cost: Cost) throws -> [UInt8] {
        // What looks the same is the same, however it was typed. (RFC 8265, section 4.2)
        let normal = password.precomposedStringWithCanonicalMapping
        let key = try KDF.Scrypt.deriveKey(
            from: Data(normal.utf8), salt: salt, outputByteCount: keyBytes, rounds: 1 << cost.logRounds,
            blockSize: cost.blockSize, parallelism: cost.parallelism, maxMemory: 1 << 30)
        return key.withUnsafeBytes { Array($0) }
    }

    private func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try work() }) }
        }
    }
}

/// A hash with its cost and its salt, as it is stored: `$scrypt$ln=15,r=8,p=3$salt$key`.
private struct StoredPassword {
    let cost: PasswordHasher.Cost
    let salt: [UInt8]
    let key: [UInt8]

    init(cost: PasswordHasher.Cost, salt: [UInt8], key: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.key = key
    }

    init?(_ text: String) {
        guard
            let match = text.wholeMatch(
                of: /\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,3}),p=([0-9]{1,3})\$([^$]+)\$([^$]+)/),
            let rounds = Int(match.1), (1...24).contains(rounds), let block = Int(match.2), let lanes = Int(match.3),
            let salt = Data(base64Encoded: String(match.4)), let key = Data(base64Encoded: String(match.5))
        else { return nil }
        self.init(
            cost: .init(logRounds: rounds, blockSize: block, parallelism: lanes), salt: Array(salt), key: Array(key))
    }

    var text: String {
        let (salt, key) = (Data(salt).base64EncodedString(), Data(key).base64EncodedString())
        return "$scrypt$ln=\(cost.logRounds),r=\(cost.blockSize),p=\(cost.parallelism)$\(salt)$\(key)"
    }
}
