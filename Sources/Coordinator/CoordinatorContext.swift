import Hummingbird
import NIOCore

/// What a route knows of a request beside the request itself.
struct CoordinatorContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    private let channel: any Channel
    /// The role of the token that came with the request; `nil`: the coordinator wants none.
    var role: Tokens.Role?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Whether whoever asked still waits for the answer, as far as its side of the connection tells.
    func isAwaited() async -> Bool {
        guard channel.isActive else { return false }
        let isInputClosed = channel.eventLoop.submit { [channel] in
            try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self).isInputClosed
        }
        return await (try? isInputClosed.get()) != true
    }

    /// The same under a role.
    func with(_ role: Tokens.Role) -> CoordinatorContext {
        var context = self
        context.role = role
        return context
    }
}
