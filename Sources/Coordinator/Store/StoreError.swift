import Sweep

/// What a store refuses, to be told to the one who asked.
enum StoreError: Error, Hashable {
    case unknownJob(String)
    /// Several identities begin like that.
    case ambiguousJob(String)
    case unknownSweep(String)
    case unknownWorker(String)
    case refused(LeaseRules.Refusal)
    /// The sweep was submitted again while its jobs were being made.
    case submittedAgain(String)
    /// What was asked makes no sense; one sentence.
    case senseless(String)
}
