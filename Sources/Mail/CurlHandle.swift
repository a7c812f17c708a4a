import CLibCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A libcurl easy handle that delivers mails one after the other over one kept connection. It blocks; use it from one
/// thread at a time.
final class CurlHandle {
    /// How a transfer ended.
    struct Outcome {
        let status: CURLcode
        /// The last complete reply's code in this transfer; 0 if there was none.
        let replyCode: Int
        /// The lines of the last few replies.
        let replies: [[String]]
        /// libcurl's own words about a failure.
        let complaint: String
        /// Whether it went over a connection that an earlier transfer had opened.
        let hasReusedConnection: Bool
        let hasStartedPayload: Bool
        let hasFinishedPayload: Bool
    }

    private static let connectFailures = [
        CURLE_COULDNT_CONNECT.rawValue, CURLE_COULDNT_RESOLVE_HOST.rawValue, CURLE_COULDNT_RESOLVE_PROXY.rawValue,
    ]
    private static let globalStatus = clibcurl_global_init()

    private let handle: UnsafeMutableRawPointer
    private let totalTimeout: Duration
    private var keepsConnection = false
    private let complaint = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// - Throws: ``MailError``, temporary, if libcurl lacks something that the configuration needs.
    init(_ configuration: SMTPConfiguration) throws(MailError) {
        guard Self.globalStatus == CURLE_OK, let handle = curl_easy_init() else {
            complaint.deallocate()
            throw MailError(kind: .temporary, stage: .connection, reason: "libcurl cannot be set up")
        }
        self.handle = handle
        totalTimeout = configuration.totalTimeout
        complaint.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try configure(configuration)
    }

    /// Says QUIT without waiting for the answer, for which libcurl would allow two minutes.
    deinit {
        var socket = CURL_SOCKET_BAD
        if clibcurl_socket_info(handle, &socket) == CURLE_OK, socket != CURL_SOCKET_BAD {
            shutdown(socket, Int32(SHUT_RD))
        }
        curl_easy_cleanup(handle)
        complaint.deallocate()
    }

    /// - Parameter isFresh: Opens a new connection even if one is kept.
    func perform(_ mail: OutgoingMail, isFresh: Bool) throws(MailError) -> Outcome {
        var recipients: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(recipients) }
        for recipient in mail.recipients {
            guard let longer = curl_slist_append(recipients, recipient.address) else {
                throw MailError(kind: .temporary, stage: .connection, reason: "out of memory")
            }
            recipients = longer
        }
        try check(clibcurl_set_long(handle, CURLOPT_FRESH_CONNECT, isFresh ? 1 : 0))
        try check(clibcurl_set_string(handle, CURLOPT_MAIL_FROM, mail.returnPath?.address ?? ""))
        try check(clibcurl_set_list(handle, CURLOPT_MAIL_RCPT, recipients))
        complaint[0] = 0
        let result = mail.content.withUnsafeBytes { content -> Result<Outcome, MailError> in
            // After a time-out libcurl says QUIT and would wait two minutes for the answer.
            let deadline = ContinuousClock.now + totalTimeout + .milliseconds(500)
            let exchange = SMTPExchange(payload: content, deadline: deadline)
            return withExtendedLifetime(exchange) {
                Result { () throws(MailError) in try transfer(exchange) }
            }
        }
        try check(clibcurl_set_list(handle, CURLOPT_MAIL_RCPT, nil))
        return try result.get()
    }

    private func transfer(_ exchange: SMTPExchange) throws(MailError) -> Outcome {
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        try check(clibcurl_set_pointer(handle, CURLOPT_READDATA, context))
        try check(clibcurl_set_pointer(handle, CURLOPT_HEADERDATA, context))
        try check(clibcurl_set_pointer(handle, CURLOPT_XFERINFODATA, context))
        let hadConnection = keepsConnection
        let status = curl_easy_perform(handle)
        keepsConnection = status == CURLE_OK
        var code = 0
        var connections = 0
        _ = clibcurl_long_info(handle, CURLINFO_RESPONSE_CODE, &code)
        _ = clibcurl_long_info(handle, CURLINFO_NUM_CONNECTS, &connections)
        let words = String(cString: complaint)
        return Outcome(
            status: status, replyCode: code, replies: exchange.replies,
            complaint: words.isEmpty ? String(cString: curl_easy_strerror(status)) : words,
            hasReusedConnection: hadConnection && connections == 0 && !Self.connectFailures.contains(status.rawValue),
            hasStartedPayload: exchange.hasStarted, hasFinishedPayload: exchange.hasFinished)
    }

    private func configure(_ configuration: SMTPConfiguration) throws(MailError) {
        let checksCertificate = configuration.encryption != .opportunistic
        let encryption =
            switch configuration.encryption {
            case .none: CURLUSESSL_NONE
            case .opportunistic: CURLUSESSL_TRY
            case .required, .implicit: CURLUSESSL_ALL
            }
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_NOSIGNAL, 1),
            (CURLOPT_UPLOAD, 1),
            (CURLOPT_NOPROGRESS, 0),
            (CURLOPT_MAXCONNECTS, 1),
            (CURLOPT_USE_SSL, Int(encryption.rawValue)),
            (CURLOPT_SSL_VERIFYPEER, checksCertificate ? 1 : 0),
            (CURLOPT_SSL_VERIFYHOST, checksCertificate ? 2 : 0),
            (CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(configuration.connectTimeout)),
            (CURLOPT_TIMEOUT_MS, Self.milliseconds(configuration.totalTimeout)),
        ]
        for (option, value) in numbers { try check(clibcurl_set_long(handle, option, value)) }
        try check(clibcurl_set_string(handle, CURLOPT_URL, configuration.url))
        try check(clibcurl_set_string(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps"))
        // An empty proxy keeps ALL_PROXY in the environment from taking the mail elsewhere.
        try check(clibcurl_set_string(handle, CURLOPT_PROXY, ""))
        if let authorities = configuration.certificateAuthorities {
            try check(clibcurl_set_string(handle, CURLOPT_CAINFO, authorities))
        }
        if let credentials = configuration.credentials {
            try check(clibcurl_set_string(handle, CURLOPT_USERNAME, credentials.user))
            try check(clibcurl_set_string(handle, CURLOPT_PASSWORD, credentials.password))
        }
        try check(clibcurl_set_pointer(handle, CURLOPT_ERRORBUFFER, complaint))
        try check(clibcurl_set_read(handle, SMTPExchange.read))
        try check(clibcurl_set_header(handle, SMTPExchange.header))
        try check(clibcurl_set_progress(handle, SMTPExchange.progress))
    }

    private func check(_ status: CURLcode) throws(MailError) {
        guard status == CURLE_OK else {
            let words = String(cString: curl_easy_strerror(status))
            throw MailError(kind: .temporary, stage: .connection, reason: "libcurl cannot be set up: \(words)")
        }
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
