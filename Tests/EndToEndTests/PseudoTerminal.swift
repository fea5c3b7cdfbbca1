import Foundation

/// A terminal that no person sits at: what is typed was typed beforehand.
final class PseudoTerminal {
    private let master: Int32
    private let slave: FileHandle

    init() throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var locked: Int32 = 0
        var number: UInt32 = 0
        // TIOCSPTLCK and TIOCGPTN, which Swift does not see: unlock the other end, and ask for its number.
        guard master >= 0, ioctl(master, 0x4004_5431, &locked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
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
        for await _ in end {}
        // All that was written is in the terminal's buffer by now, which a few lines do not fill.
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
        var screen = Data()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(master, &buffer, buffer.count)
            guard count > 0 else { break }
            screen.append(contentsOf: buffer[..<count])
        }
        return (process.terminationStatus, String(decoding: screen, as: UTF8.self))
    }
}
