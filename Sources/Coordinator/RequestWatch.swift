import NIOCore
import NIOHTTPTypes

/// Tells a connection's guard where its requests and answers begin and end.
final class RequestWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let keeper: ConnectionGuard
    private var keeperContext: ChannelHandlerContext?

    init(_ keeper: ConnectionGuard) { self.keeper = keeper }

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(keeper, position: .first)
            keeperContext = try pipeline.context(handler: keeper)
        } catch {
            // Without its guard a connection is not served.
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { keeperContext = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let keeperContext {
            switch unwrapInboundIn(data) {
            case .head: keeper.headCame(keeperContext)
            case .body(let bytes): keeper.bodyCame(bytes: bytes.readableBytes, keeperContext)
            case .end: keeper.requestEnded(keeperContext)
            }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data), let keeperContext { keeper.answerEnded(keeperContext) }
        context.write(data, promise: promise)
    }
}
