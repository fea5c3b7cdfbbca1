import Foundation

/// A bearer token in a file.
public enum BearerToken {
    /// The last word of the file's first line: the token alone, or a line `role token` of a coordinator's file.
    /// - Throws: ``ClientError/file(_:)`` that names the file, never the token.
    public static func read(from path: String) throws(ClientError) -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw .file("cannot read the token file '\(path)'")
        }
        guard let token = text.split(whereSeparator: \.isNewline).first?.split(whereSeparator: \.isWhitespace).last else {
            throw .file("the token file '\(path)' is empty")
        }
        return String(token)
    }
}
