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
    func position() throws -> Int { try number("after", in: RequestBounds.position) ?? -1 }

    /// Seconds to wait for what is asked for; 0 unless it is said.
    func wait() throws -> Double { try number("wait", in: RequestBounds.wait) ?? 0 }

    /// How many entries a page may have.
    func limit(_ usual: Int = 100, in range: ClosedRange<Int> = RequestBounds.page) throws -> Int {
        try number("limit", in: range) ?? usual
    }

    /// A number in a range; `nil`: it is not there.
    func number<Number: LosslessStringConvertible & Comparable>(
        _ name: Substring, in range: ClosedRange<Number>
    ) throws -> Number? {
        let kind = Number.self is any BinaryInteger.Type ? "a whole number" : "a number"
        return try value(name, "\(kind) from \(range.lowerBound) to \(range.upperBound)") {
            Number($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// The value of a query's parameter; `nil`: it is not there.
    /// - Throws: a `Problem` that says what it must be, when it is something else.
    func value<Answer>(_ name: Substring, _ wanted: String, _ read: (String) -> Answer?) throws -> Answer? {
        guard let text = self[name] else { return nil }
        guard let value = read(String(text)) else {
            throw Problem(status: 400, title: "bad query", detail: "'\(name)' must be \(wanted)")
        }
        return value
    }
}
