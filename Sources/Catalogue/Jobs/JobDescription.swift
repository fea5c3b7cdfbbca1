/// Everything that determines a job's numbers, and nothing else: a model that is trained and a scorer that reads it, which the
/// method names together, on a data set's content, from a seed. What decides the last digits only (``EngineClass``) and what
/// decides nothing of them (priorities, places) is not in it.
public struct JobDescription: Codable, Sendable, Hashable {
    /// The method's name in the catalogue.
    public var method: String
    /// Every option of model and scorer with its value, defaults included.
    public var configuration: Settings
    /// The data set's name.
    public var dataset: String
    /// The SHA-256 (lower-case hexadecimal) of the data set's content.
    public var fingerprint: String
    /// The seed of all random streams.
    public var seed: Int
    /// ``Catalogue/coreVersion`` of the program that planned the job.
    public var coreVersion: Int

    public init(
        method: String, configuration: Settings, dataset: String, fingerprint: String, seed: Int,
        coreVersion: Int = Catalogue.coreVersion
    ) {
        self.method = method
        self.configuration = configuration
        self.dataset = dataset
        self.fingerprint = fingerprint
        self.seed = seed
        self.coreVersion = coreVersion
    }

    /// Whether the other differs in nothing but its seed.
    public func isAlike(_ other: JobDescription) -> Bool {
        // Compared in place: settings that came of one copy are found equal without looking into them.
        configuration == other.configuration && method == other.method && dataset == other.dataset
            && fingerprint == other.fingerprint && coreVersion == other.coreVersion
    }

    /// What tells the job from others, by name: its options, method, data set, that one's content, and seed.
    public var parameters: Settings {
        configuration.merging(
            ["method": .text(method), "dataset": .text(dataset), "fingerprint": .text(fingerprint), "seed": .integer(seed)]
        ) { option, _ in option }
    }

    /// Canonical JSON: the text whose SHA-256 is the job's identity.
    public var canonicalJSON: String {
        "{\"configuration\":\(configuration.canonicalJSON),\"core\":\(coreVersion),"
            + "\"dataset\":\(Setting.quoted(dataset)),\"fingerprint\":\(Setting.quoted(fingerprint)),"
            + "\"method\":\(Setting.quoted(method)),\"seed\":\(seed)}"
    }
}
