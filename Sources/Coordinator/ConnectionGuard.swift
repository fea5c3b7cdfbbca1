import NIOCore

/// Watches over one connection from the place next to the network, where every byte passes: cuts it when its client
/// keeps the coordinator waiting, and turns it away when there are too many. The time that the coordinator itself
/// takes, to answer or to read on, is nobody's fault.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let limits: ConnectionLimits
    private let count: ConnectionCount
    private var isCounted = false
    /// The client will send nothing more, and perhaps hear nothing: most that do so are gone.
    private(set) var isInputClosed = false

    /// Requests that came and are not answered to their end.
    private var open = 0
    /// The newest request's body has not ended.
    private var isInBody = false
    /// Bytes of a next head have come.
    private var isInHead = false
    private var bodyBytes = 0
    /// The network has been asked for more bytes.
    private var isReading = false

    /// When the connection is cut; `nil`: the coordinator is at work.
    private var deadline: NIODeadline?
    private var alarm: (time: NIODeadline, task: Scheduled<Void>)?

    private var answerCheck: Scheduled<Void>?
    private var hasAnswerMoved = false
    private var answerBytes = 0

    init(limits: ConnectionLimits, count: ConnectionCount) {
        self.limits = limits
        self.count = count
    }

    // MARK: The network

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard !isCounted else { return }
        guard count.enter() else { return context.close(promise: nil) }
        isCounted = true
        wait(limits.head, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        if isCounted { count.leave() }
        isCounted = false
        deadline = nil
        alarm?.task.cancel()
        alarm = nil
        answerCheck?.cancel()
        answerCheck = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if open == 0, !isInBody, !isInHead {
            isInHead = true
            // The first head's time began with the connection.
            if let deadline, deadline > .now() + .of(limits.head) { wait(limits.head, context) }
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { isInputClosed = true }
        context.fireUserInboundEventTriggered(event)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        isReading = true
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            hasAnswerMoved = true
        } else if answerCheck == nil {
            checkAnswerLater(context)
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Requests

    func headCame(_ context: ChannelHandlerContext) {
        isInHead = false
        isInBody = true
        open += 1
        bodyBytes = 0
        wait(limits.body, context)
    }

    func bodyCame(bytes: Int, _ context: ChannelHandlerContext) {
        bodyBytes += bytes
        // What comes after the answer has a fixed time, however much it is.
        guard open > 0, bodyBytes >= limits.bodyBytes else { return }
        bodyBytes = 0
        wait(limits.body, context)
    }

    func requestEnded(_ context: ChannelHandlerContext) {
        isInBody = false
        settle(context)
    }

    func answerEnded(_ context: ChannelHandlerContext) {
        // A head that is no HTTP is answered too.
        open = max(0, open - 1)
        settle(context)
    }

    private func settle(_ context: ChannelHandlerContext) {
        switch (open, isInBody) {
        case (0, false): wait(limits.idle, context)
        case (0, true): wait(limits.body, context)
        case (_, true): break
        case (_, false): deadline = nil
        }
    }

    // MARK: Time

    private func wait(_ seconds: Double, _ context: ChannelHandlerContext) {
        let time = NIODeadline.now() + .of(seconds)
        deadline = time
        if let alarm {
            // One that rings too early looks at the deadline again.
            guard alarm.time > time else { return }
            alarm.task.cancel()
        }
        setAlarm(time, context)
    }

    private func setAlarm(_ time: NIODeadline, _ context: ChannelHandlerContext) {
        let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: time) { self.ring(context) }
        alarm = (time, task)
    }

    private func ring(_ context: ChannelHandlerContext) {
        alarm = nil
        guard let deadline else { return }
        if deadline > .now() {
            setAlarm(deadline, context)
        } else if isInBody, !isReading {
            // The coordinator has not taken what came before.
            wait(limits.body, context)
        } else {
            context.close(promise: nil)
        }
    }

    private func checkAnswerLater(_ context: ChannelHandlerContext) {
        hasAnswerMoved = false
        answerBytes = ConnectionGuard.waitingBytes(context)
        answerCheck = context.eventLoop.assumeIsolated().scheduleTask(in: .of(limits.answer)) {
            self.answerCheck = nil
            guard context.channel.isActive, !context.channel.isWritable else { return }
            if self.hasAnswerMoved || ConnectionGuard.waitingBytes(context) < self.answerBytes {
                self.checkAnswerLater(context)
            } else {
                context.close(promise: nil)
            }
        }
    }

    private static func waitingBytes(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}

extension TimeAmount {
    /// A time in seconds.
    fileprivate static func of(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64(seconds * 1e9)) }
}
