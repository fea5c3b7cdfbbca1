import Foundation
import Synchronization

/// A terminal that no person sits at: what is typed was typed beforehand.
final class PseudoTerminal: Sendable {
    private let master: Int32
    private let slave: FileHandle
    private let screen = Mutex(Data())

    init() throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var locked: Int32 = 0
        var number: UInt32 = 0
        // TIOCSPTLCK and TIOCGPTN, which Swift does not see: unlock the other end, and ask for its number.
        guard master >= 0, ioctl(master, 0x4004_5431, &locked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
        // Not to become the terminal that controls the tests.
        slave = FileHandle(fileDescriptor: open("/dev/pts/\(number)", O_RDWR | O_NOCTTY), closeOnDealloc: true)
    }

    deinit { close(master) }

    /// Runs a program with the terminal as its input, output and errors.
    /// - Returns: its exit status and what stood on the screen.
    func run(_ name: String, _ arguments: [String], typing text: String) async throws -> (status: Int32, screen: String) {
        let process = Process()
        process.executableURL = Programs.folder.appending(path: name)
        process.arguments = arguments
        process.standardInput = slave
        process.standardOutput = slave
        process.standardError = slave
        let (end, finish) = AsyncStream.makeStream(of: Never.self)
        process.terminationHandler = { _ in finish.finish() }
        _ = Array(text.utf8).withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
        try process.run()
        Thread.detachNewThread {
            while process.isRunning {
                var poll = pollfd(fd: self.master, events: Int16(POLLIN), revents: 0)
                if Foundation.poll(&poll, 1, 100) > 0 { _ = self.take() }
            }
        }
        for await _ in end {}
        while take() > 0 {}
        return (process.terminationStatus, screen.withLock { String(decoding: $0, as: UTF8.self) })
    }

    /// Reads what there is, so that the terminal's buffer of a few lines is never full.
    private func take() -> Int {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(master, &buffer, buffer.count)
        if count > 0 { screen.withLock { $0.append(contentsOf: buffer[..<count]) } }
        return count
    }
}
