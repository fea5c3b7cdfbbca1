import Imaging

/// What a reader finds in a data set's folder, whole or not.
struct FolderContents {
    /// Normal training images.
    var train: [ImageEntry] = []
    /// Normal test images.
    var normal: [ImageEntry] = []
    /// Abnormal test images.
    var abnormal: [ImageEntry] = []
    /// How the files are taken.
    var options = DatasetOptions()
    /// What keeps the folder from being a whole data set, in the order it was found.
    var problems: [DatasetProblem] = []
    /// What is odd, found on the way.
    var warnings: [DatasetProblem] = []
    /// Files that no list names or that are no images, relative to the folder.
    var passedOver: [String] = []

    mutating func add(_ kind: DatasetProblem.Kind, _ message: String, file: String? = nil) {
        problems.append(DatasetProblem(kind, message, files: file.map { [$0] } ?? []))
    }
}
