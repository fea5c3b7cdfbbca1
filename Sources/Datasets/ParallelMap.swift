import Dispatch
import Synchronization

/// `transform` of every element, computed on all cores, in order; of several failures the first element's is thrown.
func parallelMap<Element: Sendable, Output: Sendable, Failure: Error>(
    _ elements: [Element], _ transform: @Sendable (Element) throws(Failure) -> Output
) throws(Failure) -> [Output] {
    let results = Mutex<[Result<Output, Failure>?]>(Array(repeating: nil, count: elements.count))
    DispatchQueue.concurrentPerform(iterations: elements.count) { index in
        let result: Result<Output, Failure>
        do throws(Failure) {
            result = .success(try transform(elements[index]))
        } catch {
            result = .failure(error)
        }
        results.withLock { $0[index] = result }
    }
    var outputs: [Output] = []
    for result in results.withLock({ $0 }) { outputs.append(try result!.get()) }
    return outputs
}
