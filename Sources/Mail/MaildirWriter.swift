/// One lane of ``MaildirTransport``: file operations block, so they run on a thread of their own.
actor MaildirWriter {
    private let maildir: Maildir
    private let executor: BlockingExecutor

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ maildir: Maildir, number: Int) {
        self.maildir = maildir
        executor = BlockingExecutor(label: "mail.maildir.\(number)")
    }

    func deliver(_ mail: OutgoingMail) throws(MailError) -> Receipt {
        Receipt(id: mail.id, isDuplicate: try !maildir.add(mail))
    }

    func holds(_ id: DeliveryID) throws(MailError) -> Bool {
        try maildir.holds(id)
    }
}
