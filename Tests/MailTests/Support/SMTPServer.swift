import Dispatch
import Foundation
import Synchronization

/// A small SMTP server on a loopback port that answers as a test tells it to.
///
/// It speaks enough of RFC 5321 for one client: greeting, EHLO, AUTH PLAIN, MAIL, RCPT, DATA and QUIT. Each connection
/// has a thread, which ends when the client or ``stop()`` closes the connection.
final class SMTPServer: Sendable {
    enum Step: Sendable, Equatable {
        case greeting, hello, authentication, sender, recipient, data, content
    }

    enum Answer: Sendable {
        case reply(String)
        case replyAndClose(String)
        /// Closes the connection without a word.
        case drop
        /// Says nothing until the client gives up.
        case hang
        /// Says yes once ``release()`` was called.
        case hold
    }

    struct Mail: Sendable, Equatable {
        var connection: Int
        var sender = ""
        var recipients: [String] = []
        var content: [UInt8] = []
    }

    /// What the server heard: the step, the number of the connection from 0 and the line, empty for greeting and content.
    typealias Script = @Sendable (_ step: Step, _ connection: Int, _ line: String) -> Answer?

    private struct State {
        var mails: [Mail] = []
        var hellos: [String] = []
        var sockets: [Int: Int32] = [:]
        var connections = 0
    }

    let port: Int
    /// Each step as it begins.
    let arrivals: AsyncStream<Step>

    private let arrival: AsyncStream<Step>.Continuation
    private let quits: AsyncStream<Void>
    private let quit: AsyncStream<Void>.Continuation
    private let listener: Int32
    private let script: Script
    private let state = Mutex(State())
    private let gate = DispatchSemaphore(value: 0)

    init(script: @escaping Script = { _, _, _ in nil }) throws {
        self.script = script
        (arrivals, arrival) = AsyncStream.makeStream()
        (quits, quit) = AsyncStream.makeStream()
        (listener, port) = try LoopbackSocket.listen()
        let listener = listener
        Thread.detachNewThread { [weak self] in
            while true {
                let socket = accept(listener, nil, nil)
                guard socket >= 0, let self else { break }
                serve(socket)
            }
        }
    }

    deinit { stop() }

    var mails: [Mail] { state.withLock(\.mails) }
    var connectionCount: Int { state.withLock(\.connections) }
    var hellos: [String] { state.withLock(\.hellos) }

    /// Lets one held step go on.
    func release() { gate.signal() }

    /// Refuses further connections and ends those that stand.
    func stop() {
        _ = shutdown(listener, Int32(SHUT_RDWR))
        let sockets = state.withLock(\.sockets)
        for socket in sockets.values { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        arrival.finish()
    }

    /// Waits until the client has taken leave.
    func waitsForQuit() async {
        for await _ in quits { return }
    }

    /// Waits until `count` steps of this kind have begun.
    func waits(for step: Step, count: Int = 1) async {
        var rest = count
        for await arrived in arrivals where arrived == step {
            rest -= 1
            if rest == 0 { return }
        }
    }

    private func serve(_ socket: Int32) {
        let number = state.withLock { state in
            defer { state.connections += 1 }
            state.sockets[state.connections] = socket
            return state.connections
        }
        Thread.detachNewThread { [self] in
            let line = LoopbackSocket(socket)
            converse(line, number)
            // Closed under the lock, so that stop() never shuts down a descriptor that means something else by now.
            state.withLock { state in
                state.sockets[number] = nil
                line.close()
            }
        }
    }

    private func converse(_ line: LoopbackSocket, _ number: Int) {
        guard answer(.greeting, number, "", default: "220 test.example ESMTP", line) else { return }
        var mail = Mail(connection: number)
        while let command = line.readLine() {
            let verb = command.prefix(4).uppercased()
            var goesOn = true
            switch verb {
            case "EHLO":
                state.withLock { $0.hellos.append(String(command.dropFirst(5))) }
                goesOn = answer(.hello, number, command, default: "250-test.example\r\n250 AUTH PLAIN", line)
            case "AUTH":
                line.write("334 \r\n")
                guard let response = line.readLine() else { return }
                goesOn = answer(.authentication, number, "\(command) \(response)", default: "235 2.7.0 Welcome", line)
            case "MAIL":
                mail = Mail(connection: number, sender: command)
                goesOn = answer(.sender, number, command, default: "250 2.1.0 Ok", line)
            case "RCPT":
                mail.recipients.append(command)
                goesOn = answer(.recipient, number, command, default: "250 2.1.5 Ok", line)
            case "DATA":
                goesOn = answer(.data, number, command, default: "354 Go ahead", line)
                guard goesOn, let content = line.readContent() else { return }
                mail.content = content
                state.withLock { $0.mails.append(mail) }
                goesOn = answer(.content, number, "", default: "250 2.0.0 Ok: queued as 4WX", line)
            case "QUIT":
                quit.yield()
                line.write("221 2.0.0 Bye\r\n")
                goesOn = false
            default:
                line.write("500 5.5.1 What?\r\n")
            }
            guard goesOn else { return }
        }
    }

    /// - Returns: Whether the conversation goes on.
    private func answer(
        _ step: Step, _ number: Int, _ command: String, default yes: String, _ line: LoopbackSocket
    ) -> Bool {
        let answer = script(step, number, command) ?? .reply(yes)
        arrival.yield(step)
        switch answer {
        case .reply(let text):
            line.write(text + "\r\n")
            // After a refusal of DATA no content follows.
            return step != .data || text.hasPrefix("354")
        case .replyAndClose(let text):
            line.write(text + "\r\n")
            return false
        case .drop:
            return false
        case .hang:
            while line.readLine() != nil {}
            return false
        case .hold:
            gate.wait()
            line.write(yes + "\r\n")
            return true
        }
    }
}
