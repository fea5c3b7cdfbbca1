import Foundation

/// A file of certificates to trust.
public enum CertificateFile {
    /// The file at `path`, which must hold at least one certificate in PEM.
    /// - Throws: ``ClientError/file(_:)`` that names the file.
    public static func check(_ path: String) throws(ClientError) -> URL {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .file("cannot read the certificate file '\(path)'; give --ca-file a file that this user may read")
        }
        guard data.range(of: Data("-----BEGIN CERTIFICATE-----".utf8)) != nil else {
            throw .file("the file '\(path)' holds no certificate in PEM; give --ca-file a file with '-----BEGIN CERTIFICATE-----'")
        }
        return URL(filePath: path)
    }
}
