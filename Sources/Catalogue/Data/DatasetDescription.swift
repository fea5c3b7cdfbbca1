/// What the catalogue says of a data set: its folder, and the study's settings that depend on it.
public struct DatasetDescription: Sendable, Hashable {
    /// The name in sweep files, e.g. `brain`.
    public let name: String
    /// The name in tables, e.g. `BrainTumor`.
    public let title: String
    /// The folder's name below the data folder, e.g. `BrainTumor`.
    public let folder: String
    /// Option values that differ from the methods' defaults on this data set.
    public let defaults: Settings
    /// How the study lays its folder out.
    public let layout: DatasetLayout
    /// How many images the study has of it; `nil` for what the study does not have.
    public let study: StudyCounts?

    public init(
        _ name: String, title: String, folder: String, defaults: Settings = [:], layout: DatasetLayout = .lists,
        study: StudyCounts? = nil
    ) {
        self.name = name
        self.title = title
        self.folder = folder
        self.defaults = defaults
        self.layout = layout
        self.study = study
    }

    /// A data set that the catalogue does not know: somebody's own folder, called by its name.
    public static func custom(_ name: String) -> DatasetDescription {
        DatasetDescription(name, title: name, folder: name)
    }
}
