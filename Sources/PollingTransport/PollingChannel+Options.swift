package import NIOCore

/// What of a channel can be set: whether it reads by itself, and whether it stays open for answers when the client has ended;
/// and how much it has still to write.
extension PollingChannel: NIOSynchronousChannelOptions {
    package func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) throws {
        switch (option, value) {
        case (is ChannelOptions.Types.AutoReadOption, let value as Bool):
            readsAutomatically = value
            if value { pipeline.read() }
        case (is ChannelOptions.Types.AllowRemoteHalfClosureOption, let value as Bool): staysHalfOpen = value
        default: throw ChannelError.operationUnsupported
        }
    }

    package func getOption<Option: ChannelOption>(_ option: Option) throws -> Option.Value {
        let value: Any? =
            switch option {
            case is ChannelOptions.Types.AutoReadOption: readsAutomatically
            case is ChannelOptions.Types.AllowRemoteHalfClosureOption: staysHalfOpen
            case is ChannelOptions.Types.BufferedWritableBytesOption: unwritten
            default: nil
            }
        guard let value = value as? Option.Value else { throw ChannelError.operationUnsupported }
        return value
    }

    package func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
        loop.makeSucceededVoidFuture().flatMapThrowing { try self.setOption(option, value: value) }
    }

    package func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
        loop.makeSucceededVoidFuture().flatMapThrowing { try self.getOption(option) }
    }
}
