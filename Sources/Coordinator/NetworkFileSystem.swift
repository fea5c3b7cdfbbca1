import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// File systems that several machines may have in common. The locks that SQLite's write-ahead log lives by hold on one machine only:
/// with a coordinator on each of two, the database is lost within seconds.
enum NetworkFileSystem {
    /// By the names that the kernel lists mounts under. A file system of FUSE may be any of `sshfs`, `bindfs` and their like; those on
    /// a disk of their own are `fuseblk`.
    private static let names = [
        "nfs": "NFS", "nfs4": "NFS", "cifs": "SMB", "smb3": "SMB", "smbfs": "SMB", "fuse": "FUSE", "lustre": "Lustre",
        "ceph": "Ceph", "gpfs": "GPFS",
        "afs": "AFS", "coda": "Coda", "ocfs2": "OCFS2", "gfs2": "GFS2", "beegfs": "BeeGFS", "panfs": "PanFS",
        "orangefs": "OrangeFS", "pvfs2": "OrangeFS", "wekafs": "WekaFS", "vboxsf": "VirtualBox's shared folders",
        "prl_fs": "Parallels' shared folders",
    ]

    /// The name of the file system that `folder` is on, if it is one of these.
    static func name(of folder: URL) -> String? {
        var status = stat()
        guard stat(folder.path, &status) == 0, let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        else { return nil }
        // The parts of a number of 64 bits, as `makedev(3)` puts them together.
        let device = UInt64(status.st_dev)
        let (major, minor) = (device >> 8 & 0xFFF | device >> 32 & ~0xFFF, device & 0xFF | device >> 12 & ~0xFF)
        return name(ofDevice: "\(major):\(minor)", in: mounts)
    }

    /// - Parameters:
    ///   - device: `major:minor`.
    ///   - mounts: the text of `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`).
    static func name(ofDevice device: String, in mounts: String) -> String? {
        for line in mounts.split(separator: "\n") {
            let words = line.split(separator: " ")
            // Behind a hyphen, which follows a varying number of optional fields, stands the kind.
            guard words.count > 6, words[2] == device, let hyphen = words.dropFirst(6).firstIndex(of: "-"),
                hyphen + 1 < words.endIndex
            else { continue }
            let kind = words[hyphen + 1]
            guard kind.hasPrefix("fuse.") else { return names[String(kind)] }
            return "FUSE (\(kind.dropFirst(5)))"
        }
        return nil
    }
}
