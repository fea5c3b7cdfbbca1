/// What is wrong with a sweep file or an override: `demo.yaml:4: unknown key 'metod' (did you mean 'method'?)`.
public struct SweepFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's name, or `command line`.
    public let file: String
    /// From 1; `nil` when the whole file is at fault.
    public let line: Int?
    public let message: String

    public init(file: String, line: Int?, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    public var description: String { line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)" }
}
