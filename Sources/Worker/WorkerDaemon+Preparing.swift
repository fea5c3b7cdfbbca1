import Catalogue
import Datasets
import Foundation
import Host
import Logging

/// What a worker looks at before it asks for work.
extension WorkerDaemon {
    /// What there is to compute with. Nobody needs to know where nothing is computed.
    static func engine(_ configuration: WorkerConfiguration, program: URL) throws(WorkerError) -> EngineReport {
        if configuration.isNoOp { return EngineReport(platform: .init(device: "none", libtorch: "none", kernels: "none")) }
        do {
            return try EngineReport.ask(program, devices: configuration.devices, kernels: configuration.kernels)
        } catch {
            throw WorkerError(.noEngine, error.description)
        }
    }

    /// The files of pretrained weights by name. One that is not what the catalogue says of its name is left out.
    /// - Parameter folder: `nil`: the usual one, which may be absent.
    static func weights(in folder: URL?, _ logger: Logger) throws(WorkerError) -> [String: URL] {
        if let folder, !FileManager.default.fileExists(atPath: folder.path) {
            throw WorkerError(.noWeights, "there is no weights folder '\(folder.path)'; name one with --weights, or add weights to it with medsweep weights add")
        }
        let weights = LocalWeights(folder ?? LocalWeights.defaultFolder)
        do throws(WeightsError) {
            return try weights.files().filter { name, file in
                do throws(WeightsError) {
                    try weights.check(name, file)
                    return true
                } catch {
                    logger.error("the weights '\(name)' are left out: \(error)")
                    return false
                }
            }
        } catch {
            throw WorkerError(.noWeights, error.description)
        }
    }

    static func datasets(
        _ configuration: WorkerConfiguration, cache: URL, _ logger: Logger
    ) throws -> [String: WorkerContext.Dataset] {
        var result: [String: WorkerContext.Dataset] = [:]
        for (name, places) in try LocalDatasets.places(in: configuration.dataFolders) {
            let folder = places[0]
            if let sentence = LocalDatasets.shadowing(name, places) { logger.warning("\(sentence)") }
            do {
                let content = try LocalDatasets.content(of: folder, name: name, cacheDirectory: cache)
                result[name] = .init(folder: folder, content: content)
            } catch {
                logger.error("data set '\(name)' is left out: \(error)")
            }
        }
        return result
    }
}
