import Foundation

/// The programs that are measured: those beside this one.
struct Programs {
    let coordinator: URL
    let worker: URL

    init() {
        let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        coordinator = folder.appending(path: "medsweep")
        worker = folder.appending(path: "medsweep-worker")
    }
}
