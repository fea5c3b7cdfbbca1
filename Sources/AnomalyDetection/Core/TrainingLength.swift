/// How long a stage trains.
public enum TrainingLength: Sendable, Hashable {
    /// Passes over the training images.
    case epochs(Int)
    /// Optimiser steps; the last epoch ends early where they do not fill it.
    case steps(Int)
}
