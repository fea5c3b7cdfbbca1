import Foundation
import Hummingbird
import NIOCore
import Wire

extension CoordinatorRoutes {
    func addArtefactRoutes(_ router: Router<CoordinatorContext>) {
        router.put(RouterPath(Routes.artefact(":digest"))) { request, context in
            let digest = try context.parameters.require("digest")
            guard ArtefactStore.isDigest(digest) else { throw ArtefactStore.badDigest }
            if artefacts.exists(digest) {
                // The sender's bytes are read all the same, so that the connection can go on.
                for try await _ in request.body {}
            } else {
                try await artefacts.store(digest, pieces: request.body.map { Data($0.readableBytesView) })
            }
            return try JSONAnswer.response(["sha256": digest])
        }
        router.get(RouterPath(Routes.artefact(":digest"))) { _, context in
            let digest = try context.parameters.require("digest")
            guard ArtefactStore.isDigest(digest) else { throw ArtefactStore.badDigest }
            guard let file = FileHandle(forReadingAtPath: artefacts.place(digest).path), let size = try? file.seekToEnd() else {
                throw Problem(status: 404, title: "unknown file", detail: "there is no file \(digest)")
            }
            try file.seek(toOffset: 0)
            let body = ResponseBody(contentLength: Int(size)) { writer in
                defer { try? file.close() }
                while let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty {
                    try await writer.write(ByteBuffer(bytes: piece))
                }
                try await writer.finish(nil)
            }
            return Response(status: .ok, headers: [.contentType: "application/octet-stream"], body: body)
        }
    }
}

extension ArtefactStore {
    /// The answer to a name that is no digest.
    static let badDigest = Problem(
        status: 400, title: "bad digest", detail: "a file's name is its SHA-256 in 64 lower-case hexadecimal digits")
}
