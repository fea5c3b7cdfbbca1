import Foundation
import Wire

/// A bearer token in a file.
public enum BearerToken {
    /// The token of the first line that is not empty and no remark: the token alone, or a line `role token` of a coordinator's file.
    /// - Throws: ``ClientError/file(_:)`` that names the file, never the token.
    public static func read(from path: String) throws(ClientError) -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw .file("cannot read the token file '\(path)'; give --token-file a text file that this user may read")
        }
        guard let line = TokenFile.lines(text).first else {
            throw .file("the token file '\(path)' has no token; write one into its first line")
        }
        guard line.words.count == 1 || line.words.count == 2 && ["worker", "operator"].contains(line.words[0]) else {
            throw .file(
                "\(path):\(line.number): a line is a token, or 'worker TOKEN' or 'operator TOKEN'; write remarks behind a '#'")
        }
        return line.words[line.words.count - 1]
    }
}
