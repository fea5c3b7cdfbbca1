/// What file systems, archives and storage boxes leave in any folder: no part of a data set.
enum ForeignNames {
    private static let names: Set = [
        "@eadir", "__macosx", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found", "thumbs.db", "desktop.ini",
        "icon\r", "@tmp", "@recycle",
    ]

    /// Whether a file or folder of this name is passed over without a word, as hidden ones are.
    static func contains(_ name: String) -> Bool { name.hasPrefix(".") || names.contains(name.lowercased()) }
}
