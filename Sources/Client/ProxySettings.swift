import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Which proxy a request goes by, as curl reads it from the environment (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`). This machine is
/// never reached by one: whoever sets a proxy for the world does not mean it, and it would be sent the tokens meant for here.
struct ProxySettings: Sendable {
    private let environment: [String: String]
    /// The names and addresses of this machine, in lower case.
    private let own: Set<String>

    /// - Parameter own: the names and addresses of this machine; `nil`: whatever the system says.
    init(_ environment: [String: String] = ProcessInfo.processInfo.environment, own: Set<String>? = nil) {
        self.environment = environment.filter { $0.key.lowercased().hasSuffix("_proxy") && !$0.value.isEmpty }
        self.own = self.environment.isEmpty ? [] : own ?? Self.ownNames()
    }

    /// The proxy's address as the environment has it; `nil`: none.
    func proxy(for url: URL) -> String? {
        guard let host = url.host()?.lowercased() else { return nil }
        // In capitals a web server could have been made to set it by a request's header `Proxy`.
        let names = url.scheme == "https" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
        let proxy = (names + ["all_proxy", "ALL_PROXY"]).lazy.compactMap { environment[$0] }.first
        guard let proxy, !isOwn(Self.bare(host)) else { return nil }
        let exceptions = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        return Self.matches(Self.bare(host), exceptions) ? nil : proxy
    }

    /// A proxy's address without the name and password that may be in it.
    static func shown(_ proxy: String) -> String {
        guard let at = proxy.lastIndex(of: "@") else { return proxy }
        let scheme = proxy.range(of: "://").map { String(proxy[..<$0.upperBound]) } ?? ""
        return scheme + String(proxy[proxy.index(after: at)...])
    }

    // MARK: This machine

    private func isOwn(_ host: String) -> Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || own.contains(host) { return true }
        guard let address = Self.address(host) else { return false }
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]
        let short = address.count == 16 && address.starts(with: mapped) ? Array(address.suffix(4)) : address
        if short.allSatisfy({ $0 == 0 }) { return true }
        return short.count == 4 ? short[0] == 127 : short.dropLast().allSatisfy { $0 == 0 } && short.last == 1
    }

    private static func ownNames() -> Set<String> {
        var names: Set = [ProcessInfo.processInfo.hostName.lowercased()]
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return names }
        defer { freeifaddrs(first) }
        var next = first
        while let entry = next {
            next = entry.pointee.ifa_next
            guard let address = entry.pointee.ifa_addr else { continue }
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            let length = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard getnameinfo(address, socklen_t(length), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { continue }
            names.insert(String(decoding: text.prefix { $0 != 0 && $0 != 37 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return names
    }

    // MARK: Exceptions

    /// Whether a host is among the exceptions: `*`, or domains, addresses and networks with commas or blanks between them.
    static func matches(_ host: String, _ exceptions: String) -> Bool {
        if exceptions == "*" { return true }
        let address = address(host)
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        return exceptions.lowercased().split { $0 == "," || $0.isWhitespace }.contains { word in
            if let address { return contains(address, String(word)) }
            let plain = word.hasSuffix(".") ? word.dropLast() : word
            let domain = plain.hasPrefix(".") ? plain.dropFirst() : plain
            return !domain.isEmpty && (name == domain || name.hasSuffix("." + domain))
        }
    }

    /// Whether an address is one, or in a network like `10.0.0.0/8`.
    private static func contains(_ address: [UInt8], _ word: String) -> Bool {
        let parts = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let network = self.address(bare(String(parts[0]))), network.count == address.count else { return false }
        guard parts.count == 2 else { return network == address }
        guard let bits = Int(parts[1]), (0...8 * network.count).contains(bits) else { return false }
        return zip(network, address).enumerated().allSatisfy { index, pair in
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> max(0, min(8, bits - 8 * index)))
            return pair.0 & mask == pair.1 & mask
        }
    }

    /// The bytes of an IPv4 or IPv6 address; `nil`: it is a name.
    private static func address(_ host: String) -> [UInt8]? {
        for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: size)
            if inet_pton(family, host, &bytes) == 1 { return bytes }
        }
        return nil
    }

    private static func bare(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}
