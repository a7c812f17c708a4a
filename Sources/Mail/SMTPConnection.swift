import CLibCurl

/// One lane of ``SMTPTransport``: a libcurl handle on its own thread, which keeps its connection between mails.
actor SMTPConnection {
    private let configuration: SMTPConfiguration
    private let executor: BlockingExecutor
    private var handle: CurlHandle?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ configuration: SMTPConfiguration, number: Int) {
        self.configuration = configuration
        executor = BlockingExecutor(label: "mail.smtp.\(number)")
    }

    /// Taking leave (QUIT) blocks, so it happens on the executor too.
    isolated deinit {
        handle = nil
    }

    /// Sends `mail`. A kept connection that turns out to be gone or unwanted (421) before the server agreed to take the
    /// message is replaced once; that cannot deliver twice.
    func deliver(_ mail: OutgoingMail) throws(MailError) -> Receipt {
        let handle = try openHandle()
        var outcome = try handle.perform(mail, isFresh: false)
        let isStale =
            outcome.status != CURLE_OK && outcome.status != CURLE_OPERATION_TIMEDOUT && outcome.hasReusedConnection
            && !outcome.hasStartedPayload && (outcome.replies.isEmpty || outcome.replyCode == 421)
        if isStale { outcome = try handle.perform(mail, isFresh: true) }
        return try SMTPVerdict(outcome, mail: mail, credentials: configuration.credentials).get()
    }

    private func openHandle() throws(MailError) -> CurlHandle {
        if let handle { return handle }
        let made = try CurlHandle(configuration)
        handle = made
        return made
    }

    /// Says QUIT and closes the connection.
    func close() {
        handle = nil
    }
}
