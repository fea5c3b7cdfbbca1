/// The names of the files that a finished job leaves; what is in them is said beside.
public enum JobFile {
    /// Its trained weights, as safetensors.
    public static let weights = "weights.safetensors"
    /// The scores of all test images: ``ImageScores`` as JSON.
    public static let scores = "scores.json"
    /// The anomaly maps of all test images (`AnomalyMaps` describes the file).
    public static let maps = "maps.bin"
    /// A few test images to look at, in rows of one picture.
    public static let examples = "examples.png"
    /// What the rows of ``examples`` show: ``ExampleRows`` as JSON.
    public static let exampleRows = "examples.json"
}
