import Foundation
import TestSupport
import Testing

@testable import Client

/// What goes by a proxy, and what never does.
@Suite struct ProxyTests {
    private func proxy(_ address: String, _ environment: [String: String], own: Set<String> = []) -> String? {
        ProxySettings(environment, own: own).proxy(for: URL(string: address)!)
    }

    @Test func theEnvironmentIsReadAsCurlReadsIt() {
        let both = ["http_proxy": "http://p:1", "https_proxy": "http://s:2", "HTTP_PROXY": "http://wrong:3"]
        #expect(proxy("http://lab", both) == "http://p:1")
        #expect(proxy("https://lab", both) == "http://s:2")
        #expect(proxy("http://lab", ["HTTP_PROXY": "http://p:1"]) == nil, "a request's header could have set it")
        #expect(proxy("https://lab", ["HTTPS_PROXY": "http://p:1"]) == "http://p:1")
        #expect(proxy("http://lab", ["all_proxy": "socks5://p:1"]) == "socks5://p:1")
        #expect(proxy("http://lab", ["http_proxy": "", "ALL_PROXY": "http://q:1"]) == "http://q:1")
        #expect(proxy("http://lab", [:]) == nil)
    }

    @Test(arguments: [
        "http://127.0.0.1:7733", "http://127.9.8.7", "http://localhost:1", "http://LOCALHOST", "http://a.localhost", "http://[::1]:7733",
        "http://[::ffff:127.0.0.1]", "http://0.0.0.0", "http://workstation:7733", "http://10.1.2.3:7733",
    ]) func thisMachineIsReachedWithout(_ address: String) {
        let own: Set = ["workstation", "10.1.2.3"]
        #expect(proxy(address, ["http_proxy": "http://p:1", "all_proxy": "http://p:1"], own: own) == nil)
        #expect(proxy("http://other", ["http_proxy": "http://p:1"], own: own) != nil)
    }

    /// The system's own names and addresses are among those.
    @Test func thisMachineKnowsItself() {
        let name = ProcessInfo.processInfo.hostName
        #expect(ProxySettings(["http_proxy": "http://p:1"]).proxy(for: URL(string: "http://\(name)")!) == nil)
    }

    @Test func exceptionsAreDomainsAddressesAndNetworks() {
        for (host, exceptions) in [
            ("lab.example.org", "example.org"), ("lab.example.org", ".example.org"), ("example.org", ".example.org"),
            ("lab.example.org", "other, EXAMPLE.org"), ("lab.example.org.", "example.org"), ("lab", "*"), ("10.1.2.3", "10.0.0.0/8"),
            ("10.1.2.3", "192.168.0.0/16 10.1.2.3"), ("10.1.2.3", "10.1.2.2/31"), ("10.1.2.3", "0.0.0.0/0"), ("fd00::7", "fd00::/8"),
            ("fd00::7", "[fd00::7]"),
        ] { #expect(ProxySettings.matches(host, exceptions), "\(host) is in \(exceptions)") }
        for (host, exceptions) in [
            ("badexample.org", "example.org"), ("example.org.evil.net", "example.org"), ("lab", ""), ("lab", ","), ("11.1.2.3", "10.0.0.0/8"),
            ("10.1.2.3", "10.0.0.0/33"), ("10.1.2.3", "10.0.0.0/x"), ("10.1.2.3", "2.3"), ("fe00::7", "fd00::/8"), ("10.1.2.3", "fd00::/8"),
        ] { #expect(!ProxySettings.matches(host, exceptions), "\(host) is not in \(exceptions)") }
        #expect(proxy("http://10.1.2.3:7733", ["http_proxy": "http://p:1", "no_proxy": "10.0.0.0/8"]) == nil)
        #expect(proxy("http://[fd00::7]", ["http_proxy": "http://p:1", "NO_PROXY": "fd00::/8"]) == nil)
    }

    @Test func passwordsAreNotShown() {
        #expect(ProxySettings.shown("http://anna:se@cret@proxy:3128") == "http://proxy:3128")
        #expect(ProxySettings.shown("anna:secret@proxy:3128") == "proxy:3128")
        #expect(ProxySettings.shown("http://proxy:3128") == "http://proxy:3128")
    }

    /// A proxy that is asked for everything, and that nothing meant for this machine reaches.
    @Test func tokensForThisMachineReachNoProxy() async throws {
        let proxy = AnsweringServer { _ in .init("<html>", status: 502) }
        let coordinator = AnsweringServer { _ in .init(#"{"sweeps":[]}"#) }
        let settings = ProxySettings(["http_proxy": proxy.address, "all_proxy": proxy.address])
        let near = CoordinatorClient(url: coordinator.url, token: "secret", patience: 0, proxies: settings)
        #expect(try await near.sweeps().sweeps.isEmpty && proxy.requests.isEmpty)
        let far = CoordinatorClient(url: URL(string: "http://coordinator.invalid:7733")!, patience: 0, proxies: settings)
        let error = await #expect(throws: ClientError.self) { try await far.sweeps() }
        #expect(proxy.requests.map(\.path) == ["http://coordinator.invalid:7733/v1/sweeps"])
        #expect(error?.description.contains("the proxy \(proxy.address)") == true && error?.description.contains("502") == true)
    }

    @Test func proxiesThatAreAwayAreNamed() async throws {
        // The discard port: nobody listens there.
        let settings = ProxySettings(["http_proxy": "http://anna:secret@127.0.0.1:9"])
        let client = CoordinatorClient(url: URL(string: "http://coordinator.invalid")!, patience: 0, proxies: settings)
        let error = await #expect(throws: ClientError.self) { try await client.sweeps() }
        let text = error?.description ?? ""
        #expect(text.contains("by the proxy http://127.0.0.1:9") && text.contains("NO_PROXY") && !text.contains("secret"), "\(text)")
    }
}
