/// What a data set on somebody's disk is, as far as jobs depend on it.
public struct DatasetContent: Codable, Sendable, Hashable {
    /// The SHA-256 (lower-case hexadecimal) of its content.
    public var fingerprint: String
    /// What its images are: the default of the option `color` for a data set that the study does not have.
    public var color: ImageColor

    public init(fingerprint: String, color: ImageColor = .grey) {
        self.fingerprint = fingerprint
        self.color = color
    }
}

extension ImageColor: Codable {}

extension DatasetDescription {
    /// The description with what is known of the data set's content; the study's sets keep the study's rule.
    public func with(_ content: DatasetContent?) -> DatasetDescription {
        guard let content, study == nil, defaults["color"] == nil else { return self }
        return DatasetDescription(
            name, title: title, folder: folder, defaults: defaults.merging(["color": content.color.setting]) { own, _ in own },
            layout: layout, study: study)
    }
}
