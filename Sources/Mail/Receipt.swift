/// What a transport says about a mail that it took.
public struct Receipt: Hashable, Sendable {
    public let id: DeliveryID
    /// Whether the mail was delivered already, by an earlier attempt, so that this one did nothing.
    public let isDuplicate: Bool
    /// The server's last words without the reply code and with addresses removed, at most 200 characters. Servers often
    /// name their queue id here.
    public let reply: String?

    public init(id: DeliveryID, isDuplicate: Bool = false, reply: String? = nil) {
        self.id = id
        self.isDuplicate = isDuplicate
        self.reply = reply
    }
}
