/// Everything that determines a job's numbers, and nothing else.
public struct JobDescription: Codable, Sendable, Hashable {
    /// The method's name in the catalogue.
    public var method: String
    /// Every option of the method with its value, defaults included.
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

    /// The job whose trained weights this one only scores: the same data, seed and settings under the method that its
    /// own is trained as. `nil`: it trains itself.
    public var trainingJob: JobDescription? {
        guard let description = Catalogue.method(method), let base = description.trainedAs.flatMap(Catalogue.method) else { return nil }
        var job = self
        job.method = base.name
        // What only scoring knows would have the same weights trained once more.
        let settings = configuration.filter { !$0.key.hasPrefix("score_") }
        job.configuration = base.resolve(settings, for: Catalogue.dataset(dataset) ?? .custom(dataset))
        return job
    }

    /// Canonical JSON: the text whose SHA-256 is the job's identity.
    public var canonicalJSON: String {
        "{\"configuration\":\(configuration.canonicalJSON),\"core\":\(coreVersion),"
            + "\"dataset\":\(Setting.quoted(dataset)),\"fingerprint\":\(Setting.quoted(fingerprint)),"
            + "\"method\":\(Setting.quoted(method)),\"seed\":\(seed)}"
    }
}
