import Foundation

/// The programs that are measured: those beside this one.
struct Programs {
    let coordinator: URL
    let worker: URL

    init() {
        let folder = Self.this.deletingLastPathComponent()
        coordinator = folder.appending(path: "medsweep")
        worker = folder.appending(path: "medsweep-worker")
    }

    /// This one.
    static let this = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
}
