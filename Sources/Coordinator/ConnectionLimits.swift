/// What clients may take of a coordinator. Times are in seconds.
public struct ConnectionLimits: Sendable, Hashable {
    /// The most connections at once; a further one is closed as soon as it comes. No more than the process may have
    /// open files, less a reserve.
    public var connections = 4096
    /// From a connection's start, and later from a request's first byte, until the request's head is there in whole.
    public var head = 10.0
    /// In so many seconds at least ``bodyBytes`` of a body, or its end, must arrive while they are waited for.
    public var body = 30.0
    /// See ``body``.
    public var bodyBytes = 1024
    /// In so many seconds a client must take some of the answer that waits for it.
    public var answer = 60.0
    /// A connection without a request is kept for so long. No bound is on the time that an answer takes.
    public var idle = 120.0
    /// The most bytes of one header field, and of an address.
    public var fieldBytes = 16 << 10
    /// The most bytes of a head.
    public var headBytes = 32 << 10
    /// The most header fields of a request.
    public var fields = 100
    /// The most bytes of bodies on their way that are held in memory at once.
    public var bodies = 256 << 20
    /// The same, of requests that need no token where there are some.
    public var strangersBodies = 1 << 20

    public init() {}
}
