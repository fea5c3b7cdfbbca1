/// What is trained, and nothing of how it is scored: jobs for which it is equal share one training.
public struct TrainingDescription: Codable, Sendable, Hashable {
    /// The model's name in the catalogue.
    public var model: String
    /// The value of every option of the model.
    public var configuration: Settings
    public var dataset: String
    public var fingerprint: String
    public var seed: Int
    public var coreVersion: Int

    /// Canonical JSON: the text whose SHA-256 is the training's identity.
    public var canonicalJSON: String {
        "{\"configuration\":\(configuration.canonicalJSON),\"core\":\(coreVersion),"
            + "\"dataset\":\(Setting.quoted(dataset)),\"fingerprint\":\(Setting.quoted(fingerprint)),"
            + "\"model\":\(Setting.quoted(model)),\"seed\":\(seed)}"
    }
}

extension JobDescription {
    /// What the job trains. `nil`: nothing, since its model is used as it is, or a method that is not in the catalogue.
    public var training: TrainingDescription? {
        guard let description = Catalogue.method(method), description.isTrained(configuration) else { return nil }
        let names = Set(description.model.options.map(\.name))
        return TrainingDescription(
            model: description.model.name, configuration: configuration.filter { names.contains($0.key) }, dataset: dataset,
            fingerprint: fingerprint, seed: seed, coreVersion: coreVersion)
    }
}

extension MethodDescription {
    /// Whether the model is trained or fitted at all.
    func isTrained(_ configuration: Settings) -> Bool { !model.stages(NetworkSizes(configuration)).isEmpty }
}
