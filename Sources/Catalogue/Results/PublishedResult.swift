/// A number that somebody has published of a method on a data set.
public struct PublishedResult: Sendable, Hashable, Codable {
    /// The method's name in the catalogue, or the name it will have there.
    public let method: String
    /// The options that differ from the method's defaults on that data set, e.g. `latent_size: 4`.
    public let settings: Settings
    /// The data set's name.
    public let dataset: String
    /// The metric's name, e.g. `auc`.
    public let metric: String
    /// Percent, 0...100.
    public let mean: Double
    /// Standard deviation over seeds in percent points, where it is given.
    public let deviation: Double?
    public let source: Source

    /// Where a number was read.
    public struct Source: Sendable, Hashable, Codable {
        /// A short name, e.g. `table 7`.
        public let name: String
        /// What it is, in full.
        public let title: String
        /// Whether the number is the study's own, and not of somebody who ran its code again.
        public let isStudy: Bool
    }
}

extension Catalogue {
    /// Everything published that ``PublishedTables`` holds, the study's own tables first.
    public static let published: [PublishedResult] = PublishedTables.results

    private static let publishedByKey: [PublishedKey: [PublishedResult]] = Dictionary(
        grouping: published.filter(\.source.isStudy),
        by: { PublishedKey(method: $0.method, dataset: $0.dataset, metric: $0.metric) })

    private struct PublishedKey: Hashable {
        let method: String
        let dataset: String
        let metric: String
    }

    /// The study's number for jobs of a method on a data set with this configuration, from the first of its tables that
    /// has it, with the spread over seeds if any table gives that. Every option must have the study's value: numbers of another length
    /// or size say nothing about a job.
    public static func published(
        method: String, dataset: String, metric: String, configuration: Settings
    ) -> PublishedResult? {
        guard let description = Catalogue.method(method), let about = Catalogue.dataset(dataset) else { return nil }
        let results = publishedByKey[PublishedKey(method: method, dataset: dataset, metric: metric)]?.filter { result in
            description.resolve(result.settings, for: about) == configuration
        }
        // Where a second table repeats the number with its spread, that one says more.
        return results?.first { $0.deviation != nil && $0.mean == results?.first?.mean } ?? results?.first
    }
}
