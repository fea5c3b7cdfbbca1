/// How far a running job is. Work is counted in images that a stage has looked at (training images times passes, test images that
/// were scored) and in a stage's other units, such as picks of a coreset; it only ever grows, whatever the stages are.
public struct JobProgress: Codable, Sendable, Hashable {
    /// What is under way: a stage's name, e.g. `training`, `memory bank`, or `scoring`.
    public var stage: String
    /// What the stage counts: `images`, `steps`, `picks` …
    public var unit: String
    /// Units of the stage that are done, and of how many.
    public var done: Int
    public var total: Int
    /// Units of all stages that are done: by this checkpoints are told apart.
    public var work: Int
    /// Done of the whole job's work, 0...1, each unit weighed by what it costs.
    public var share: Double
    /// Passes over the training images that are complete, and of how many, in a stage that makes passes.
    public var epoch: Int?
    public var epochs: Int?
    /// Mean training loss of the last pass; `nil` in a stage that has none.
    public var loss: Double?
    /// Units a second lately.
    public var speed: Double?

    public init(
        stage: String, unit: String, done: Int, total: Int, work: Int, share: Double, epoch: Int? = nil, epochs: Int? = nil,
        loss: Double? = nil, speed: Double? = nil
    ) {
        self.stage = stage
        self.unit = unit
        self.done = done
        self.total = total
        self.work = work
        self.share = share
        self.epoch = epoch
        self.epochs = epochs
        self.loss = loss
        self.speed = speed
    }

    /// `training: epoch 3 of 250`, `memory bank: 1200 of 9800 picks`.
    public var summary: String {
        if let epoch, let epochs { return "\(stage): epoch \(epoch) of \(epochs)" }
        return "\(stage): \(done) of \(total) \(unit)"
    }
}
