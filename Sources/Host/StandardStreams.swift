#if canImport(Glibc)
import Glibc
#endif

/// The three streams that every program is started with, or should be.
public enum StandardStreams {
    /// Opens what was closed to nowhere. Else the next file or socket would be taken for standard output.
    public static func open() {
        while true {
            let descriptor = Glibc.open("/dev/null", O_RDWR)
            guard descriptor > STDERR_FILENO || descriptor < 0 else { continue }
            if descriptor >= 0 { close(descriptor) }
            return
        }
    }
}
