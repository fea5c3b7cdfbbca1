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
    /// The position behind which a page begins; before the first unless it is said.
    func position() throws -> Int { try value("after", "a position", Int.init) ?? -1 }

    /// The value of a query's parameter; `nil`: it is not there.
    /// - Throws: a `Problem` that says what it must be, when it is something else.
    func value<Answer>(_ name: Substring, _ wanted: String, _ read: (String) -> Answer?) throws -> Answer? {
        guard let text = self[name] else { return nil }
        guard let value = read(String(text)) else {
            throw Problem(status: 400, title: "bad query", detail: "'\(name)' must be \(wanted)")
        }
        return value
    }

    /// How many entries a page may have, 1...most.
    func limit(_ usual: Int = 100, most: Int = 1000) throws -> Int {
        Swift.min(most, Swift.max(1, try value("limit", "a whole number", Int.init) ?? usual))
    }
}
