import Foundation
import Hummingbird
import Wire

extension CoordinatorContext {
    /// A placeholder's text in the path, percent-decoded: names of workers and sweeps may hold anything.
    /// - Throws: a `Problem` when it is no text.
    func name(_ placeholder: String) throws -> String {
        guard let name = try parameters.require(placeholder).removingPercentEncoding else {
            throw Problem(status: 400, title: "bad name", detail: "the \(placeholder) in the address is not percent-encoded UTF-8")
        }
        return name
    }
}

extension Parameters {
    /// The value of a query's parameter; `nil`: it is not there.
    /// - Throws: a `Problem` that says what it must be, when it is something else.
    func value<Answer>(_ name: Substring, _ wanted: String, _ read: (String) -> Answer?) throws -> Answer? {
        guard let text = self[name] else { return nil }
        guard let value = read(String(text)) else {
            throw Problem(status: 400, title: "bad query", detail: "'\(name)' must be \(wanted)")
        }
        return value
    }

    /// How many entries a page may have, 1...1000.
    func limit() throws -> Int {
        Swift.min(1000, Swift.max(1, try value("limit", "a whole number", Int.init) ?? 100))
    }
}
