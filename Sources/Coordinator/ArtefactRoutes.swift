import Foundation
import Hummingbird
import NIOCore
import Wire

extension CoordinatorRoutes {
    func addArtefactRoutes(_ router: Router<CoordinatorContext>) {
        router.put(RouterPath(Routes.artefact(":digest"))) { request, context in
            let digest = try context.parameters.require("digest")
            guard ArtefactStore.isDigest(digest) else { throw ArtefactStore.badDigest }
            let query = request.uri.queryParameters
            let size = try query.number("size", in: RequestBounds.fileSize)
            let offset = try query.number("offset", in: RequestBounds.fileSize) ?? 0
            if let there = artefacts.size(digest) {
                // The sender's bytes are read all the same, so that the connection can go on.
                for try await _ in request.body {}
                return try JSONAnswer.response(StoredFile(sha256: digest, received: there))
            }
            let pieces = request.body.map { Data($0.readableBytesView) }
            let received = if let size {
                try await artefacts.store(digest, pieces: pieces, at: offset, of: size)
            } else {
                try await artefacts.store(digest, pieces: pieces)
            }
            return try JSONAnswer.response(StoredFile(sha256: digest, received: received))
        }
        router.get(RouterPath(Routes.artefact(":digest"))) { request, context in
            let digest = try context.parameters.require("digest")
            guard ArtefactStore.isDigest(digest) else { throw ArtefactStore.badDigest }
            if context.role == .worker { try await requireNamed(digest, request) }
            guard let file = FileHandle(forReadingAtPath: artefacts.place(digest).path), let size = try? file.seekToEnd() else {
                throw Problem(status: 404, title: "unknown file", detail: "there is no file \(digest)")
            }
            try file.seek(toOffset: 0)
            let name = request.uri.queryParameters["name"].map(String.init).flatMap(ArtefactStore.fileName) ?? digest
            var isShown = false
            if name.hasSuffix(".png") {
                isShown = try file.read(upToCount: 8).map { Array($0) == ArtefactStore.pictureMark } ?? false
                try file.seek(toOffset: 0)
            }
            let body = ResponseBody(contentLength: Int(size)) { writer in
                defer { try? file.close() }
                while let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty {
                    try await writer.write(ByteBuffer(bytes: piece))
                }
                try await writer.finish(nil)
            }
            return Response(
                status: .ok,
                headers: [
                    .contentType: isShown ? "image/png" : "application/octet-stream",
                    .contentDisposition: "\(isShown ? "inline" : "attachment"); filename=\"\(name)\"",
                    .contentSecurityPolicy: "default-src 'none'; sandbox", .xContentTypeOptions: "nosniff",
                ], body: body)
        }
    }
}

extension CoordinatorRoutes {
    /// Lets a worker read what its lease names, and nothing else. What others have is as unknown to it as what is not there.
    private func requireNamed(_ digest: String, _ request: Request) async throws {
        let words = (request.headers[.init(Routes.leaseHeader)!] ?? "").split(separator: " ")
        guard words.count == 2, let token = LeaseToken(String(words[1])) else {
            throw Problem(
                status: 400, title: "no lease", detail: "a worker reads what its lease names; send the header '\(Routes.leaseHeader): IDENTITY TOKEN'")
        }
        let identity = String(words[0])
        try seal.require(token, of: identity)
        guard try await store.isNamed(digest, byLeaseOf: identity, token: token.number) else {
            throw Problem(status: 404, title: "unknown file", detail: "there is no file \(digest) that this lease names")
        }
    }
}

extension ArtefactStore {
    /// The bytes that a PNG file begins with.
    static let pictureMark: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The name if it can stand in a header as it is.
    static func fileName(_ name: String) -> String? {
        let isPlain = name.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [45, 46, 95].contains($0)
        }
        return isPlain && !name.isEmpty && name.utf8.count <= 100 && !name.hasPrefix(".") ? name : nil
    }

    /// The answer to a name that is no digest.
    static let badDigest = Problem(
        status: 400, title: "bad digest", detail: "a file's name is its SHA-256 in 64 lower-case hexadecimal digits")
}
