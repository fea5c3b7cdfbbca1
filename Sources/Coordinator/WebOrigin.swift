import Foundation

/// Where a page comes from, as browsers tell it: scheme, host and port.
public struct WebOrigin: Sendable, Hashable {
    /// `http` or `https`.
    let scheme: String
    /// `lab.example` or `lab.example:8443`, in lower case and without the scheme's own port.
    let authority: String

    /// - Parameter address: an `Origin`, or the address of any page of it; `nil` unless it is `http` or `https` with a host.
    public init?(_ address: String) {
        guard let parts = URLComponents(string: address), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme),
            let host = parts.host?.lowercased(), !host.isEmpty, parts.user == nil
        else { return nil }
        self.scheme = scheme
        let port = parts.port.flatMap { $0 == (scheme == "http" ? 80 : 443) ? nil : $0 }
        authority = host + (port.map { ":\($0)" } ?? "")
    }
}
