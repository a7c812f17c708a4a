import Crypto
public import Foundation

/// The secrets that access tokens are signed with: the first signs, the others are still believed.
///
/// Kept in a file as a JSON Web Key Set (RFC 7517) of symmetric keys. A new first key and the old one behind it change the key
/// without ending anybody's session.
public struct SigningKeys: Sendable {
    struct Key: Sendable, Codable, Equatable {
        let kid: String
        let secret: Data

        private enum CodingKeys: String, CodingKey { case kty, alg, kid, secret = "k" }

        init() {
            var generator = SystemRandomNumberGenerator()
            func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255, using: &generator) } }
            kid = Base32.encode(random(8))
            secret = Data(random(32))
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard try container.decode(String.self, forKey: .kty) == "oct" else {
                throw DecodingError.dataCorruptedError(forKey: .kty, in: container, debugDescription: "not oct")
            }
            kid = try container.decode(String.self, forKey: .kid)
            let text = try container.decode(String.self, forKey: .secret)
            guard let secret = Data(base64URL: text), secret.count >= 32 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .secret, in: container, debugDescription: "not 32 bytes or more in base64url")
            }
            self.secret = secret
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode("oct", forKey: .kty)
            try container.encode("HS256", forKey: .alg)
            try container.encode(kid, forKey: .kid)
            try container.encode(secret.base64URL, forKey: .secret)
        }
    }

    private struct KeySet: Codable {
        let keys: [Key]
    }

    /// At least one.
    let keys: [Key]

    /// One new key, for as long as the process lives.
    public static func random() -> SigningKeys { SigningKeys(keys: [Key()]) }

    private init(keys: [Key]) { self.keys = keys }

    /// - Throws: ``SigningKeysError``.
    public init(file: URL) throws {
        let data: Data
        do {
            data = try Data(contentsOf: file)
        } catch {
            throw SigningKeysError(file: file, reason: "cannot be read; mehvar signing-keys rotate FILE makes it")
        }
        do {
            keys = try JSONDecoder().decode(KeySet.self, from: data).keys
        } catch {
            // The error would show what stands in the file.
            throw SigningKeysError(file: file, reason: "is no JSON Web Key Set of symmetric keys")
        }
        guard !keys.isEmpty else { throw SigningKeysError(file: file, reason: "holds no key") }
        guard Set(keys.map(\.kid)).count == keys.count else {
            throw SigningKeysError(file: file, reason: "holds two keys with the same kid")
        }
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int ?? 0
        guard mode & 0o077 == 0 else {
            throw SigningKeysError(file: file, reason: "can be read by others than its owner; chmod 600 it")
        }
    }

    /// The keys with a new one in front; of the old ones so many stay.
    public func rotated(keeping old: Int) -> SigningKeys { SigningKeys(keys: [Key()] + keys.prefix(old)) }

    /// Writes the file anew, so that a reader sees the old one or the new one, and nobody else either.
    public func write(to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let draft = file.deletingLastPathComponent().appending(path: ".\(file.lastPathComponent).\(UUID().uuidString)")
        let data = try encoder.encode(KeySet(keys: keys))
        guard FileManager.default.createFile(atPath: draft.path, contents: data, attributes: [.posixPermissions: 0o600])
        else { throw SigningKeysError(file: file, reason: "cannot be written") }
        // Whoever could read the file before can read it afterwards, also when the administrator wrote it.
        let manager = FileManager.default
        if manager.fileExists(atPath: file.path) {
            do {
                let owner = try manager.attributesOfItem(atPath: file.path).filter { attribute in
                    [.ownerAccountID, .groupOwnerAccountID].contains(attribute.key)
                }
                try manager.setAttributes(owner, ofItemAtPath: draft.path)
            } catch {
                unlink(draft.path)
                throw SigningKeysError(
                    file: file, reason: "belongs to somebody else; rotate it as that one, or as root")
            }
        }
        guard rename(draft.path, file.path) == 0 else {
            unlink(draft.path)
            throw SigningKeysError(file: file, reason: "cannot be replaced: \(String(cString: strerror(errno)))")
        }
    }
}

/// The file of signing keys cannot be used.
public struct SigningKeysError: Error, CustomStringConvertible {
    let file: URL
    let reason: String
    public var description: String { "\(file.path) \(reason)" }
}

extension Data {
    fileprivate init?(base64URL text: String) {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        self.init(base64Encoded: standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4))
    }

    fileprivate var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
