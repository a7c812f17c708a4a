import Foundation
import Mail
import Testing

@Suite final class MaildirTransportTests {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("maildir-\(UUID())")
    private var path: String { root.appendingPathComponent("deep/outbox").path }

    deinit { try? FileManager.default.removeItem(at: root) }

    private func files(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(directory)").sorted()
    }

    private func move(_ name: String, to moved: String) throws {
        try FileManager.default.moveItem(atPath: "\(path)/new/\(name)", toPath: "\(path)/cur/\(moved)")
    }

    @Test func `a mail is one private file in new, named after its delivery id`() async throws {
        let transport = MaildirTransport(path: path)
        let mail = try Samples.mail("order-1", text: "Hello\n")
        let receipt = try await transport.send(mail)
        #expect(receipt == Receipt(id: mail.id))
        #expect(try files("new") == ["order-1.mehvar"])
        #expect(try files("tmp") == [] && files("cur") == [])
        let manager = FileManager.default
        for (file, mode) in [("", 0o700), ("/tmp", 0o700), ("/new", 0o700), ("/new/order-1.mehvar", 0o600)] {
            let attributes = try manager.attributesOfItem(atPath: path + file)
            #expect(attributes[.posixPermissions] as? Int == mode)
        }
        let content = try String(contentsOfFile: "\(path)/new/order-1.mehvar", encoding: .utf8)
        #expect(
            content == "Return-Path: <bounces@parsian.example>\nDelivered-To: maryam@customer.example\n"
                + String(decoding: mail.content, as: UTF8.self).replacing("\r\n", with: "\n"))
    }

    @Test func `a null return path is written as such`() async throws {
        let message = try Samples.message()
        let mail = try OutgoingMail(id: DeliveryID("1"), returnPath: nil, message: message)
        _ = try await MaildirTransport(path: path).send(mail)
        let content = try String(contentsOfFile: "\(path)/new/1.mehvar", encoding: .utf8)
        #expect(content.hasPrefix("Return-Path: <>\n"))
    }

    @Test func `delivering an id again does nothing and says so`() async throws {
        let transport = MaildirTransport(path: path)
        let first = try Samples.mail("1", text: "first\n")
        _ = try await transport.send(first)
        let receipt = try await transport.send(Samples.mail("1", text: "second\n"))
        #expect(receipt.isDuplicate)
        #expect(try files("new") == ["1.mehvar"])
        let content = try String(contentsOfFile: "\(path)/new/1.mehvar", encoding: .utf8)
        #expect(content.contains("first"))
    }

    @Test(arguments: ["1.mehvar", "1.mehvar:2,S", "1.mehvar:2,", "1.mehvar:2,FRS", "1.mehvar:1,x"])
    func `a mail that a reader moved to cur counts as delivered`(moved: String) async throws {
        let transport = MaildirTransport(path: path)
        let mail = try Samples.mail("1")
        _ = try await transport.send(mail)
        _ = try await transport.send(Samples.mail("10"))
        try move("1.mehvar", to: moved)
        #expect(try await transport.delivered(mail.id) == true)
        #expect(try await transport.send(mail).isDuplicate)
        #expect(try await MaildirTransport(path: path).send(mail).isDuplicate)
        #expect(try files("new") == ["10.mehvar"])
        #expect(try files("cur") == [moved])
    }

    @Test func `delivered is false for what was never sent, even where there is no maildir yet`() async throws {
        let transport = MaildirTransport(path: path)
        #expect(try await transport.delivered(DeliveryID("1")) == false)
        _ = try await transport.send(Samples.mail("1"))
        #expect(try await transport.delivered(DeliveryID("1")) == true)
        #expect(try await transport.delivered(DeliveryID("2")) == false)
    }

    @Test func `a flag changed in a directory that was read before is seen`() async throws {
        let transport = MaildirTransport(path: path)
        let mail = try Samples.mail("1")
        _ = try await transport.send(mail)
        // An old change time lets the transport trust what it reads.
        let old = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: 1_000_000)]
        try FileManager.default.setAttributes(old, ofItemAtPath: "\(path)/cur")
        #expect(try await transport.delivered(DeliveryID("2")) == false)
        try move("1.mehvar", to: "1.mehvar:2,RS")
        #expect(try await transport.delivered(mail.id) == true)
    }

    @Test func `many concurrent deliveries of one id leave one message`() async throws {
        let transports = (0..<3).map { _ in MaildirTransport(path: path) }
        let mail = try Samples.mail("1")
        let fresh = try await withThrowingTaskGroup(of: Receipt.self) { group in
            for number in 0..<60 { group.addTask { try await transports[number % 3].send(mail) } }
            return try await group.reduce(0) { $0 + ($1.isDuplicate ? 0 : 1) }
        }
        #expect(fresh == 1)
        #expect(try files("new") == ["1.mehvar"])
        #expect(try files("tmp") == [])
    }

    @Test func `different ids are delivered side by side`() async throws {
        let transport = MaildirTransport(path: path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 { group.addTask { _ = try await transport.send(Samples.mail("m\(number)")) } }
            try await group.waitForAll()
        }
        #expect(try files("new").count == 40)
    }

    @Test func `the first deliveries into a maildir that is not there yet do not get in each other's way`() async throws
    {
        for round in 0..<100 {
            let transport = MaildirTransport(path: "\(path)/\(round)")
            try await withThrowingTaskGroup(of: Receipt.self) { tasks in
                for id in ["1", "2", "3", "4"] {
                    tasks.addTask { try await transport.send(Samples.mail(id, text: "Hello\n")) }
                }
                try await tasks.waitForAll()
            }
        }
    }

    @Test func `a place that cannot be written to is a temporary error`() async throws {
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        try Data().write(to: root.appendingPathComponent("deep"))
        let transport = MaildirTransport(path: path)
        let error = await #expect(throws: MailError.self) { try await transport.send(Samples.mail("1")) }
        #expect(error?.kind == .temporary)
    }

    @Test func `a closed transport takes nothing`() async throws {
        let transport = MaildirTransport(path: path)
        _ = try await transport.send(Samples.mail("1"))
        await transport.close()
        await transport.close()
        let error = await #expect(throws: MailError.self) { try await transport.send(Samples.mail("2")) }
        #expect(error?.kind == .temporary)
    }
}
