import Catalogue
import Crypto

extension JobDescription {
    /// The job's identity: SHA-256 (64 lower-case hexadecimal digits) of its canonical JSON. Equal work has
    /// equal identities whatever sweep, machine or spelling it comes from.
    public var identity: String {
        SHA256.hash(data: Array(canonicalJSON.utf8)).hexadecimal
    }
}

extension TrainingDescription {
    /// The training's identity: SHA-256 (64 lower-case hexadecimal digits) of its canonical JSON. Jobs with equal ones share the
    /// weights that the first of them trains.
    public var identity: String {
        SHA256.hash(data: Array(canonicalJSON.utf8)).hexadecimal
    }
}
