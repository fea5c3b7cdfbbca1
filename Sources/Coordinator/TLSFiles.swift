import Foundation
import NIOSSL

/// A server's certificate and key as PEM files.
public struct TLSFiles: Sendable, Hashable {
    /// The server's certificate, then those that lead to its root.
    public var certificate: URL
    /// The private key of the first certificate, without a passphrase.
    public var key: URL

    public init(certificate: URL, key: URL) {
        self.certificate = certificate
        self.key = key
    }

    /// What a server is set up with: TLS 1.2 or newer.
    /// - Throws: ``CoordinatorError`` that names the file at fault.
    func configuration() throws(CoordinatorError) -> TLSConfiguration {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(TLSFiles.bytes(of: certificate, "certificate", "--tls-certificate"))
        } catch let error as CoordinatorError {
            throw error
        } catch {
            chain = []
        }
        guard !chain.isEmpty else {
            throw CoordinatorError(
                .badCertificate, "the file '\(certificate.path)' holds no certificate in PEM; give --tls-certificate a file with '-----BEGIN CERTIFICATE-----'")
        }
        let privateKey: NIOSSLPrivateKey
        do {
            privateKey = try NIOSSLPrivateKey(bytes: TLSFiles.bytes(of: key, "private key", "--tls-key"), format: .pem)
        } catch let error as CoordinatorError {
            throw error
        } catch {
            throw CoordinatorError(
                .badCertificate, "the file '\(key.path)' holds no private key in PEM that can be read without a passphrase; give --tls-key one that does")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw CoordinatorError(
                .badCertificate, "the key in '\(key.path)' is not that of the first certificate in '\(certificate.path)'; give --tls-key the key that belongs to it")
        }
        return configuration
    }

    private static func bytes(of file: URL, _ what: String, _ option: String) throws(CoordinatorError) -> [UInt8] {
        do {
            return try Array(Data(contentsOf: file))
        } catch {
            throw CoordinatorError(.badCertificate, "cannot read the \(what) file '\(file.path)'; give \(option) a file that this user may read")
        }
    }
}
