/// Something that is wrong, or odd, in a data set's folder.
public struct DatasetProblem: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable {
        /// A list, table or folder is not as it should be.
        case layout
        /// An image that is listed is not there.
        case missingImage = "missing-image"
        /// An abnormal image has no mask, though others have.
        case missingMask = "missing-mask"
        /// An image or mask cannot be decoded.
        case unreadable
        /// A mask is not of its image's size.
        case maskSize = "mask-size"
        /// A mask marks nothing, or nothing at the size that jobs have by default.
        case emptyMask = "empty-mask"
        /// A mask has more grey levels than two, so that the threshold decides what it marks.
        case greyMask = "grey-mask"
        /// A mask marks nearly everything.
        case fullMask = "full-mask"
        /// A mask belongs to no abnormal test image, or a folder of masks lies elsewhere than masks are looked for.
        case unmatchedMask = "unmatched-mask"
        /// The images' samples use few of the grey levels that jobs see.
        case intensity
        /// The counts are not the study's.
        case counts
        /// The same picture is in training and test, or normal and abnormal.
        case leak
        /// What is nearly the same picture, by a perceptual hash, is in training and test.
        case lookAlike = "look-alike"
        /// The same picture is there twice.
        case duplicate
        /// Images of unusual size.
        case size
        /// Images whose EXIF orientation is not followed.
        case orientation
        /// Links that lead out of the folder.
        case link
        /// Files that are passed over.
        case unlisted
    }

    public let kind: Kind
    /// One sentence that names the first files, the reason and the mend.
    public let message: String
    /// All files it is about, relative to the data set's folder; none if it is about the folder.
    public let files: [String]

    init(_ kind: Kind, _ message: String, files: [String] = []) {
        self.kind = kind
        self.message = message
        self.files = files
    }
}
