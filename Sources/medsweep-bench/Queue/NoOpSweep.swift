import Foundation

/// A sweep file and what is in it.
struct NoOpSweep {
    let name: String
    let file: URL
    let jobs: Int
}
