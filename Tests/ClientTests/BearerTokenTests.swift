import Foundation
import Testing

@testable import Client

/// Token files as people write them.
@Suite struct BearerTokenTests {
    private func read(_ text: String) throws -> String {
        let file = URL.temporaryDirectory.appending(path: "medsweep-token-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        return try BearerToken.read(from: file.path)
    }

    @Test(arguments: [
        "TOKEN-0123456789", "TOKEN-0123456789\n", "TOKEN-0123456789\r\nOTHER-0123456789\r\n", "TOKEN-0123456789 # mine",
        "TOKEN-0123456789 #mine",
        "  # of the cluster\r\n\r\n\tworker TOKEN-0123456789 # remark\r\n", "operator  TOKEN-0123456789",
        "\u{FEFF}TOKEN-0123456789\r\n", "# a\rTOKEN-0123456789\r",
    ])
    func theFirstTokenIsRead(_ text: String) throws { #expect(try read(text) == "TOKEN-0123456789") }

    @Test func whatIsNoTokenIsRefusedWithItsLine() throws {
        for text in ["", "\r\n \n", "# only a remark\n"] {
            let error = #expect(throws: ClientError.self) { try read(text) }
            #expect(error?.description.contains("has no token") == true, "\(error.map { "\($0)" } ?? "")")
        }
        for text in ["\n# x\nboss SECRET-0123456789", "\n\nworker SECRET-0123456789 more", "\n\nSECRET-0123456789 and more"] {
            let error = #expect(throws: ClientError.self) { try read(text) }
            #expect(error?.description.contains(":3: a line is a token") == true, "\(error.map { "\($0)" } ?? "")")
            #expect(error?.description.contains("SECRET") == false)
        }
    }
}
